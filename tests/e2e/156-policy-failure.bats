#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2317 # what bats and lib.bash set, and functions that are called by name
# PromotionPolicies at run time: what a failed task means, and which versions do not start.

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
}

teardown() {
	show_log promoter
	kubectl delete promotionpolicies,keptnappversions,keptnappcontexts --all --all-namespaces
}

# policy NAME MEMBER...: one that denies, in $ns
policy() {
	cat <<-EOF
		---
		apiVersion: promogate.dev/v1alpha1
		kind: PromotionPolicy
		metadata: {name: $1}
		spec:
		  namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: $ns}}
		  validationActions: [Deny]
	EOF
	printf '  %s\n' "${@:2}"
}

# Waits until the reconciler knows all objects of this kind.
knows() { # RESOURCE
	knows_now() {
		same "$(kubectl get "$1" --all-namespaces -o name | wc -l)" \
			"$(metric promoter promogate_cache_objects "resource=\"$1\"")"
	}
	eventually knows_now "$1"
}

# replaces OLD NAME MEMBER...: so that the number of policies stays the same
replaces() {
	kubectl delete promotionpolicy "$1"
	knows promotionpolicies
	policy "${@:2}" | apply
	knows promotionpolicies
}

# What the Job of a task carries, and who decided it.
carries() { # VERSION TASK
	job "$(job_of "$1" "$2")" '"\(.spec.template.spec.containers[0].env[] | select(.name == "PROMOGATE_ON_FAILURE").value) by " +
		.metadata.annotations["promogate.dev/decided-by"]'
}

waits() { # NAME TEXT
	local text
	text=$(kav "$1" '.metadata.annotations["promogate.dev/waiting"] // ""')
	printf '%s\n' "$text"
	[[ $text == "$2" ]]
}

@test "an optional task fails: the promotion ends with a warning; any other one fails it" {
	{
		plays tag succeed
		plays notify fail
		context podtato '{}' '{promogate.dev/optional-tasks: "other, notify"}'
	} | apply
	knows keptnappcontexts
	delivered podtato-1 podtato 1 'tag, notify'
	promoted podtato-1 Warning
	same 'Block by default' "$(carries podtato-1 tag)"
	same 'Warn by the annotation promogate.dev/optional-tasks of the KeptnAppContext' "$(carries podtato-1 notify)"
	eventually has_event podtato-1 PromotionTasksFailed \
		'The version succeeds with a warning, on-failure: Warn (the annotation promogate.dev/optional-tasks of the KeptnAppContext).'
	plays tag fail | apply
	knows keptntaskdefinitions
	delivered podtato-2 podtato 2 'notify, tag'
	promoted podtato-2 Failed
	eventually has_event podtato-2 PromotionTasksFailed 'The version fails, on-failure: Block for tag (default).'
}

@test "a policy decides what no application does, and limits what one may choose" {
	policy prod 'onFailure: {allowed: [Block], tasks: [{names: ["notify-*"], default: Warn, allowed: [Block, Warn]}]}' | apply
	{
		plays notify-team fail
		plays tag fail
		context strict '{}' '{promogate.dev/on-failure: Warn}'
	} | apply
	knows promotionpolicies
	knows keptnappcontexts
	delivered podtato-1 podtato 1 notify-team
	promoted podtato-1 Warning
	same 'Warn by policy prod@1' "$(carries podtato-1 notify-team)"
	eventually has_event podtato-1 PromotionTasksFailed 'on-failure: Warn (policy prod@1)'
	# Its choice is allowed for one task, and skipped for the other one.
	delivered strict-1 strict 1 'notify-team, tag'
	promoted strict-1 Failed
	same 'Warn by the annotation promogate.dev/on-failure of the KeptnAppContext' "$(carries strict-1 notify-team)"
	same 'Block by default' "$(carries strict-1 tag)"
}

