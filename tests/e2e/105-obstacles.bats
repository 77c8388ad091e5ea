#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2317 # what bats and lib.bash set, and functions that are called by name
# What keeps a promotion waiting: permissions, quotas, a busy API server, limits, `since`, and an
# operator that promotes itself. It continues automatically once the cause is gone.

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
	kubectl delete keptnappversions --all --all-namespaces
	kubectl delete --ignore-not-found validatingadmissionpolicybinding/e2e-no-jobs validatingadmissionpolicy/e2e-no-jobs
	kubectl delete --ignore-not-found flowschema/e2e-reject prioritylevelconfiguration/e2e-reject
	kubectl apply -k "$root/manifests/reconciler/access"
}

# How many Jobs were released: of all applications, or of the named one.
jobs_let_run() { # [APP]
	kubectl get jobs -n "$ns" -l "promogate.dev/app${1:+=$1}" -o json | jq '[.items[] | select(.spec.suspend == false)] | length'
}

@test "missing permissions in a namespace are reported, others continue, and so does this one once it may" {
	promoter_leads
	plays notify succeed | apply
	# Jobs may be created in another namespace only.
	kubectl create namespace "$ns-other"
	kubectl get clusterrole promogate-reconciler -o json |
		jq '.rules |= map(if .resources == ["jobs"] then .verbs -= ["create"] else . end)' | apply
	kubectl create role jobs -n "$ns-other" --verb=create --resource=jobs.batch
	kubectl create rolebinding jobs -n "$ns-other" --role=jobs --serviceaccount=promogate-system:promogate-reconciler
	# The API server's own view of permissions follows after a moment.
	may_not() {
		[[ $(kubectl auth can-i create jobs.batch -n "$ns" --as="$reconciler_user") == no ]] &&
			[[ $(kubectl auth can-i create jobs.batch -n "$ns-other" --as="$reconciler_user") == yes ]]
	}
	eventually may_not
	delivered podtato-1 podtato 1.0.0 notify
	eventually has_event podtato-1 CreateTaskFailed forbidden
	ns=$ns-other others_are_promoted
	same 'Pending Succeeded Completed' "$(state podtato-1)"
	kubectl apply -k "$root/manifests/reconciler/access"
	promoted podtato-1
	ran_once podtato-1 notify
}

@test "a Job that an admission policy denies is retried, and is no definition that can't run" {
	promoter_leads --definition-deadline=3s
	plays notify succeed | apply
	kubectl apply -f - <<-EOF
		apiVersion: admissionregistration.k8s.io/v1
		kind: ValidatingAdmissionPolicy
		metadata: {name: e2e-no-jobs}
		spec:
		  failurePolicy: Fail
		  matchConstraints:
		    resourceRules: [{apiGroups: [batch], apiVersions: [v1], operations: [CREATE], resources: [jobs]}]
		  validations: [{expression: "object.metadata.namespace != '$ns'", message: not today}]
		---
		apiVersion: admissionregistration.k8s.io/v1
		kind: ValidatingAdmissionPolicyBinding
		metadata: {name: e2e-no-jobs}
		spec: {policyName: e2e-no-jobs, validationActions: [Deny]}
	EOF
	denied() {
		kubectl create job --dry-run=server -n "$ns" probe --image=i 2>&1 | grep -F 'not today'
	}
	eventually denied
	delivered podtato-1 podtato 1.0.0 notify
	eventually has_event podtato-1 CreateTaskFailed 'not today'
	# Longer than the deadline: another version is delivered and ends Failed at it.
	delivered other-1 other 1.0.0 missing
	promoted other-1 Failed
	same 'Pending Succeeded Completed' "$(state podtato-1)"
	same '' "$(event_says podtato-1 CreateTaskNotFound)"
	kubectl delete validatingadmissionpolicybinding/e2e-no-jobs validatingadmissionpolicy/e2e-no-jobs
	promoted podtato-1
	ran_once podtato-1 notify
}

# A suspended Job with Promogate's label and these arguments, a Python expression.
unreadable() { # NAME ARGUMENTS
	python3 -c 'import json, sys; print(json.dumps({
		"apiVersion": "batch/v1", "kind": "Job",
		"metadata": {"name": sys.argv[1], "labels": {"app.kubernetes.io/managed-by": "promogate"}},
		"spec": {"suspend": True, "template": {"spec": {"restartPolicy": "Never",
			"containers": [{"name": "c", "image": "i", "args": eval(sys.argv[2])}]}}}}))' "$@" |
		kubectl create --raw "/apis/batch/v1/namespaces/$ns-other/jobs" -f - >/dev/null
}

