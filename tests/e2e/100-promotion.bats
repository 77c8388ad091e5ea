#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2317 # what bats and lib.bash set, and functions that are called by name
# The promotion phase: what runs, what is recorded, what a failure means, and what a user can do.

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

# The Job of a failed task says which blocking policy applied, and which setting it came from.
explained() { # JOB POLICY WHOSE
	explained_now() {
		same "Failed, so $2 by $3" "$(job "$1" '.metadata.annotations |
			"\(.["promogate.dev/outcome"]), so \(.["promogate.dev/on-failure"]) by \(.["promogate.dev/decided-by"])"')"
	}
	eventually explained_now "$@"
}

@test "the tasks of a delivered version run, and the outcome is recorded as Keptn writes it" {
	{
		plays open-pr succeed
		plays notify succeed
		version podtato-1 podtato 1.0.0 'open-pr, notify'
	} | apply
	before=$(kav podtato-1 .metadata)
	deliver podtato-1
	promoted podtato-1
	same 'Succeeded Succeeded Completed' "$(state podtato-1)"
	items_are podtato-1 'notify Succeeded' 'open-pr Succeeded'
	same '["definitionName","endTime","name","startTime","status"]' "$(kav podtato-1 '[.status.promotionTaskStatus[] | keys] | unique[] | tojson')"
	same true "$(kav podtato-1 '[.status.promotionTaskStatus[] | .startTime <= .endTime and .endTime <= "9"] | all')"
	# In the order of the version's tasks.
	same 'open-pr notify' "$(kav podtato-1 '[.status.promotionTaskStatus[].definitionName] | join(" ")')"
	same '["Succeeded"]' "$(kav podtato-1 '[.status | .preDeploymentStatus, .preDeploymentEvaluationStatus, .workloadOverallStatus,
		.postDeploymentStatus, .postDeploymentEvaluationStatus] | unique | tojson')"
	same true "$(kav podtato-1 '.status | .endTime >= .startTime')"
	# The object's metadata has not changed: no finalizer, no annotation.
	same "$(jq -S 'del(.managedFields, .resourceVersion)' <<<"$before")" \
		"$(kav podtato-1 .metadata | jq -S 'del(.managedFields, .resourceVersion)')"
	ran_once podtato-1 open-pr notify
	# Labels help people to find the Job, and the environment says what it is for.
	run -0 kubectl get jobs -n "$ns" -l promogate.dev/app=podtato,promogate.dev/version=1.0.0,promogate.dev/task=open-pr -o name
	same "job.batch/$(job_of podtato-1 open-pr)" "$output"
	same "KeptnAppVersion podtato-1" "$(job "$(job_of podtato-1 open-pr)" '.metadata.ownerReferences[] | "\(.kind) \(.name)"')"
	same '{"workloadName":"","appName":"podtato","appVersion":"1.0.0","workloadVersion":"","taskType":"promotion","objectType":"App","metadata":{"stage":"dev"}}' \
		"$(job "$(job_of podtato-1 open-pr)" '.spec.template.spec.containers[0].env[] | select(.name == "KEPTN_CONTEXT").value')"
	# The audit log has the reconciler's user, and no rejected request.
	audit_caught_up
	same "$reconciler_user" "$(audited "$by_reconciler | .user.username" | sort -u)"
	same '' "$(audited "$by_reconciler | select(.responseStatus.code >= 400) | .requestURI")"
}

@test "each transition has one Event, with Keptn's reason" {
	plays notify succeed | apply
	delivered podtato-1 podtato 1.0.0 notify
	promoted podtato-1
	finished() {
		same 'PromotionTasksFinished Normal
PromotionTasksStarted Normal' "$(events podtato-1)"
	}
	eventually finished
}

@test "a version that is not delivered, has failed or has no tasks is not written to" {
	plays notify succeed | apply
	{
		version waiting waiting 1 notify
		version failed failed 1 notify
		version taskless taskless 1 ''
	} | kubectl create -f -
	deliver taskless
	kubectl patch -n "$ns" keptnappversion failed --subresource=status --type=merge -p '{"status":{
		"currentPhase":"AppDeploy","status":"Failed","workloadOverallStatus":"Failed","promotionStatus":"Deprecated","endTime":"2026-11-24T00:00:00Z"}}'
	before=$(kubectl get -n "$ns" keptnappversions -o json | jq -c '.items[].metadata | [.name, .resourceVersion]')
	others_are_promoted
	same "$before" "$(kubectl get -n "$ns" keptnappversions -o json |
		jq -c '.items[].metadata | select(.name | startswith("other") | not) | [.name, .resourceVersion]')"
	same '' "$(jobs_created notify)"
	# It starts once it is delivered.
	deliver waiting
	promoted waiting
}

