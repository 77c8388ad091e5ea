#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2317 # what bats and lib.bash set, and functions that are called by name
# The defects of Keptn's own promotion, by their numbers: none of them exists here. The webhook's part
# of D3, D16 and D24 is in 20-rules.bats; D2 with crashes is in 120-crashes.bats.

load lib
load lib-promotion

setup_file() {
	promotion_up
}

setup() {
	cluster_use promotion
	promoter_leads --deno-image=deno --python-image=python
	namespace
}

teardown() {
	show_log promoter
	kubectl delete keptnconfigs,keptnappversions --all --all-namespaces
}

# Ends it, and starts another one without any state.
promoter_restarts() {
	reconciler_stop promoter
	promoter_leads --deno-image=deno --python-image=python
}

no_jobs() {
	[[ -z $(kubectl get jobs -n "$ns" -o name) ]]
}

# The value of an environment variable in the container of a task's Job.
env_of() { # VERSION TASK VARIABLE
	job "$(job_of "$1" "$2")" ".spec.template.spec.containers[0].env[] | select(.name == \"$3\")"
}

@test "D1: a finished task does not run again after a restart, even if its Job is gone" {
	plays notify succeed '{retries: 0, ttlSecondsAfterFinished: 0, container: {name: task, image: promote}}' | apply
	delivered podtato-1 podtato 1.0.0 notify
	promoted podtato-1
	eventually no_jobs
	before=$(kav podtato-1 .metadata.resourceVersion)
	promoter_restarts
	others_are_promoted
	audit_caught_up
	same 1 "$(jobs_created notify | wc -l)"
	same "$before" "$(kav podtato-1 .metadata.resourceVersion)"
}

@test "D2: Jobs are created suspended, and run once the status names them" {
	for task in a b; do plays "$task" succeed; done | apply
	# To separate creation and commit, the commit is rejected.
	kubectl apply -f - <<-EOF
		apiVersion: admissionregistration.k8s.io/v1
		kind: ValidatingAdmissionPolicy
		metadata: {name: e2e-no-commit}
		spec:
		  failurePolicy: Fail
		  matchConstraints:
		    namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: "$ns"}}
		    resourceRules: [{apiGroups: [lifecycle.keptn.sh], apiVersions: ["*"], operations: [UPDATE], resources: [keptnappversions/status]}]
		  validations: [{expression: "object.status.promotionStatus != 'Progressing'", message: not yet}]
		---
		apiVersion: admissionregistration.k8s.io/v1
		kind: ValidatingAdmissionPolicyBinding
		metadata: {name: e2e-no-commit}
		spec: {policyName: e2e-no-commit, validationActions: [Deny]}
	EOF
	version podtato-1 podtato 1.0.0 'a, b' | kubectl create -f -
	refused_now() {
		! kubectl patch -n "$ns" keptnappversion podtato-1 --subresource=status --type=merge --dry-run=server \
			-p '{"status":{"promotionStatus":"Progressing"}}'
	}
	eventually refused_now
	deliver podtato-1
	not_committed() {
		calls | grep -E 'patch keptnappversions/status (403|422)'
	}
	eventually not_committed
	same '[true,true]' "$(kubectl get jobs -n "$ns" -o json | jq -c '[.items[].spec.suspend]')"
	same '' "$(jobs_ran)$(jobs_changed)"
	kubectl delete validatingadmissionpolicybinding/e2e-no-commit validatingadmissionpolicy/e2e-no-commit
	promoted podtato-1
	ran_once podtato-1 a b
	# All Jobs that were created ran.
	same 2 "$(jobs_created | wc -l)"
}

@test "D3: a task that is listed twice runs once" {
	plays notify succeed | apply
	delivered podtato-1 podtato 1.0.0 'notify, notify'
	promoted podtato-1
	items_are podtato-1 'notify Succeeded'
	audit_caught_up
	same 1 "$(jobs_created notify | wc -l)"
}

