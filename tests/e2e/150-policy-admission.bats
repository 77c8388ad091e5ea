#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2317 # what bats and lib.bash set, and functions that are called by name
# What PromotionPolicies find when a KeptnAppContext is written, in the words that a person sees, and
# what their actions make of it.

load lib

setup_file() {
	shared_up
	kubectl apply -k "$root/manifests/policy"
	eventually kubectl get promotionpolicies
}

setup() {
	namespace
	definition open | says '' apply
	ns=keptn-system definition audit | says '' apply
}

# Nothing that a test leaves may concern the next one.
teardown() {
	show_log main
	kubectl delete promotionpolicy --all
	eventually knows_policies 0
	ns=keptn-system definition audit | kubectl delete --ignore-not-found -f -
}

knows_policies() { # NUMBER
	[[ $(metric main promogate_cache_objects 'resource="promotionpolicies"') -eq $1 ]]
}

# policy NAME SETTINGS [ACTIONS] [SELECTOR]: for the namespace $ns; waits until the webhook knows it
policy() {
	local before
	before=$(kubectl get promotionpolicies -o name | wc -l)
	kubectl create -f - <<-EOF
		apiVersion: promogate.dev/v1alpha1
		kind: PromotionPolicy
		metadata: {name: $1}
		spec:
		  namespaceSelector: {matchLabels: {${4-kubernetes.io/metadata.name: $ns}}}
		  validationActions: [${3:-Deny}]
		  $2
	EOF
	eventually knows_policies $((before + 1))
}

requires='promotionTasks: {required: [{name: audit, source: Shared}]}'

missing() { # POLICY
	printf 'spec.promotionTasks: Required value: policy "%s": requires the task "audit"; add it to spec.promotionTasks' "$1"
}

# The last value of this audit annotation in the namespace of the test.
audited() { # KEY
	jq -r --arg ns "$ns" --arg key "$validating/$1" 'select(.objectRef.namespace == $ns and
		.objectRef.resource == "keptnappcontexts" and .stage == "ResponseComplete") | .annotations[$key] // empty' \
		"$cluster/audit.log" | tail -n 1
}

audit_is() { # KEY WANT
	same "$2" "$(audited "$1")"
}

@test "PG104: a list that is longer than a policy allows" {
	policy small 'promotionTasks: {max: 1}'
	promotes podtato 'open, audit' | refused "$(invalid podtato \
		'spec.promotionTasks: Too many: 2: policy "small": must have at most 1 items; combine several tasks into one')" apply
}

@test "PG111: choices that a policy does not allow" {
	policy block 'onFailure: {allowed: [Block]}'
	context podtato '{promotionTasks: [open]}' '{promogate.dev/on-failure: Warn, promogate.dev/optional-tasks: open}' |
		refused "$(invalid podtato \
			'metadata.annotations[promogate.dev/on-failure]: Invalid value: "Warn": policy "block": does not allow Warn for the task "open"; remove the annotation' \
			'metadata.annotations[promogate.dev/optional-tasks]: Invalid value: "open": policy "block": does not allow Warn for the task "open"; remove it from the list')" apply
	context podtato '{promotionTasks: [open]}' '{promogate.dev/on-failure: Block}' | says '' apply
}

@test "PG111: a name in optional-tasks that is not a promotion task is a warning, without a policy" {
	context podtato '{promotionTasks: [open]}' '{promogate.dev/optional-tasks: "open, opne"}' | says \
		'Warning: metadata.annotations[promogate.dev/optional-tasks]: Invalid value: "opne": not one of the promotion tasks, so it has no effect; correct the name, or remove it from the list' apply
}

@test "PG112: a required task is missing, with the message of the policy" {
	policy prod "$requires
  message: see the wiki"
	promotes podtato open | refused "$(invalid podtato "$(missing prod) (see the wiki)")" apply
	promotes podtato 'open, audit' | says '' apply
	context final '{}' | says '' apply
}

@test "PG113: a task that a policy does not allow" {
	policy known 'promotionTasks: {allowed: ["au*"]}'
	promotes podtato 'audit, open' | refused "$(invalid podtato \
		'spec.promotionTasks[1]: Unsupported value: "open": policy "known": allows only "au*"; remove this one')" apply
	promotes podtato audit | says '' apply
}

@test "PG114: a Shared task that is hidden, or that does not exist" {
	# First: once the policy exists, PG203 denies this definition.
	definition audit | says '' apply
	policy prod "$requires"
	eventually cache_caught_up main
	promotes podtato audit | refused "$(invalid podtato \
		"spec.promotionTasks[0]: Invalid value: \"audit\": policy \"prod\": requires the task \"audit\" from \"keptn-system\", \
and a KeptnTaskDefinition of this name in \"$ns\" hides it; delete that one")" apply
	says '' kubectl delete keptntaskdefinition -n "$ns" audit
	promotes podtato audit | says '' apply
	ns=keptn-system definition audit | kubectl delete -f -
	eventually cache_caught_up main
	promotes other 'open, audit' | refused "$(invalid other \
		"spec.promotionTasks[1]: Not found: \"audit\": no KeptnTaskDefinition of this name in \"$ns\" or \"keptn-system\"; create it first, or correct the name" \
		'spec.promotionTasks[1]: Not found: "audit": policy "prod": requires the task "audit" from "keptn-system": no KeptnTaskDefinition of this name in "keptn-system"; create it first, or correct the name')" apply
}

