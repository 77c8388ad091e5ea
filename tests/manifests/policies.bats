#!/usr/bin/env bats
# The kind PromotionPolicy on a real API server, in a cluster of its own.

bats_require_minimum_version 1.5.0

setup_file() {
	root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	cluster=$BATS_FILE_TMPDIR/cluster
	export root cluster
	"$root/hack/localcluster" --dir "$cluster" up
	eval "$("$root/hack/localcluster" --dir "$cluster" env)"
	kubectl apply -k "$root/manifests/policy"
	eventually kubectl get promotionpolicies
}

teardown_file() {
	"$root/hack/localcluster" --dir "$cluster" down
}

# eventually COMMAND...: waits until it succeeds: what a kind brings is served after a moment
eventually() {
	local end=$((SECONDS + 60))
	until "$@"; do
		((SECONDS < end)) || return 1
		sleep 0.1
	done
}

# policy NAME SPEC: a PromotionPolicy, with what is required if SPEC lacks it
policy() {
	jq -n --arg name "$1" --argjson spec "$2" '{apiVersion: "promogate.dev/v1alpha1", kind: "PromotionPolicy",
		metadata: {name: $name}, spec: ({namespaceSelector: {}, validationActions: ["Deny"]} + $spec)}'
}

create() { # NAME SPEC
	policy "$@" | kubectl create -f -
}

# refuses SPEC PART: the API server rejects it, and says PART
refuses() {
	run create refused "$1"
	echo "$1: $output"
	[ "$status" -eq 1 ]
	[[ $output == *"$2"* ]]
}

@test "the schema is structural, without a warning" {
	run -0 kubectl get crd promotionpolicies.promogate.dev -o json
	diff /dev/null <(jq -r '.status.conditions[] | select((.type == "Established" or .type == "NamesAccepted") and
		.status == "True" | not) | "\(.type) \(.reason): \(.message)"' <<<"$output")
}