@test "a failure blocks by default" {
	{
		plays tag succeed
		plays notify fail
	} | apply
	delivered podtato-1 podtato 1.0.0 'tag, notify'
	promoted podtato-1 Failed
	same 'Failed Failed PromotionTasks' "$(state podtato-1)"
	items_are podtato-1 'notify Failed' 'tag Succeeded'
	eventually has_event podtato-1 PromotionTasksFailed 'on-failure: Block (default)'
	explained "$(job_of podtato-1 notify)" Block default
	same '' "$(events podtato-1 | grep Finished)"
}

@test "a failure with Warn, set by the application" {
	{
		plays tag succeed
		plays notify fail
		context podtato '{}' '{promogate.dev/on-failure: Warn}'
	} | apply
	delivered podtato-1 podtato 1.0.0 'tag, notify'
	promoted podtato-1 Warning
	same 'Warning Succeeded Completed' "$(state podtato-1)"
	items_are podtato-1 'notify Failed' 'tag Succeeded'
	eventually has_event podtato-1 PromotionTasksFailed 'on-failure: Warn (the annotation'
	explained "$(job_of podtato-1 notify)" Warn 'the annotation promogate.dev/on-failure of the KeptnAppContext'
}

@test "a failure with Warn, set by KeptnConfig; the application's setting has precedence" {
	keptn_config main false | apply
	{
		plays notify fail
		context own '{}' '{promogate.dev/on-failure: Block}'
	} | apply
	delivered podtato-1 podtato 1.0.0 notify
	promoted podtato-1 Warning
	explained "$(job_of podtato-1 notify)" Warn "KeptnConfig's blockDeployment"
	delivered own-1 own 1.0.0 notify
	promoted own-1 Failed
	explained "$(job_of own-1 notify)" Block 'the annotation promogate.dev/on-failure of the KeptnAppContext'
}

@test "a task that takes too long fails, with the reason" {
	plays notify hang '{retries: 0, timeout: 1s, container: {name: task, image: promote}}' | apply
	delivered podtato-1 podtato 1.0.0 notify
	promoted podtato-1 Failed
	same 1 "$(job "$(job_of podtato-1 notify)" .spec.activeDeadlineSeconds)"
	eventually has_event podtato-1 PromotionTasksFailed DeadlineExceeded
	no_pods() {
		[[ -z $(kubectl get pods -n "$ns" -o name) ]]
	}
	eventually no_pods
}

@test "retries happen within one Job" {
	plays notify hang '{retries: 1, container: {name: task, image: promote}}' | apply
	delivered podtato-1 podtato 1.0.0 notify
	lets_end notify fail
	# The Job controller waits ten seconds before it tries again.
	second_try() {
		[[ $(kubectl get pods -n "$ns" -o json | jq -c '[.items[].status.phase] | sort') == '["Failed","Running"]' ]]
	}
	eventually second_try
	same 'notify Progressing' "$(items podtato-1)"
	lets_end notify succeed
	promoted podtato-1
	ran_once podtato-1 notify
	same 1 "$(jobs_created notify | wc -l)"
}

@test "ten tasks run in parallel" {
	tasks=$(seq -s, -f task-%g 10)
	for task in ${tasks//,/ }; do plays "$task" hang; done | apply
	delivered podtato-1 podtato 1.0.0 "$tasks"
	all_run() {
		[[ $(kubectl get pods -n "$ns" --field-selector=status.phase=Running -o name | wc -l) -eq 10 ]]
	}
	eventually all_run
	same "$(printf 'task-%s Progressing\n' {1..10} | sort)" "$(items podtato-1)"
	kubectl annotate pods -n "$ns" --all --overwrite promogate.dev/play=succeed
	promoted podtato-1
	all_ran_once
	same 10 "$(jobs_ran | wc -l)"
}

@test "a Job gets its TTL once its outcome is recorded, and not before" {
	plays notify hang '{retries: 0, ttlSecondsAfterFinished: 77, container: {name: task, image: promote}}' | apply
	delivered podtato-1 podtato 1.0.0 notify
	promoted podtato-1 Progressing
	name=$(job_of podtato-1 notify)
	same null "$(job "$name" .spec.ttlSecondsAfterFinished)"
	lets_end notify succeed
	promoted podtato-1
	expires() {
		same 77 "$(job "$name" .spec.ttlSecondsAfterFinished)"
	}
	eventually expires
	# The order of the requests: created, committed, released, recorded, expires.
	audit_caught_up
	same 'create jobs
patch keptnappversions/status
patch jobs
patch keptnappversions/status
patch jobs' "$(audited "$by_reconciler | select(.verb != \"get\" and .objectRef.resource != \"events\") |
		\"\\(.requestReceivedTimestamp) \\(.verb) \\(.objectRef.resource)\\(if .objectRef.subresource then \"/\" + .objectRef.subresource else \"\" end)\"" |
		sort | cut -d' ' -f2-)"
}