@test "D4: a missing definition has an Event, a deadline and an item, and its version continues automatically" {
	delivered podtato-1 podtato 1.0.0 late
	eventually has_event podtato-1 CreateTaskNotFound '"late"'
	plays late succeed | apply
	promoted podtato-1
	promoter_leads --definition-deadline=2s
	delivered podtato-2 podtato 2.0.0 never 2
	promoted podtato-2 Failed
	items_are podtato-2 'never Failed'
}

@test "D5: the final state waits for all tasks, even after a failure" {
	{
		plays fails fail
		plays goes-on hang
	} | apply
	delivered podtato-1 podtato 1.0.0 'fails, goes-on'
	failed() {
		items_are podtato-1 'fails Failed' 'goes-on Progressing'
	}
	eventually failed
	same 'Progressing Progressing PromotionTasks' "$(state podtato-1)"
	lets_end goes-on succeed
	promoted podtato-1 Failed
	items_are podtato-1 'fails Failed' 'goes-on Succeeded'
}

@test "D6: nothing is polled: an idle reconciler renews its Lease, and outcomes come from a watch" {
	plays notify hang | apply
	delivered podtato-1 podtato 1.0.0 notify
	promoted podtato-1 Progressing
	# Waits until everything that belongs to the start is done.
	runs() {
		[[ $(kubectl get pods -n "$ns" --field-selector=status.phase=Running -o name) == pod/* ]]
	}
	eventually runs
	eventually has_event podtato-1 PromotionTasksStarted notify
	audit_caught_up
	# The same while a task runs: only renewals, and a watch that starts again.
	from=$(wc -l <"$cluster/audit.log")
	since_then() {
		tail -n "+$((from + 1))" "$cluster/audit.log" | jq -Rr "fromjson? | select(.stage == \"ResponseComplete\") | $by_reconciler |
			select(.verb != \"watch\") | \"\\(.verb) \\(.objectRef.resource)\""
	}
	renewals() {
		[[ $(since_then | grep -c leases) -ge 3 ]]
	}
	eventually renewals
	same '' "$(since_then | grep -v ' leases$')"
	lets_end notify succeed
	promoted podtato-1
	audit_caught_up
	same '' "$(audited "$by_reconciler | select(.verb == \"get\" or .verb == \"list\") | .requestURI")"
}

@test "D7, D8: only transitions send Events and increment counters, not restarts" {
	{
		plays tag succeed
		plays notify fail
	} | apply
	delivered podtato-1 podtato 1.0.0 'tag, notify'
	promoted podtato-1 Failed
	counted() {
		plain promoter /metrics | grep keptn_
		[[ $(metric promoter keptn_promotion_count_total "keptn_deployment_app_namespace=\"$ns\"" 'keptn_deployment_app_status="Failed"') -eq 1 ]]
	}
	eventually counted
	sent_once() {
		same 'PromotionTasksFailed Warning
PromotionTasksStarted Normal' "$(events podtato-1)"
	}
	eventually sent_once
	promoter_restarts
	others_are_promoted
	sent_once
	same 0 "$(metric promoter keptn_promotion_count_total "keptn_deployment_app_name=\"podtato\"" "keptn_deployment_app_namespace=\"$ns\"")"
	# Existing Events were not sent again with a higher count either.
	same '[1]' "$(kubectl get events -n "$ns" -o json | jq -c '[.items[] | select(.involvedObject.kind == "KeptnAppVersion") | .count // 1] | unique')"
}

@test "D9: code of a definition in keptn-system runs in the application's namespace" {
	ns=keptn-system plays "shared-$BATS_TEST_NUMBER" succeed '{deno: {inline: {code: "1"}}}' | apply
	delivered podtato-1 podtato 1.0.0 "shared-$BATS_TEST_NUMBER"
	promoted podtato-1
	kubectl get configmap -n "$ns" "$(job_of podtato-1 "shared-$BATS_TEST_NUMBER")"
}

@test "D10: inline code works without a ConfigMap made beforehand" {
	plays notify succeed '{python: {inline: {code: "print(1)"}}}' | apply
	same null "$(kubectl get keptntaskdefinition -n "$ns" notify -o json | jq -c .status)"
	delivered podtato-1 podtato 1.0.0 notify
	promoted podtato-1
}

@test "D11: the ConfigMap with the code has an owner, and is deleted with it" {
	plays notify succeed '{ttlSecondsAfterFinished: 0, python: {inline: {code: "print(1)"}}}' | apply
	delivered podtato-1 podtato 1.0.0 notify
	promoted podtato-1
	audit_caught_up
	same "$(jobs_created notify)" "$(audited 'select(.objectRef.resource == "configmaps" and .verb == "create" and .responseStatus.code == 201) |
		.objectRef.name | select(. != "kube-root-ca.crt")')"
	collected() {
		no_jobs && [[ $(kubectl get configmaps -n "$ns" -o name) == configmap/kube-root-ca.crt ]]
	}
	eventually collected
}

@test "D12: every volume mount has its volume, with a size above zero" {
	plays notify succeed '{container: {name: task, image: promote, volumeMounts: [{name: a, mountPath: /a}, {name: b, mountPath: /b}]}}' | apply
	delivered podtato-1 podtato 1.0.0 notify
	promoted podtato-1
	same '[["a","1Gi"],["b","1Gi"]]' "$(job "$(job_of podtato-1 notify)" \
		'[.spec.template.spec.volumes[] | [.name, .emptyDir.sizeLimit]] | tojson')"
}

@test "D13: a KEPTN_CONTEXT from elsewhere is replaced completely" {
	plays notify succeed '{container: {name: task, image: promote, env: [{name: KEPTN_CONTEXT, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]}}' | apply
	delivered podtato-1 podtato 1.0.0 notify
	promoted podtato-1
	same '["name","value"]' "$(env_of podtato-1 notify KEPTN_CONTEXT | jq -c keys)"
}

@test "D14: a definition with the longest name runs" {
	long=$(printf 'a%.0s' {1..63}).$(printf 'b%.0s' {1..63}).$(printf 'c%.0s' {1..63}).$(printf 'd%.0s' {1..61})
	plays "$long" succeed | apply
	delivered podtato-1 podtato 1.0.0 "$long"
	promoted podtato-1
	items_are podtato-1 "$long Succeeded"
}

@test "D15: what marks the definition as managed is not copied to Job and Pod" {
	plays notify hang | sed 's/annotations: {/labels: {app.kubernetes.io\/instance: argo, team: a}, annotations: {argocd.argoproj.io\/tracking-id: x, note: b, /' | apply
	[[ $(kubectl get keptntaskdefinition -n "$ns" notify -o json) == *last-applied* ]]
	delivered podtato-1 podtato 1.0.0 notify
	promoted podtato-1 Progressing
	copied() {
		[[ $(kubectl get pods -n "$ns" -o name) == pod/* ]]
	}
	eventually copied
	run -0 kubectl get jobs,pods -n "$ns" -o json
	same '["a","b"]' "$(jq -c '[.items[].metadata | [.labels.team, .annotations.note]] | unique[]' <<<"$output")"
	same '[]' "$(jq -c '[.items[].metadata | (.labels, .annotations) | keys[] | select(test("last-applied|instance|tracking"))]' <<<"$output")"
	lets_end notify succeed
	promoted podtato-1
}

@test "D16: a timeout under a second does not become a deadline of 0" {
	plays notify succeed '{timeout: 999ms, container: {name: task, image: promote}}' | apply
	delivered podtato-1 podtato 1.0.0 notify
	eventually has_event podtato-1 CreateTaskNotFound 'under a second'
	others_are_promoted
	same '' "$(jobs_created notify)"
	plays notify succeed '{timeout: 61500ms, container: {name: task, image: promote}}' | apply
	promoted podtato-1
	same 61 "$(job "$(job_of podtato-1 notify)" .spec.activeDeadlineSeconds)"
}

@test "D19: a newer version supersedes an older one that has not started" {
	delivered podtato-1 podtato 1.0.0 late 1
	eventually has_event podtato-1 CreateTaskNotFound late
	plays notify succeed | apply
	delivered podtato-2 podtato 2.0.0 notify 2
	promoted podtato-2
	promoted podtato-1 Deprecated
	plays late succeed | apply
	others_are_promoted
	same '' "$(jobs_created late)"
}

@test "D21: false in KeptnConfig differs from unset, and deleting the KeptnConfig resets it" {
	plays notify fail | apply
	# Waits until a version fails like this: the configuration comes from a watch of its own.
	fails_like() { # PROMOTION-STATUS
		local name=app-$RANDOM$RANDOM
		delivered "$name" "$name" 1 notify
		eventually has_ended "$name"
		[[ $(kav "$name" .status.promotionStatus) == "$1" ]]
	}
	keptn_config main false | apply
	eventually fails_like Warning
	# Unset: the kind's default is true, so false can't remain by accident.
	kubectl patch -n keptn-system keptnconfig main --type=merge -p '{"spec":{"blockDeployment":null}}'
	eventually fails_like Failed
	keptn_config main false | apply
	eventually fails_like Warning
	kubectl delete -n keptn-system keptnconfig main
	eventually fails_like Failed
}

@test "D22: the reason of a failure comes from the Job's failed condition" {
	plays notify hang '{retries: 0, timeout: 1s, container: {name: task, image: promote}}' | apply
	delivered podtato-1 podtato 1.0.0 notify
	promoted podtato-1 Failed
	eventually has_event podtato-1 PromotionTasksFailed 'DeadlineExceeded'
	says_why() {
		same 'DeadlineExceeded: Job was active longer than specified deadline' "$(job "$(job_of podtato-1 notify)" \
			'.metadata.annotations | .["promogate.dev/reason"] + ": " + .["promogate.dev/message"]')"
	}
	eventually says_why
}

@test "D24: a functionRef that does not exist, is a container or forms a cycle waits until it is fixed" {
	{
		plays child succeed '{deno: {functionRef: {name: parent}}}'
		plays circle succeed '{deno: {functionRef: {name: circle}}}'
		plays container succeed
		plays of-container succeed '{deno: {functionRef: {name: container}}}'
	} | apply
	for task in child circle of-container; do
		delivered "$task-1" "$task" 1 "$task"
	done
	eventually has_event child-1 CreateTaskNotFound '"parent"'
	eventually has_event circle-1 CreateTaskNotFound cycle
	eventually has_event of-container-1 CreateTaskNotFound 'is a container'
	plays parent succeed '{deno: {inline: {code: "1"}}}' | apply
	plays circle succeed '{deno: {functionRef: {name: parent}}}' | apply
	plays container succeed '{deno: {inline: {code: "1"}}}' | apply
	for task in child circle of-container; do
		promoted "$task-1"
	done
}

@test "D25: a TTL of 0 loses no outcome, and runs nothing twice" {
	for task in a b; do plays "$task" hang '{retries: 0, ttlSecondsAfterFinished: 0, container: {name: task, image: promote}}'; done | apply
	delivered podtato-1 podtato 1.0.0 'a, b'
	promoted podtato-1 Progressing
	lets_end a succeed
	# With a TTL now, a running Job could be deleted the moment it ends.
	same null "$(job "$(job_of podtato-1 b)" .spec.ttlSecondsAfterFinished)"
	lets_end b succeed
	promoted podtato-1
	items_are podtato-1 'a Succeeded' 'b Succeeded'
	eventually no_jobs
	others_are_promoted
	audit_caught_up
	same 2 "$(jobs_created '[ab]' | wc -l)"
}

@test "D26: installing does not promote earlier deliveries" {
	plays notify succeed | apply
	reconciler_stop promoter
	version past-1 past 1 notify | kubectl create -f -
	deliver past-1 "$(date -u -d '10 minutes ago' +%FT%TZ)"
	# The state before the very first start.
	kubectl delete configmap -n promogate-system promogate-reconciler
	before=$(kav past-1 .metadata.resourceVersion)
	promoter_restarts
	kubectl get configmap -n promogate-system promogate-reconciler -o jsonpath='{.data.since}'
	others_are_promoted
	same "$before" "$(kav past-1 .metadata.resourceVersion)"
	# A restart does not promote them either.
	promoter_restarts
	others_are_promoted
	same "$before" "$(kav past-1 .metadata.resourceVersion)"
	same '' "$(jobs_created notify)"
}