@test "Jobs that can't be read are skipped and named, and promotions continue" {
	local skipped="jobs: skipped, since they can't be read: $ns-other/long, $ns-other/many"
	promoter_leads
	kubectl create namespace "$ns-other"
	unreadable many '[""] * 600000'
	unreadable long '["<" * 1450000]'
	# Each comes by the watch, and in the list of the next leader.
	for _ in watch list; do
		named() {
			same "ok
$skipped" "$(plain promoter /readyz)"
		}
		eventually named
		plain promoter /metrics | grep -Fx 'promogate_informer_skipped_objects{resource="jobs"} 2'
		others_are_promoted
		reconciler_stop promoter
		promoter_leads
	done
	eventually named
	kubectl delete jobs -n "$ns-other" --all
	forgotten() {
		same ok "$(plain promoter /readyz)"
	}
	eventually forgotten
}

@test "an exhausted quota is reported, and the promotion continues when it is raised" {
	promoter_leads
	for task in a b; do plays "$task" succeed; done | apply
	kubectl create quota full -n "$ns" --hard=count/jobs.batch=1
	counted() {
		[[ $(kubectl get quota full -n "$ns" -o jsonpath='{.status.hard.count/jobs\.batch}') == 1 ]]
	}
	eventually counted
	delivered podtato-1 podtato 1.0.0 'a, b'
	eventually has_event podtato-1 CreateTaskFailed 'exceeded quota'
	# All or nothing.
	same 'Pending Succeeded Completed 0' "$(state podtato-1) $(jobs_let_run podtato)"
	kubectl delete quota full -n "$ns"
	promoted podtato-1
	ran_once podtato-1 a b
}

@test "a Job that admission rejects is reported, and no task of the promotion runs" {
	promoter_leads
	{
		plays good succeed
		plays bad succeed '{retries: 0, container: {name: Not_A_Name, image: promote}}'
	} | apply
	delivered podtato-1 podtato 1.0.0 'good, bad'
	eventually has_event podtato-1 CreateTaskFailed bad
	others_are_promoted
	same 'Pending Succeeded Completed 0' "$(state podtato-1) $(jobs_let_run podtato)"
	# The policy is fixed.
	plays bad succeed | apply
	promoted podtato-1
	ran_once podtato-1 good bad
}

@test "a busy API server is not called for as long as its Retry-After says, and then called again" {
	promoter_leads
	plays notify succeed | apply
	kubectl apply -f - <<-EOF
		apiVersion: flowcontrol.apiserver.k8s.io/v1
		kind: PriorityLevelConfiguration
		metadata: {name: e2e-reject}
		spec:
		  type: Limited
		  limited: {nominalConcurrencyShares: 0, lendablePercent: 0, borrowingLimitPercent: 0, limitResponse: {type: Reject}}
		---
		apiVersion: flowcontrol.apiserver.k8s.io/v1
		kind: FlowSchema
		metadata: {name: e2e-reject}
		spec:
		  priorityLevelConfiguration: {name: e2e-reject}
		  matchingPrecedence: 2
		  rules:
		  - subjects: [{kind: ServiceAccount, serviceAccount: {name: promogate-reconciler, namespace: promogate-system}}]
		    resourceRules: [{verbs: [create], apiGroups: [batch], resources: [jobs], namespaces: ["$ns"]}]
	EOF
	# API priority and fairness admits one request at a time: here, one that never ends.
	probe() { # CURL-ARGUMENT...
		curl -sS --cacert "$CLUSTER_CA" -H "Authorization: Bearer $(cat "$(process_home promoter)/token")" -o /dev/null \
			-X POST "$CLUSTER_SERVER/apis/batch/v1/namespaces/$ns/jobs?dryRun=All" "$@"
	}
	limited() {
		[[ $(probe -D -) == *"$(kubectl get prioritylevelconfiguration e2e-reject -o jsonpath='{.metadata.uid}')"* ]]
	}
	eventually limited
	hold() {
		rm -f "$BATS_TEST_TMPDIR/endless"
		mkfifo "$BATS_TEST_TMPDIR/endless"
		openssl s_client -quiet -connect "${CLUSTER_SERVER#https://}" <"$BATS_TEST_TMPDIR/endless" >/dev/null 2>&1 3>&- &
		holder=$!
		exec {endless}>"$BATS_TEST_TMPDIR/endless"
		printf '%s\r\n' "POST /apis/batch/v1/namespaces/$ns/jobs?dryRun=All HTTP/1.1" 'Host: localhost' 'Content-Length: 1000' \
			"Authorization: Bearer $(cat "$(process_home promoter)/token")" 'Content-Type: application/json' '' >&"$endless"
	}
	release() {
		kill "$holder" || true
		exec {endless}>&-
	}
	rejects() {
		[[ $(probe -w '%{http_code}') == 429 ]]
	}
	# A probe may still have had the seat when the endless request came: that one was rejected then.
	local tries=10
	hold
	until patience=5 eventually rejects; do
		((tries-- > 0))
		release
		hold
	done
	delivered podtato-1 podtato 1.0.0 notify
	rejected() {
		calls | grep 'create jobs 429'
	}
	eventually rejected
	release
	promoted podtato-1
	ran_once podtato-1 notify
	same 1 "$(jobs_created notify | wc -l)"
}

