#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2317 # what bats and lib.bash set, and functions that are called by name
# Why a version waits, and what failed, can be read on the version; what is deleted has not failed.

load lib
load lib-promotion

setup_file() {
	promotion_up
}

setup() {
	cluster_use promotion
	namespace
}

teardown() {
	show_log promoter
	kubectl delete --ignore-not-found validatingadmissionpolicy,validatingadmissionpolicybinding e2e-deny
	kubectl delete keptnappversions --all --all-namespaces
}

# annotation NAME KEY: its value, or nothing
annotation() {
	kav "$1" ".metadata.annotations[\"promogate.dev/$2\"] // empty"
}

# annotated NAME KEY TEXT: whether it begins with TEXT
annotated() {
	local text
	text=$(annotation "$1" "$2")
	printf '%s\n' "$text"
	[[ $text == "$3"* ]]
}

not_annotated() { # NAME KEY
	[[ -z $(annotation "$1" "$2") ]]
}

shows() { # LINE
	plain promoter /metrics | grep -Fx "$1"
}

# The reconciler's writes to a version, apart from its status.
annotations_written() { # NAME
	audited "$by_reconciler | select(.verb == \"patch\" and .objectRef.name == \"$1\" and
		.objectRef.resource == \"keptnappversions\" and .objectRef.subresource == null) | .responseStatus.code"
}

@test "a version says why it waits, until it has started; one that does not wait is not written to for it" {
	promoter_leads --max-running-jobs=1
	{
		plays first hang
		plays second hang
	} | apply
	delivered a-1 a 1 first
	promoted a-1 Progressing
	delivered b-1 b 1 second
	eventually annotated b-1 waiting 'JobLimitReached: the limit on running Jobs is reached'
	eventually shows 'promogate_promotions_waiting{reason="JobLimitReached"} 1'
	lets_end first succeed
	promoted a-1
	promoted b-1 Progressing
	eventually not_annotated b-1 waiting
	lets_end second succeed
	promoted b-1
	others_are_promoted
	audit_caught_up
	same '' "$(annotations_written a-1)"
	same $'200\n200' "$(annotations_written b-1)"
	eventually shows 'promogate_promotions_waiting{reason="JobLimitReached"} 0'
}

@test "what failed is on the version until a later attempt succeeds" {
	promoter_leads
	plays notify fail | apply
	delivered podtato-1 podtato 1 notify
	promoted podtato-1 Failed
	eventually annotated podtato-1 outcome 'Failed, attempt 1: 1 of 1 promotion tasks failed: notify (Job notify-1-'
	[[ $(annotation podtato-1 outcome) == *BackoffLimitExceeded* ]]
	plays notify succeed | apply
	annotate podtato-1 promogate.dev/retry=2
	promoted podtato-1
	eventually not_annotated podtato-1 outcome
	audit_caught_up
	same $'200\n200' "$(annotations_written podtato-1)"
}

@test "a version says what rejects its Jobs: a policy, then another one" {
	promoter_leads
	denied_by() { # NAME
		apply <<-EOF
			---
			apiVersion: admissionregistration.k8s.io/v1
			kind: ValidatingAdmissionPolicy
			metadata: {name: e2e-deny}
			spec:
			  matchConstraints:
			    resourceRules: [{apiGroups: [batch], apiVersions: [v1], operations: [CREATE], resources: [jobs]}]
			  validations: [{expression: "false", message: "$1 says no", reason: Forbidden}]
			---
			apiVersion: admissionregistration.k8s.io/v1
			kind: ValidatingAdmissionPolicyBinding
			metadata: {name: e2e-deny}
			spec:
			  policyName: e2e-deny
			  validationActions: [Deny]
			  matchResources: {namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: "$ns"}}}
		EOF
	}
	plays notify succeed | apply
	denied_by alice
	denies() {
		kubectl create job probe -n "$ns" --image=i --dry-run=server 2>&1 | grep "$1 says no"
	}
	eventually denies alice
	delivered podtato-1 podtato 1 notify
	eventually annotated podtato-1 waiting 'Rejected: could not create the Job for promotion task notify, retrying: '
	[[ $(annotation podtato-1 waiting) == *'alice says no'* ]]
	eventually shows 'promogate_promotions_waiting{reason="Rejected"} 1'
	denied_by bob
	bob_says_no() {
		[[ $(annotation podtato-1 waiting) == *'bob says no'* ]]
	}
	patience=120 eventually bob_says_no
	eventually has_event podtato-1 CreateTaskFailed 'bob says no'
	kubectl delete validatingadmissionpolicybinding e2e-deny
	annotate podtato-1 test=wake
	promoted podtato-1
	eventually not_annotated podtato-1 waiting
}

@test "promotions whose namespace is deleted have not failed, and nobody is warned" {
	promoter_leads
	local app before
	plays notify hang | apply
	for app in a b c d e f; do
		delivered "$app-1" "$app" 1 notify
	done
	for app in a b c d e f; do
		promoted "$app-1" Progressing
	done
	before=$(wc -l <"$(process_home promoter)/log")
	kubectl delete namespace "$ns" --timeout=120s
	ns=$ns-later
	kubectl create namespace "$ns"
	others_are_promoted
	run jq -Rr 'fromjson? | select(.level == "warn" or (.msg == "promotion ended" and .state == "Failed"))' \
		<(tail -n +"$((before + 1))" "$(process_home promoter)/log")
	same '' "$output"
}
