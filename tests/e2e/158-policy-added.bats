#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2317 # what bats and lib.bash set, and functions that are called by name
# What policies add: tasks that run with every promotion, also where nobody has named any.

load lib
load lib-promotion

setup_file() {
	promotion_up
	kubectl apply -k "$root/manifests/policy"
	eventually kubectl get promotionpolicies
	# It finds the new kind at once.
	reconciler_stop promoter
}

setup() {
	cluster_use promotion
	promoter_leads
	namespace
	ns=keptn-system plays audit-trail succeed | apply
}

teardown() {
	show_log promoter
	kubectl delete --raw "/apis/lifecycle.keptn.sh/v1/namespaces/$ns/keptnappversions" >/dev/null # 1,000, in one call
	kubectl delete promotionpolicies --all
	kubectl delete -n keptn-system keptntaskdefinitions --all
}

# adds TASK...: a policy that adds them in $ns, once it counts for what is delivered from now on
adds() {
	local task
	{
		cat <<-EOF
			apiVersion: promogate.dev/v1alpha1
			kind: PromotionPolicy
			metadata: {name: adds}
			spec:
			  namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: $ns}}
			  validationActions: [Deny]
			  promotionTasks:
			    added:
		EOF
		for task; do echo "    - {name: $task}"; done
	} | kubectl apply -f -
	counts_now() { # NUMBER
		kubectl get promotionpolicy adds -o json | jq -e --argjson n "$1" --arg now "$(date -u +%FT%TZ)" \
			'.status.addedSince // [] | length == $n and all(.since < $now)'
	}
	eventually counts_now $#
}

# Takes the policy away, and waits until the reconciler knows.
adds_no_more() {
	kubectl delete promotionpolicy adds
	gone_now() {
		same 0 "$(metric promoter promogate_cache_objects 'resource="promotionpolicies"')"
	}
	eventually gone_now
}

# What the reconciler has written about these objects of $ns: "verb resource name".
written() { # NAME-PATTERN
	audited "$by_reconciler | select(.verb | IN(\"create\", \"patch\", \"update\", \"delete\")) |
		\"\(.verb) \(.objectRef.resource) \(.objectRef.name)\"" | grep -E " $1" || true
}

added_tasks() { # NAME
	kav "$1" '.metadata.annotations["promogate.dev/added-tasks"] // ""'
}

has_left() { # NAME
	same '' "$(added_tasks "$1")"
}

@test "an added task runs for an application that has no KeptnAppContext" {
	adds audit-trail
	delivered podtato-1 podtato 1 ''
	promoted podtato-1
	items_are podtato-1 'audit-trail Succeeded'
	same audit-trail "$(added_tasks podtato-1)"
	same 1 "$(jobs_ran audit-trail | wc -l)"
}

@test "a version that waits for an added task is superseded like any other" {
	adds absent
	delivered podtato-1 podtato 1 ''
	eventually has_event podtato-1 CreateTaskNotFound '"absent"'
	delivered podtato-2 podtato 2 ''
	eventually has_event podtato-2 CreateTaskNotFound '"absent"'
	ns=keptn-system plays absent succeed | apply
	promoted podtato-2
	promoted podtato-1 Deprecated
	same 1 "$(jobs_created absent | wc -l)"
}

@test "an added task runs beside the application's own, and from Keptn's namespace, whatever shadows it" {
	adds audit-trail
	{
		plays own succeed
		plays audit-trail fail
	} | apply
	delivered podtato-1 podtato 1 own
	promoted podtato-1
	items_are podtato-1 'audit-trail Succeeded' 'own Succeeded'
	has_left podtato-1
}

@test "what failed is run again, although the policy is gone" {
	ns=keptn-system plays audit-trail fail | apply
	adds audit-trail
	plays own succeed | apply
	delivered podtato-1 podtato 1 own
	promoted podtato-1 Failed
	adds_no_more
	ns=keptn-system plays audit-trail succeed | apply
	others_are_promoted
	annotate podtato-1 promogate.dev/retry=2
	promoted podtato-1
	items_are podtato-1 'audit-trail Succeeded' 'own Succeeded'
	same 1 "$(jobs_ran own | wc -l)"
}

@test "a version that waits for nothing but an added task is left alone once the policy is gone" {
	adds absent
	plays own succeed | apply
	delivered podtato-1 podtato 1 ''
	eventually has_event podtato-1 CreateTaskNotFound '"absent"'
	same absent "$(added_tasks podtato-1)"
	adds_no_more
	eventually has_left podtato-1
	others_are_promoted
	same 'Pending Succeeded Completed' "$(state podtato-1)"
	same '' "$(jobs_created absent)"
}

# many N: versions of as many applications, without tasks, delivered
many() {
	local i
	for ((i = 1; i <= $1; i++)); do version "old-$i" "old-$i" 1 ''; done >"$BATS_TEST_TMPDIR/many.yaml"
	kubectl create -f "$BATS_TEST_TMPDIR/many.yaml" >/dev/null
	kubectl get -n "$ns" keptnappversions -o json | jq --arg at "$(date -u +%FT%TZ)" '.items[].status = {
		promotionStatus: "Pending", currentPhase: "Completed", status: "Succeeded", startTime: $at, endTime: $at}' |
		kubectl replace --subresource=status -f - >/dev/null
}

@test "introducing a policy promotes none of 1,000 applications that were delivered before it" {
	many 1000
	adds audit-trail
	others_are_promoted
	same '' "$(written old-)"
	delivered new-7 old-7 2 ''
	promoted new-7
	written new-7 | grep -q '^patch keptnappversions new-7$'
	same '' "$(written old-)"
	adds_no_more
	delivered new-8 old-8 2 ''
	others_are_promoted
	same '' "$(written '(old|new-8)')"
	same 2 "$(jobs_created audit-trail | wc -l)" # of the other application, and of new-7
	same 'Pending Succeeded Completed' "$(state new-8)"
}

@test "a policy that selects another namespace too promotes nothing that was delivered there before" {
	local here=$ns
	kubectl create namespace "$here-first"
	ns=$here-first adds audit-trail
	delivered old-1 old 1 ''
	local since
	since=$(kubectl get promotionpolicy adds -o jsonpath='{.status.addedSince[0].since}')
	kubectl patch promotionpolicy adds --type=merge --patch "$(jq -n --arg a "$here" '{spec: {namespaceSelector: {
		matchLabels: null, matchExpressions: [
			{key: "kubernetes.io/metadata.name", operator: "In", values: [$a, "\($a)-first"]}]}}}')"
	later() {
		kubectl get promotionpolicy adds -o json | jq -e --arg before "$since" --arg now "$(date -u +%FT%TZ)" \
			'.status.addedSince[0].since | . > $before and . < $now'
	}
	eventually later
	delivered new-1 new 1 ''
	promoted new-1
	same '' "$(written old-)"
	delivered old-2 old 2 ''
	promoted old-2
	same '' "$(written old-1)"
}
