#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2317 # what bats and lib.bash set, and functions that are called by name
# The status of PromotionPolicies: what stored KeptnAppContexts violate, written only when it changes.

load lib
load lib-promotion

setup_file() {
	promotion_up
	kubectl apply -k "$root/manifests/policy"
	eventually kubectl get promotionpolicies
}

setup() {
	cluster_use promotion
	namespace
	kubectl label namespace "$ns" "stage=$ns"
	promoter_leads
}

teardown() {
	show_log promoter
	kubectl delete promotionpolicies --all
	kubectl delete keptntaskdefinitions -n keptn-system --all
	for name in first second; do
		process_kill "$name"
		rm -rf "$(process_home "$name")"
	done
}

# policy NAME SPEC: of the namespace of the test
policy() {
	cat <<-EOF2
		---
		apiVersion: promogate.dev/v1alpha1
		kind: PromotionPolicy
		metadata: {name: $1}
		spec: {namespaceSelector: {matchLabels: {stage: $ns}}, $2}
	EOF2
}

# pol NAME JQ-EXPRESSION: a value of a stored policy
pol() {
	kubectl get promotionpolicy "$1" -o json | jq -r "$2"
}

# pol_is NAME WANT JQ-EXPRESSION
pol_is() {
	same "$2" "$(pol "$1" "$3")"
}

is_ready() { # NAME
	kubectl wait --for=condition=Ready "promopol/$1" --timeout="${patience}s"
}

# Waits until a policy has so many violations, and shows them.
violates() { # NAME COUNT
	eventually pol_is "$1" "$2" '.status.totalViolations'
	pol "$1" '.status.violations // [] | .[] | "\(.action) \(.rule) \(.namespace)/\(.name) \(.field): \(.message)"'
}