@test "a policy that changes in the middle of a promotion changes nothing of it, and counts for the next attempt" {
	policy before 'onFailure: {default: Warn}' | apply
	{
		plays first fail
		plays second hang
	} | apply
	knows promotionpolicies
	delivered podtato-1 podtato 1 'first, second'
	promoted podtato-1 Progressing
	failed_first() {
		items podtato-1 | grep -Fx 'first Failed'
	}
	eventually failed_first
	# It would refuse this version, too.
	replaces before after 'onFailure: {default: Block}' 'promotionTasks: {required: [{name: audit, source: Any}]}'
	same 'second Progressing' "$(items podtato-1 | tail -n 1)"
	# Its Job stays until the outcome that follows from it is recorded.
	same null "$(job "$(job_of podtato-1 first)" .spec.ttlSecondsAfterFinished)"
	lets_end second succeed
	promoted podtato-1 Warning
	expires() {
		same 300 "$(job "$(job_of podtato-1 first)" .spec.ttlSecondsAfterFinished)"
	}
	eventually expires
	eventually has_event podtato-1 PromotionTasksFailed 'on-failure: Warn (policy before@1)'
	replaces after later 'onFailure: {default: Block}'
	annotate podtato-1 promogate.dev/retry=2
	promoted podtato-1 Failed
	same 'Block by policy later@1' "$(carries podtato-1 first)"
	all_ran() {
		same 2 "$(jobs_ran first | wc -l)" && same 1 "$(jobs_ran second | wc -l)"
	}
	audit_caught_up
	eventually all_ran
}

@test "a version that a policy refuses waits, says why, and starts once it may" {
	policy prod 'message: see the wiki' 'promotionTasks: {required: [{name: audit, source: Any}], max: 1}' | apply
	{
		plays tag succeed
		plays notify fail
	} | apply
	knows promotionpolicies
	delivered podtato-1 podtato 1 'tag, notify'
	why='spec.promotionTasks: Too many: 2: policy "prod": must have at most 1 items; combine several tasks into one (see the wiki); '
	why+='spec.promotionTasks: Required value: policy "prod": requires the task "audit"; add it to spec.promotionTasks (see the wiki)'
	why+='. It starts automatically once it may'
	eventually waits podtato-1 "PolicyDenied: $why"
	eventually has_event podtato-1 PromotionTasksRefused "podtato 1 waiting: $why"
	same 'PromotionTasksRefused Warning' "$(events podtato-1)"
	same 1 "$(metric promoter promogate_promotions_waiting 'reason="PolicyDenied"')"
	audit_caught_up
	same '' "$(jobs_created)"
	kubectl delete promotionpolicy prod
	promoted podtato-1 Failed
	# A retry is judged, too.
	policy prod 'promotionTasks: {allowed: [tag]}' | apply
	knows promotionpolicies
	annotate podtato-1 promogate.dev/retry=2
	eventually waits podtato-1 'PolicyDenied: spec.promotionTasks[1]: Unsupported value: "notify": policy "prod": allows only "tag"; remove this one. It starts automatically once it may'
	plays notify succeed | apply
	# Another way out: the policy does not select its namespace any more.
	kubectl patch promotionpolicy prod --type=merge -p '{"spec": {"namespaceSelector": {"matchLabels": {"stage": "prod"}}}}'
	promoted podtato-1
	all_ran_twice() {
		same 2 "$(jobs_ran notify | wc -l)" && same 1 "$(jobs_ran tag | wc -l)"
	}
	audit_caught_up
	eventually all_ran_twice
}

@test "the labels of a namespace decide which policies refuse its versions" {
	policy prod 'promotionTasks: {allowed: []}' | sed 's/kubernetes.io.metadata.name: .*}}/stage: prod}}/' | apply
	plays tag succeed | apply
	kubectl label namespace "$ns" stage=prod
	knows promotionpolicies
	delivered podtato-1 podtato 1 tag
	eventually waits podtato-1 'PolicyDenied: spec.promotionTasks[0]: Unsupported value: "tag": policy "prod": allows no tasks; remove it. It starts automatically once it may'
	kubectl label namespace "$ns" stage=dev --overwrite
	promoted podtato-1
}