@test "the code of a function in keptn-system is copied to the application's namespace" {
	{
		ns=keptn-system plays "inline-$BATS_TEST_NUMBER" succeed '{deno: {inline: {code: "console.log(1)"}}}'
		ns=keptn-system plays "copied-$BATS_TEST_NUMBER" succeed "{python: {configMapRef: {name: code-$BATS_TEST_NUMBER}}}"
	} | apply
	kubectl create configmap -n keptn-system "code-$BATS_TEST_NUMBER" --from-literal=code='print(1)'
	delivered podtato-1 podtato 1.0.0 "inline-$BATS_TEST_NUMBER, copied-$BATS_TEST_NUMBER"
	promoted podtato-1
	for task in inline copied; do
		name=$(job_of podtato-1 "$task-$BATS_TEST_NUMBER")
		# It is deleted with the Job.
		same "Job $name $(job "$name" .metadata.uid)" "$(kubectl get configmap -n "$ns" "$name" -o json |
			jq -r '.metadata.ownerReferences[] | "\(.kind) \(.name) \(.uid)"')"
		same "$name" "$(job "$name" '.spec.template.spec.volumes[].configMap | select(.).name')"
	done
	same 'console.log(1)' "$(kubectl get configmap -n "$ns" "$(job_of podtato-1 "inline-$BATS_TEST_NUMBER")" -o json | jq -r .data.code)"
	same 'print(1)' "$(kubectl get configmap -n "$ns" "$(job_of podtato-1 "copied-$BATS_TEST_NUMBER")" -o json | jq -r .data.code)"
	kubectl delete -n "$ns" keptnappversion podtato-1
	kubectl wait -n "$ns" --for=delete job --all --timeout=60s
	collected() {
		[[ $(kubectl get configmaps -n "$ns" -o name) == configmap/kube-root-ca.crt ]]
	}
	eventually collected
}

