# shellcheck shell=bash disable=SC2154
# The demo's second half: promotions. Pods run until an annotation says how they end, so every
# step waits for what it shows, however fast or slow the machine is.

shown='custom-columns=NAME:.metadata.name,PHASE:.status.currentPhase,STATUS:.status.status,'
shown+='PROMOTION:.status.promotionStatus'

version_of() { # VERSION
	printf 'podtato-head-%s-6b86b273\n' "$1"
}

deliver() { # VERSION
	expect accepted created patched -- hack/demo.d/deliver podtato-dev podtato-head "$1"
}

# count KIND VERSION [FLAG...]: how many objects of KIND a version has
count() {
	kubectl get "$1" -n podtato-dev -l "promogate.dev/version=$2" --output name "${@:3}" | wc -l
}

# jobs_are VERSION NUMBER JQ-CONDITION: whether the condition holds for NUMBER Jobs of a version
jobs_are() {
	kubectl get jobs -n podtato-dev -l "promogate.dev/version=$1" -o json |
		jq -e "def is(\$type): any(.status.conditions[]?; .type == \$type and .status == \"True\");
			[.items[] | select($3)] | length == $2"
}

# Pods and Jobs both report it: the Job controller updates a Job only after it created the pod.
run_pods() { # VERSION NUMBER
	(($(count pods "$1" --field-selector status.phase=Running) == $2)) &&
		jobs_are "$1" "$2" ".status.active == 1 and (is(\"Suspended\") | not)"
}

promotion_is() { # VERSION STATE
	[[ $(kubectl get keptnappversion -n podtato-dev "$(version_of "$1")" \
		--output jsonpath='{.status.promotionStatus}') == "$2" ]]
}

# end_pods OUTCOME VERSION [TASK]: makes KWOK end the pods, or ends what runs in them
end_pods() {
	local selector=promogate.dev/version=$2${3:+,promogate.dev/task=$3}
	if [[ $node == real ]]; then
		end_containers "$1" "$selector"
		return
	fi
	expect accepted annotated -- kubectl annotate pods -n podtato-dev \
		-l "$selector" \
		--field-selector status.phase=Running --overwrite "promogate.dev/play=$1"
}

show_jobs() { # VERSION TEXT...
	expect shown "${@:2}" -- kubectl get jobs -n podtato-dev -l "promogate.dev/version=$1" \
		-L promogate.dev/task,promogate.dev/attempt
}

show_versions() { # TEXT...
	expect shown "$@" -- kubectl get keptnappversions -n podtato-dev -o "$shown"
}

show_events() { # VERSION TEXT...
	expect shown "${@:2}" -- kubectl get events -n podtato-dev \
		--field-selector "involvedObject.name=$(version_of "$1")" \
		-o custom-columns=TYPE:.type,REASON:.reason,MESSAGE:.message
}

has_event() { # VERSION REASON
	kubectl get events -n podtato-dev -o json --field-selector \
		"involvedObject.name=$(version_of "$1"),reason=$2" | jq -e '.items | length > 0'
}

kill_reconciler() {
	local RECONCILER_PID
	eval "$(hack/run-local --dir "$local" env | grep RECONCILER_PID)"
	expect accepted -- kill -KILL "$RECONCILER_PID"
}

start_reconciler() {
	expect shown -- hack/run-local --dir "$local" up
}

show_success() {
	title "A version is delivered: its three tasks run in parallel, each in a Job"
	show hack/demo.d/three.yaml
	expect accepted configured -- kubectl apply -f hack/demo.d/three.yaml
	printf '\n%sThis replaces Keptn'\''s operator, whose last write says that all phases before\n' "$dim"
	printf 'the promotion succeeded:%s\n\n' "$plain"
	deliver 1.0.0
	await "three pods run" run_pods 1.0.0 3
	show_jobs 1.0.0 open-pull-request tag-release notify-team Running
	show_versions Progressing

	title "…and when all have ended, the version's status has their outcome"
	end_pods succeed 1.0.0
	await "the promotion has succeeded" promotion_is 1.0.0 Succeeded
	show_versions 'Completed' 'Succeeded'
	await "an Event says so" has_event 1.0.0 PromotionTasksFinished
	show_events 1.0.0 PromotionTasksStarted PromotionTasksFinished
}