@test "kubectl explain teaches every field" {
	run -0 kubectl get crd promotionpolicies.promogate.dev -o json
	# Paths to the schemas of fields, without the root's metadata.
	# shellcheck disable=SC2016 # jq's variables
	run -0 jq -r '.spec.versions[0].schema.openAPIV3Schema.properties | del(.metadata) |
		[paths(type == "object")] as $paths | . as $root | $paths[] |
		select(length == 1 or (.[-2] == "properties" and length > 1)) as $p | $p |
		select(($root | getpath($p) | .description // "") == "") | join(".")' <<<"$output"
	[ -z "$output" ]
	eventually kubectl explain promotionpolicy.spec
	for field in onFailure onFailure.tasks.names promotionTasks.required.source; do
		run -0 kubectl explain "promotionpolicy.spec.$field"
		[[ $output == *DESCRIPTION:* && $output != *'<empty>'* && $output != *'<no description>'* ]]
	done
	run -0 kubectl explain promotionpolicy.spec.onFailure
	[[ $output == *"Block fails the promotion"* ]]
}

@test "a policy with every field is stored as it is; only source has a default" {
	local spec='{
		"namespaceSelector": {"matchLabels": {"env": "prod"}},
		"appSelector": {"matchExpressions": [{"key": "a.io/team", "operator": "NotIn", "values": ["x"]}]},
		"priority": 1000, "validationActions": ["Deny", "Audit"], "enforcedAt": ["Admission"],
		"message": "see the wiki",
		"onFailure": {"default": "Warn", "allowed": ["Warn"],
			"tasks": [{"names": ["open-*"], "default": "Block", "allowed": ["Block"]}]},
		"promotionTasks": {"required": [{"name": "r", "source": "Any"}], "added": [{"name": "a"}, {"name": "r"}],
			"default": ["r"], "allowed": ["r", "open-*"], "max": 2},
		"definitions": {"missing": "Warn", "deletion": "Allow"}}'
	create full "$spec"
	diff <(jq -S '.promotionTasks.added[].source = "Shared"' <<<"$spec") \
		<(kubectl get promopol full -o json | jq -S .spec)
	create least '{}'
	diff <(jq -S . <<<'{"namespaceSelector": {}, "validationActions": ["Deny"]}') \
		<(kubectl get promopol least -o json | jq -S .spec)
}

@test "what the schema forbids is rejected, with the field" {
	refuses '{"namespaceSelector": null}' 'spec.namespaceSelector'
	refuses '{"validationActions": []}' 'spec.validationActions'
	refuses '{"validationActions": ["Deny", "Warn"]}' 'remove Deny or Warn'
	refuses '{"validationActions": ["Deny", "Deny"]}' 'Duplicate value'
	refuses '{"validationActions": ["deny"]}' 'Unsupported value'
	refuses '{"enforcedAt": ["Audit"]}' 'spec.enforcedAt'
	refuses '{"priority": 1001}' 'spec.priority'
	refuses '{"priority": -1}' 'spec.priority'
	refuses "{\"message\": \"$(printf '%0121d' 0)\"}" 'spec.message'
	refuses '{"onFailure": {"default": "Fail"}}' 'spec.onFailure.default'
	refuses '{"onFailure": {"allowed": []}}' 'spec.onFailure.allowed'
	refuses '{"onFailure": {"default": "Warn", "allowed": ["Block"]}}' 'default must be one of allowed'
	refuses '{"onFailure": {"tasks": [{"names": []}]}}' 'spec.onFailure.tasks[0].names'
	refuses '{"onFailure": {"tasks": [{"names": ["a"], "default": "Warn", "allowed": ["Block"]}]}}' \
		'spec.onFailure.tasks[0].default'
	refuses '{"promotionTasks": {"max": 0}}' 'spec.promotionTasks.max'
	refuses '{"promotionTasks": {"max": 257}}' 'spec.promotionTasks.max'
	refuses '{"promotionTasks": {"max": 1, "required": [{"name": "a"}], "added": [{"name": "b"}]}}' \
		'max must be at least the number of required and added tasks'
	refuses '{"promotionTasks": {"required": [{"name": "a"}, {"name": "a"}]}}' 'Duplicate value'
	refuses '{"promotionTasks": {"added": [{"name": "a", "source": "shared"}]}}' 'Unsupported value'
	refuses '{"definitions": {"missing": "Allow"}}' 'spec.definitions.missing'
	refuses '{"definitions": {"deletion": "Never"}}' 'spec.definitions.deletion'
}

@test "policies are listed with their columns, by their short name and category" {
	create listed '{"onFailure": {"default": "Warn"}, "priority": 7}'
	kubectl patch promopol listed --subresource=status --type=merge -p '{"status": {
		"matched": {"namespaces": 3, "contexts": 5}, "totalViolations": 2, "conditions": [{"type": "Ready",
		"status": "True", "reason": "Audited", "message": "m", "lastTransitionTime": "2026-11-24T10:00:00Z"}]}}'
	run -0 kubectl get promogate listed
	read -ra columns <<<"${lines[0]}"
	[ "${columns[*]}" = "NAME ACTIONS ON-FAILURE NAMESPACES CONTEXTS VIOLATIONS READY AGE" ]
	read -ra values <<<"${lines[1]}"
	[ "${values[*]:0:7}" = 'listed ["Deny"] Warn 3 5 2 True' ]
	run -0 kubectl get promopol listed -o wide
	[[ ${lines[0]} == *AGE*PRIORITY*REASON* && ${lines[1]} == *7*Audited* ]]
}

@test "server-side apply merges what two managers require" {
	kubectl apply --server-side --field-manager=one -f - < <(policy shared '{"promotionTasks": {"required": [{"name": "a"}]}}')
	kubectl apply --server-side --field-manager=two -f - < <(policy shared '{"promotionTasks": {"required": [{"name": "b"}]}}')
	run -0 kubectl get promopol shared -o 'jsonpath={.spec.promotionTasks.required[*].name}'
	[ "$output" = 'a b' ]
}

@test "the roles view, edit and admin include policies" {
	local role
	for role in view edit admin; do
		kubectl create clusterrolebinding "test-$role" --clusterrole="$role" --user="$role"
	done
	can_i() { # USER VERB
		kubectl auth can-i "$2" promotionpolicies.promogate.dev --as="$1"
	}
	eventually can_i admin delete
	for role in view edit admin; do
		can_i "$role" list
	done
	can_i edit update
	run -1 can_i view update
	run -1 kubectl auth can-i update promotionpolicies.promogate.dev --subresource=status --as=admin
}

@test "each sample of docs/policy.md applies, and changes nothing when it is applied again" {
	local sample
	kubectl create -k "$root/manifests/crds"
	eventually kubectl get keptntaskdefinitions
	eventually kubectl get keptnappcontexts
	for sample in keptn-system shop-prod; do
		kubectl create namespace "$sample"
	done
	for sample in "$root"/manifests/samples/policy/*.yaml; do
		grep -F "${sample##*/}" "$root/docs/policy.md"
		kubectl apply --server-side -f "$sample"
		run -0 kubectl apply --server-side -f "$sample" -o json
		run -0 kubectl diff --server-side -f "$sample"
		kubectl delete -f "$sample"
	done
}