@test "no more Jobs run than the limit allows: first come, first served" {
	promoter_leads --max-running-jobs=2
	for app in a b c d; do
		plays "task-$app" hang
		plays "tusk-$app" hang
	done | apply
	delivered a-1 a 1 'task-a'
	promoted a-1 Progressing
	# It needs more than is left, so it waits, and later ones do not overtake it.
	delivered b-1 b 1 'task-b, tusk-b'
	eventually has_event b-1 PromotionTasksWaiting max-running-jobs
	delivered c-1 c 1 'task-c'
	eventually has_event c-1 PromotionTasksWaiting max-running-jobs
	same 'Pending Pending 1' "$(kav b-1 .status.promotionStatus) $(kav c-1 .status.promotionStatus) $(jobs_let_run)"
	lets_end task-a succeed
	promoted a-1
	promoted b-1 Progressing
	same 'Pending' "$(kav c-1 .status.promotionStatus)"
	lets_end task-b fail
	lets_end tusk-b succeed
	promoted b-1 Failed
	promoted c-1 Progressing
	lets_end task-c succeed
	promoted c-1
}

@test "no more Jobs run in a namespace than its limit allows; other namespaces are not affected" {
	promoter_leads --max-running-jobs-per-namespace=1
	for app in a b; do plays "task-$app" hang; done | apply
	delivered a-1 a 1 'task-a'
	promoted a-1 Progressing
	delivered b-1 b 1 'task-b'
	eventually has_event b-1 PromotionTasksWaiting max-running-jobs
	kubectl create namespace "$ns-other"
	ns=$ns-other others_are_promoted
	same Pending "$(kav b-1 .status.promotionStatus)"
	lets_end task-a succeed
	promoted b-1 Progressing
	lets_end task-b succeed
	promoted b-1
}

@test "a version with more tasks than the limit runs alone" {
	promoter_leads --max-running-jobs=1
	for task in a b; do plays "$task" succeed; done | apply
	delivered podtato-1 podtato 1 'a, b'
	promoted podtato-1
}

@test "a version that was delivered before --since is left alone" {
	plays notify succeed | apply
	version old-1 old 1 notify | kubectl create -f -
	deliver old-1 2026-01-01T00:00:00Z
	before=$(kav old-1 .metadata.resourceVersion)
	promoter_leads --since=2026-01-02T00:00:00Z --max-age=0
	version new-1 new 1 notify | kubectl create -f -
	deliver new-1 2026-01-02T00:00:01Z
	promoted new-1
	others_are_promoted
	same "$before" "$(kav old-1 .metadata.resourceVersion)"
	same '' "$(events old-1)"
}

@test "a version that is older than --max-age waits for a manual retry" {
	promoter_leads --since=2020-01-01T00:00:00Z
	plays notify succeed | apply
	version podtato-1 podtato 1 notify | kubectl create -f -
	deliver podtato-1 "$(date -u -d '25 hours ago' +%FT%TZ)"
	eventually has_event podtato-1 PromotionTasksWaiting promogate.dev/retry
	others_are_promoted
	same 'Pending Succeeded Completed' "$(state podtato-1)"
	annotate podtato-1 promogate.dev/retry=1
	promoted podtato-1
	ran_once podtato-1 notify
}

@test "if the operator promotes itself, nothing is written, not even an Event, and this is logged once" {
	reconciler_stop promoter
	promoter_leads
	plays notify succeed | apply
	version podtato-1 podtato 1 notify | kubectl create -f -
	says_so() {
		[[ $(grep -c "leaving versions alone that Keptn's operator promotes" "$(process_home promoter)/log") -eq 1 ]]
	}
	operator_writes() { # STATUS
		kubectl patch -n "$ns" keptnappversion podtato-1 --subresource=status --type=merge -p "$(jq -nc "{status: $1}")"
	}
	operator_writes '{workloadOverallStatus: "Succeeded", postDeploymentStatus: "Succeeded", postDeploymentEvaluationStatus: "Succeeded",
		currentPhase: "PromotionTasks", status: "Progressing", promotionStatus: "Progressing", startTime: "2026-11-24T00:00:00Z",
		promotionTaskStatus: [{definitionName: "notify", name: "prom-notify-12345", status: "Progressing"}]}'
	eventually says_so
	operator_writes "{currentPhase: \"Completed\", status: \"Succeeded\", promotionStatus: \"Succeeded\", endTime: \"$(date -u +%FT%TZ)\",
		promotionTaskStatus: [{definitionName: \"notify\", name: \"prom-notify-12345\", status: \"Succeeded\"}]}"
	others_are_promoted
	audit_caught_up
	same '' "$(jobs_created notify)"
	same '' "$(audited "$by_reconciler | select(.objectRef.name == \"podtato-1\" and .verb == \"patch\") | .requestURI")"
	same '' "$(events podtato-1)"
	says_so
}