show_failures() {
	title "A task fails, and the others continue. The policy is Warn: the deployment succeeds"
	deliver 1.1.0
	await "three pods run" run_pods 1.1.0 3
	end_pods fail 1.1.0 notify-team
	await "one Job has failed" jobs_are 1.1.0 1 'is("Failed")'
	show_jobs 1.1.0 Failed Running
	show_versions Progressing
	end_pods succeed 1.1.0
	await "the promotion ends with a warning" promotion_is 1.1.0 Warning
	show_jobs 1.1.0 Complete Failed
	show_versions Warning

	title "The policy is Block: the deployment fails"
	expect accepted annotated -- kubectl annotate keptnappcontext podtato-head -n podtato-dev \
		--overwrite promogate.dev/on-failure=Block
	deliver 1.2.0
	await "three pods run" run_pods 1.2.0 3
	end_pods fail 1.2.0 notify-team
	await "one Job has failed" jobs_are 1.2.0 1 'is("Failed")'
	end_pods succeed 1.2.0
	await "the promotion has failed" promotion_is 1.2.0 Failed
	show_versions Failed
	await "an Event says so" has_event 1.2.0 PromotionTasksFailed
	show_events 1.2.0 PromotionTasksFailed

	title "A retry runs only the failed task again"
	expect accepted annotated -- kubectl annotate keptnappversion "$(version_of 1.2.0)" \
		-n podtato-dev promogate.dev/retry=2
	await "one pod runs" run_pods 1.2.0 1
	end_pods succeed 1.2.0
	await "the promotion has succeeded" promotion_is 1.2.0 Succeeded
	(($(count jobs 1.2.0) == 4)) || unexpected "three tasks and one retry should be four Jobs"
	show_jobs 1.2.0 Failed Complete
	show_versions Succeeded
}

show_crashes() {
	title "A quota has no room for the last Job: nothing starts, the version says why, and the reconciler is killed"
	expect accepted created -- kubectl create quota short -n podtato-dev \
		--hard="count/jobs.batch=$(($(kubectl get jobs -n podtato-dev -o name | wc -l) + 2))"
	await "the quota counts" quota_counts
	deliver 1.3.0
	await "the version says why it waits" waits_for_quota 1.3.0
	await "its Jobs leave the quota to others" jobs_are_gone 1.3.0
	kill_reconciler
	expect shown 'exceeded quota' -- kubectl get keptnappversion "$(version_of 1.3.0)" -n podtato-dev \
		-o 'jsonpath={.metadata.annotations.promogate\.dev/waiting}'
	expect accepted deleted -- kubectl delete quota short -n podtato-dev
	start_reconciler
	await "three pods run" run_pods 1.3.0 3

	title "…and again while the tasks run, so that they end unobserved"
	kill_reconciler
	end_pods succeed 1.3.0
	await "three Jobs are complete" jobs_are 1.3.0 3 'is("Complete")'
	show_versions Progressing
	start_reconciler
	await "the promotion has succeeded" promotion_is 1.3.0 Succeeded
	show_versions

	title "Nothing ran twice: three tasks, three Jobs, three pods"
	show_jobs 1.3.0 Complete
	expect shown Completed -- kubectl get pods -n podtato-dev -l promogate.dev/version=1.3.0
	(($(count jobs 1.3.0) == 3)) || unexpected "three tasks should be three Jobs"
	(($(count pods 1.3.0) == 3)) || unexpected "three Jobs should be three pods"
}

# The quota controller sets .status.used; until then the quota rejects everything.
quota_counts() {
	kubectl get quota short -n podtato-dev -o json | jq -e '.status.used["count/jobs.batch"]'
}

waits_for_quota() { # VERSION
	kubectl get keptnappversion "$(version_of "$1")" -n podtato-dev -o json |
		jq -e '.metadata.annotations["promogate.dev/waiting"] // "" | contains("exceeded quota")'
}

jobs_are_gone() { # VERSION
	(($(count jobs "$1") == 0))
}

show_promotion() {
	show_success
	show_failures
	show_crashes
}