# How many requests for policies the reconcilers sent: "WRITES READS"
requests() {
	grep -h '"resource":"promotionpolicies"' "$cluster"/audit*.log | jq -Rrs '[split("\n")[] | fromjson? |
		select(.stage == "ResponseComplete" and ((.userAgent // "") | startswith("promogate-reconciler/")))] |
		"\([.[] | select(.verb == "patch")] | length) \([.[] | select(.verb == "get")] | length)"'
}

@test "the status counts what stored contexts violate, and kubectl shows it" {
	{ promotes good 'open-pr'; promotes bad 'open-pr, secret'; promotes none ''; } | apply
	policy p 'validationActions: [Warn, Audit], promotionTasks: {required: [{name: open-pr, source: Any}], allowed: [open-pr]}' | apply
	is_ready p
	run -0 violates p 1
	[[ $output == "Warn PG113 $ns/bad spec.promotionTasks[1]: "*'"secret"'*'policy "p"'* ]]
	pol_is p '1 3 1' '.status | "\(.matched.namespaces) \(.matched.contexts) \(.observedGeneration)"'
	same 1 "$(metric promoter promogate_policy_violations 'policy="p"' 'rule="PG113"')"
	run -0 kubectl get promopol p
	[[ ${lines[0]} == 'NAME '*NAMESPACES*CONTEXTS*VIOLATIONS*READY*AGE ]]
	[[ ${lines[1]} =~ ^p\ .*\ 1\ +3\ +1\ +True\ +[0-9]+s$ ]]
	run -0 kubectl get promopol p -o wide
	[[ $output == *REASON*Audited* ]]

	# The policy, a context and the labels of the namespace change.
	policy p 'validationActions: [Deny], promotionTasks: {required: [{name: sign, source: Any}]}' | apply
	run -0 violates p 2
	[[ ${lines[0]} == "Deny PG112 $ns/bad spec.promotionTasks: "* && ${lines[1]} == "Deny PG112 $ns/good "* ]]
	promotes bad 'sign' | apply
	violates p 1
	kubectl label namespace "$ns" --overwrite stage=other
	violates p 0
	eventually pol_is p '0 0' '.status.matched | "\(.namespaces) \(.contexts)"'
	same 0 "$(metric promoter promogate_policy_violations 'policy="p"')"
}

@test "a definition that comes or goes changes what is violated" {
	promotes app 'audit-trail' | apply
	policy p 'validationActions: [Deny], promotionTasks: {required: [{name: audit-trail}]}' | apply
	is_ready p
	run -0 violates p 1
	[[ $output == "Deny PG114 $ns/app "* ]]
	ns=keptn-system definition audit-trail | apply
	violates p 0
	definition audit-trail | apply
	run -0 violates p 1
	[[ $output == "Deny PG114 $ns/app "* ]]
	kubectl delete keptntaskdefinition -n "$ns" audit-trail
	violates p 0
}

@test "a policy that is not valid says why, and its findings go" {
	promotes app 'a' | apply
	policy p 'validationActions: [Audit], promotionTasks: {allowed: [b]}' | apply
	is_ready p
	violates p 1
	policy p 'validationActions: [Audit], promotionTasks: {allowed: [b]}, appSelector: {matchLabels: {"-x": "1"}}' | apply
	eventually pol_is p 'False Invalid' '.status.conditions[] | select(.type == "Ready") | "\(.status) \(.reason)"'
	pol_is p 'null null' '.status | "\(.totalViolations) \(.violations)"'
	pol_is p true '.status.observedGeneration == .metadata.generation'
	[[ $(pol p '.status.conditions[] | select(.type == "Ready").message') == spec.appSelector.* ]]
}

@test "two policies that nothing can satisfy name each other" {
	policy one 'validationActions: [Audit], promotionTasks: {required: [{name: a, source: Any}]}' | apply
	policy two 'validationActions: [Audit], promotionTasks: {allowed: [b]}' | apply
	satisfiable() { # NAME
		pol "$1" '.status.conditions // [] | .[] | select(.type == "Satisfiable") | "\(.status) \(.message)"'
	}
	names() { # NAME OTHER
		[[ $(satisfiable "$1") == "False "*"\"$2\""* ]]
	}
	eventually names one two
	eventually names two one
	is_ready one
	policy two 'validationActions: [Audit], promotionTasks: {allowed: [a]}' | apply
	fits() {
		[[ $(satisfiable one) == True* && $(satisfiable two) == True* ]]
	}
	eventually fits
}

@test "what changes no finding writes nothing" {
	promotes app 'a' | apply
	policy p 'validationActions: [Audit], promotionTasks: {allowed: [b]}' | apply
	is_ready p
	local passes version
	version=$(pol p .metadata.resourceVersion)
	passes=$(metric promoter promogate_policy_audits_total)
	audited_again() {
		(($(metric promoter promogate_policy_audits_total) > passes))
	}
	audit_caught_up
	requests >"$BATS_TEST_TMPDIR/before"
	kubectl annotate -n "$ns" keptnappcontext app some=thing
	definition new | apply
	eventually audited_again
	audit_caught_up
	same "$(cat "$BATS_TEST_TMPDIR/before")" "$(requests)"
	same "$version" "$(pol p .metadata.resourceVersion)"
}

@test "since when an added task counts is written once, and another leader keeps it" {
	reconciler_stop promoter
	reconciler_start first
	eventually reconciler_leads first
	policy p 'validationActions: [Audit], promotionTasks: {added: [{name: audit-trail}]}' | apply
	is_ready p
	pol_is p null .status.addedSince
	policy p 'validationActions: [Deny], promotionTasks: {added: [{name: audit-trail}]}' | apply
	is_added() {
		[[ $(pol p '.status.addedSince[0].since') == 20* ]]
	}
	eventually is_added
	eventually pol_is p True '.status.conditions[] | select(.type == "Ready" and .observedGeneration == 2).status'
	local since version
	since=$(pol p '.status.addedSince[0].since')
	version=$(pol p .metadata.resourceVersion)

	reconciler_start second
	reconciler_stop first
	eventually reconciler_leads second
	has_audited() {
		(($(metric second promogate_policy_audits_total) > 0))
	}
	eventually has_audited
	reads_it() {
		audit_caught_up
		(($(requests | cut -d ' ' -f 2) > 0))
	}
	reads_it
	same "$version" "$(pol p .metadata.resourceVersion)"
	policy p 'validationActions: [Deny], promotionTasks: {added: [{name: audit-trail}, {name: more}]}' | apply
	eventually pol_is p 2 '.status.addedSince | length'
	same "$since" "$(pol p '.status.addedSince[] | select(.name == "audit-trail").since')"
	policy p 'validationActions: [Audit], promotionTasks: {added: [{name: audit-trail}]}' | apply
	eventually pol_is p null .status.addedSince
	reconciler_stop second
}

@test "each sample applies, and is valid" {
	local sample
	kubectl apply -k "$root/manifests/acts"
	kubectl create namespace shop-prod
	for sample in "$root"/manifests/samples/policy/*.yaml; do
		kubectl apply -f "$sample"
		kubectl wait --for=condition=Ready promopol --all --timeout="${patience}s"
		ready_now() {
			pol "$1" '.status.observedGeneration == .metadata.generation' | grep true
		}
	done
	kubectl get promopol -o json | jq -r '.items[] | .metadata.name' | while read -r name; do
		eventually ready_now "$name"
		is_ready "$name"
	done
	kubectl delete namespace shop-prod
	kubectl delete -k "$root/manifests/acts"
}