@test "a definition that is too large to be kept is read again when its Job is made" {
	plays "large-$BATS_TEST_NUMBER" succeed \
		"{deno: {inline: {code: \"$(head -c 40000 /dev/zero | tr '\0' x)\"}}}" | apply
	delivered podtato-1 podtato 1.0.0 "large-$BATS_TEST_NUMBER"
	promoted podtato-1
	same 40000 "$(kubectl get configmap -n "$ns" "$(job_of podtato-1 "large-$BATS_TEST_NUMBER")" -o json |
		jq '.data.code | length')"
	audit_caught_up
	[[ $(audited "$by_reconciler | select(.verb == \"get\" and .objectRef.resource == \"keptntaskdefinitions\") |
		.objectRef.name") == *"large-$BATS_TEST_NUMBER"* ]]
}

@test "a promotion waits for code that does not exist yet" {
	ns=keptn-system plays "late-$BATS_TEST_NUMBER" succeed "{python: {configMapRef: {name: late-$BATS_TEST_NUMBER}}}" | apply
	delivered podtato-1 podtato 1.0.0 "late-$BATS_TEST_NUMBER"
	eventually has_event podtato-1 CreateTaskFailed "late-$BATS_TEST_NUMBER"
	kubectl create configmap -n keptn-system "late-$BATS_TEST_NUMBER" --from-literal=code='print(1)'
	promoted podtato-1
	ran_once podtato-1 "late-$BATS_TEST_NUMBER"
}

# --- several versions of an application -----------------------------------------------------------

@test "a committed promotion continues; of those that wait only the newest starts" {
	plays notify hang | apply
	delivered podtato-1 podtato 1.0.0 notify 1
	promoted podtato-1 Progressing
	delivered podtato-2 podtato 2.0.0 notify 2
	delivered podtato-3 podtato 3.0.0 notify 3
	others_are_promoted
	same 'Pending Pending' "$(kav podtato-2 .status.promotionStatus) $(kav podtato-3 .status.promotionStatus)"
	lets_end notify succeed
	promoted podtato-1
	promoted podtato-3 Progressing
	promoted podtato-2 Deprecated
	lets_end notify succeed
	promoted podtato-3
	audit_caught_up
	same "$(sort <<<"$(job_of podtato-1 notify)
$(job_of podtato-3 notify)")" "$(jobs_created notify)"
	items_are podtato-2 ''
}

@test "a version that is delivered after a newer one is not promoted" {
	plays notify succeed | apply
	version podtato-1 podtato 1.0.0 notify 1 | kubectl create -f -
	delivered podtato-2 podtato 2.0.0 notify 2
	promoted podtato-2
	promoted podtato-1 Deprecated
	deliver podtato-1
	promoted podtato-1 Deprecated
	ran_once podtato-2 notify
	same 1 "$(jobs_created notify | wc -l)"
}

@test "a failed version can't be retried once a newer version has started" {
	plays notify hang | apply
	delivered podtato-1 podtato 1.0.0 notify 1
	lets_end notify fail
	promoted podtato-1 Failed
	delivered podtato-2 podtato 2.0.0 notify 2
	lets_end notify succeed
	promoted podtato-2
	same podtato-2 "$(kav podtato-1 '.metadata.annotations["promogate.dev/superseded-by"]')"
	annotate podtato-1 promogate.dev/retry=2
	others_are_promoted
	same 'Failed Failed PromotionTasks' "$(state podtato-1)"
	same 2 "$(jobs_created notify | wc -l)"
}

@test "deprecated by the operator while it runs: the outcome is recorded, and Deprecated stays" {
	plays notify hang | apply
	delivered podtato-1 podtato 1.0.0 notify
	promoted podtato-1 Progressing
	kubectl patch -n "$ns" keptnappversion podtato-1 --subresource=status --type=merge \
		-p '{"status":{"promotionStatus":"Deprecated","status":"Deprecated"}}'
	lets_end notify succeed
	recorded() {
		items_are podtato-1 'notify Succeeded'
	}
	eventually recorded
	same 'Deprecated Deprecated PromotionTasks' "$(state podtato-1)"
	ran_once podtato-1 notify
}

# --- definitions ------------------------------------------------------------------------------------

@test "a missing definition is reported, and the promotion starts automatically once it exists" {
	plays tag succeed | apply
	delivered podtato-1 podtato 1.0.0 'tag, late'
	eventually has_event podtato-1 CreateTaskNotFound '"late"'
	# All or nothing.
	others_are_promoted
	same '' "$(jobs_created tag)"
	same 'Pending Succeeded Completed' "$(state podtato-1)"
	plays late succeed | apply
	promoted podtato-1
	ran_once podtato-1 tag late
	same 1 "$(events podtato-1 | grep -c CreateTaskNotFound)"
}

@test "a definition that does not come in time fails the promotion" {
	promoter_leads --definition-deadline=3s --since=2020-01-01T00:00:00Z --max-age=0
	plays tag succeed | apply
	version podtato-1 podtato 1.0.0 'tag, late' | kubectl create -f -
	deliver podtato-1 "$(date -u -d '2 hours ago' +%FT%TZ)"
	promoted podtato-1 Failed
	same 'Failed Failed PromotionTasks' "$(state podtato-1)"
	items_are podtato-1 'late Failed'
	eventually has_event podtato-1 PromotionTasksFailed 'late (no runnable KeptnTaskDefinition was created in time)'
	same '' "$(jobs_created)"
	# Once it exists, a retry is possible.
	plays late succeed | apply
	annotate podtato-1 promogate.dev/retry=2
	promoted podtato-1
	ran_once podtato-1 tag late
}

@test "the deadline takes effect without any other event" {
	promoter_leads --definition-deadline=3s
	delivered podtato-1 podtato 1.0.0 late
	promoted podtato-1 Failed
	items_are podtato-1 'late Failed'
}

# --- people -----------------------------------------------------------------------------------------

@test "a retry runs only the failed tasks" {
	{
		plays tag succeed
		plays notify hang
	} | apply
	delivered podtato-1 podtato 1.0.0 'tag, notify'
	lets_end notify fail
	promoted podtato-1 Failed
	# Only the next attempt can be requested.
	annotate podtato-1 promogate.dev/retry=3
	others_are_promoted
	same 'Failed Failed PromotionTasks' "$(state podtato-1)"
	annotate podtato-1 promogate.dev/retry=2
	lets_end notify succeed
	promoted podtato-1
	same 'Succeeded Succeeded Completed' "$(state podtato-1)"
	items_are podtato-1 'notify Succeeded' 'tag Succeeded'
	audit_caught_up
	same 1 "$(jobs_created tag | wc -l)"
	same 2 "$(jobs_created notify | wc -l)"
	[[ $(job_of podtato-1 notify) == notify-2-* ]]
	same 2 "$(job "$(job_of podtato-1 notify)" '.spec.template.spec.containers[0].env[] | select(.name == "PROMOGATE_ATTEMPT").value')"
}

@test "an abort while it runs: no pod is left, and it has failed" {
	{
		plays tag succeed
		plays notify hang
	} | apply
	delivered podtato-1 podtato 1.0.0 'tag, notify'
	tagged() {
		items_are podtato-1 'notify Progressing' 'tag Succeeded'
	}
	eventually tagged
	runs() {
		[[ $(kubectl get pods -n "$ns" -l promogate.dev/task=notify --field-selector=status.phase=Running -o name) == pod/* ]]
	}
	eventually runs
	annotate podtato-1 promogate.dev/abort=1
	promoted podtato-1 Failed
	items_are podtato-1 'notify Failed' 'tag Succeeded'
	eventually has_event podtato-1 PromotionTasksFailed abort
	gone() {
		[[ -z $(kubectl get jobs,pods -n "$ns" -l promogate.dev/task=notify -o name) ]]
	}
	eventually gone
	# A retry works.
	annotate podtato-1 promogate.dev/retry=2
	lets_end notify succeed
	promoted podtato-1
}

@test "an abort while it waits: it has failed, and nothing ran" {
	delivered podtato-1 podtato 1.0.0 late
	eventually has_event podtato-1 CreateTaskNotFound late
	annotate podtato-1 promogate.dev/abort=1
	promoted podtato-1 Failed
	plays late succeed | apply
	others_are_promoted
	same '' "$(jobs_created late)"
}

@test "a Job that is deleted has failed, and is not created again" {
	plays notify hang | apply
	delivered podtato-1 podtato 1.0.0 notify
	promoted podtato-1 Progressing
	kubectl delete -n "$ns" job "$(job_of podtato-1 notify)"
	promoted podtato-1 Failed
	items_are podtato-1 'notify Failed'
	same 1 "$(jobs_created notify | wc -l)"
}

@test "a version that is deleted while its tasks run: its Jobs are deleted too" {
	plays notify hang | apply
	delivered podtato-1 podtato 1.0.0 notify
	promoted podtato-1 Progressing
	same '[]' "$(kubectl get -n "$ns" keptnappversions,jobs -o json | jq -c '[.items[].metadata.finalizers // [] | .[]]')"
	kubectl delete -n "$ns" keptnappversion podtato-1 --timeout=60s
	gone() {
		[[ -z $(kubectl get jobs,pods -n "$ns" -o name) ]]
	}
	eventually gone
	others_are_promoted
}

@test "an application that is deleted: its versions and their Jobs are deleted too" {
	plays notify hang | apply
	kubectl create -n "$ns" -f - <<<'{apiVersion: lifecycle.keptn.sh/v1, kind: KeptnApp, metadata: {name: podtato}, spec: {version: 1.0.0}}'
	uid=$(kubectl get -n "$ns" keptnapp podtato -o jsonpath='{.metadata.uid}')
	version podtato-1 podtato 1.0.0 notify |
		sed "s/{name: podtato-1,/&ownerReferences: [{apiVersion: lifecycle.keptn.sh\/v1, kind: KeptnApp, name: podtato, uid: $uid, controller: true, blockOwnerDeletion: true}],/" |
		kubectl create -f -
	deliver podtato-1
	promoted podtato-1 Progressing
	kubectl delete -n "$ns" keptnapp podtato --cascade=foreground --timeout=60s
	gone() {
		[[ -z $(kubectl get keptnappversions,jobs,pods -n "$ns" -o name) ]]
	}
	eventually gone
}

@test "a namespace can be deleted while tasks run" {
	{
		plays notify hang
		plays tag hang '{deno: {inline: {code: "1"}}}'
	} | apply
	delivered podtato-1 podtato 1.0.0 'notify, tag'
	promoted podtato-1 Progressing
	delivered podtato-2 podtato 2.0.0 notify 2
	kubectl delete namespace "$ns" --timeout=120s
	pid=$(cat "$(process_home promoter)/pid")
	ns=$ns-after
	kubectl create namespace "$ns"
	others_are_promoted
	same "$pid" "$(cat "$(process_home promoter)/pid")"
}