@test "Warn is a warning of kubectl, and denies nothing" {
	policy prod "$requires" Warn
	promotes podtato open | says "Warning: $(missing prod)" apply
	eventually audit_is findings PG112
	audit_is violations ''
}

@test "Audit is an entry in the audit log and the metrics, and the author sees nothing" {
	counted() {
		metric main promogate_policy_violations_total 'policy="prod"' 'rule="PG112"' 'action="Audit"'
	}
	policy prod "$requires" Audit
	before=$(counted)
	promotes podtato open | says '' apply
	eventually audit_is violations '[{"policy":"prod","rule":"PG112","field":"spec.promotionTasks","action":"Audit"}]'
	# Its apply asks once; a retry would count again.
	(($(counted) > before))
}

@test "Deny with Audit is in the audit log as well" {
	policy prod "$requires" 'Deny, Audit'
	promotes podtato open | refused "$(invalid podtato "$(missing prod)")" apply
	eventually audit_is violations '[{"policy":"prod","rule":"PG112","field":"spec.promotionTasks","action":"Deny"}]'
}

@test "Deny at Promotion only is a warning here" {
	policy prod "$requires
  enforcedAt: [Promotion]"
	promotes podtato open | says 'Warning: spec.promotionTasks: Required value: denied at promotion: policy "prod": requires the task "audit"; add it to spec.promotionTasks' apply
}

@test "each policy is judged alone, with its own actions" {
	policy audit "$requires" Audit
	policy warn "$requires" Warn
	promotes podtato open | says "Warning: $(missing warn)" apply
	policy deny "$requires"
	promotes other open | refused "Warning: $(missing warn)
$(invalid other "$(missing deny)")" apply
}

@test "a missing definition is a warning where a policy says so" {
	policy dev 'definitions: {missing: Warn}'
	promotes podtato gone | says "Warning: spec.promotionTasks[0]: Not found: \"gone\": no KeptnTaskDefinition of this name \
in \"$ns\" or \"keptn-system\"; create it first, or correct the name" apply
}

@test "a label of the namespace brings a policy, and takes it away" {
	policy prod "$requires" Deny "stage: $ns"
	promotes podtato open | says '' apply
	kubectl label namespace "$ns" "stage=$ns"
	denied() {
		promotes other open | refused "$(invalid other "$(missing prod)")" kubectl create --dry-run=server -f -
	}
	eventually denied
	promotes other open | refused "$(invalid other "$(missing prod)")" apply
	kubectl label namespace "$ns" stage-
	allowed() {
		promotes other open | says '' kubectl create --dry-run=server -f -
	}
	eventually allowed
	promotes other open | says '' apply
}

@test "the sample with an exemption leaves out a namespace with its label, and no other" {
	kubectl apply -f "$root/manifests/samples/policy/exempt.yaml"
	kubectl label namespace "$ns" stage=prod
	violates() {
		[[ $(promotes podtato open | kubectl create --dry-run=server -f - 2>&1) == *'requires the task "open-pr"'* ]]
	}
	eventually violates
	promotes podtato open | run -1 kubectl create -f -
	kubectl label namespace "$ns" promotion-policy=exempt
	exempted() {
		promotes podtato open | says '' kubectl create --dry-run=server -f -
	}
	eventually exempted
	promotes podtato open | says '' kubectl create -f -
}

@test "a namespace and its context in one file: the policy matches at once" {
	policy prod "$requires" Deny "stage: $ns"
	of_new_namespace() { # NAMESPACE STAGE
		echo "{apiVersion: v1, kind: Namespace, metadata: {name: $1, labels: {stage: $2}}}"
		ns=$1 definition open
		ns=$1 promotes podtato open
	}
	for i in 1 2 3 4 5; do
		of_new_namespace "$ns-new-$i" "$ns" | refused "$(invalid podtato "$(missing prod)")" apply
		kubectl delete namespace "$ns-new-$i" --wait=false
	done
}

@test "an existing violation does not block an unrelated update, and a label brings no new one in" {
	promotes podtato open | says '' apply
	policy prod "$requires"
	says "Warning: $(missing prod)" kubectl label -n "$ns" keptnappcontext podtato team=shop
	policy shop "promotionTasks: {allowed: [audit]}
  appSelector: {matchLabels: {team: web}}"
	refused "Warning: $(missing prod)
$(invalid podtato 'spec.promotionTasks[0]: Unsupported value: "open": policy "shop": allows only "audit"; remove this one')" \
		kubectl label --overwrite -n "$ns" keptnappcontext podtato team=web
}

@test "a dry run and a GitOps engine are denied, too" {
	policy prod "$requires"
	promotes podtato open | refused "$(invalid podtato "$(missing prod)")" apply --dry-run=server
	run -1 kubectl apply --server-side --field-manager=kustomize-controller -f - <<<"$(promotes podtato open)"
	[[ $output == *"$(missing prod)"* ]]
}

@test "while it is deleted, only a change of what is validated is judged" {
	context podtato '{promotionTasks: [open]}' | apply
	kubectl patch -n "$ns" keptnappcontext podtato --type=merge -p '{"metadata":{"finalizers":["example.com/hold"]}}'
	policy block "onFailure: {allowed: [Block]}"
	kubectl delete -n "$ns" keptnappcontext podtato --wait=false
	run -1 kubectl annotate -n "$ns" keptnappcontext podtato promogate.dev/optional-tasks=open
	[[ $output == *'policy "block": does not allow Warn for the task "open"'* ]]
	says '' kubectl patch -n "$ns" keptnappcontext podtato --type=merge -p '{"metadata":{"finalizers":null}}'
}
