# shellcheck shell=bash disable=SC2154
# The demo's third part: policies. The webhooks see a policy milliseconds after it is applied, so each
# step waits until they do.

# policy_does ACTIONS: applies the policy "production" with these actions
policy_does() {
	expect warned patched -- kubectl patch promotionpolicy production --type=merge \
		--patch "{\"spec\":{\"validationActions\":[$1]}}"
}

# dry_run_says TEXT: what the webhook answers to the context without the required task
dry_run_says() {
	local output
	output=$(kubectl apply --dry-run=server -f hack/demo.d/without-pull-request.yaml 2>&1) || true
	[[ $output == *"$1"* ]]
}

# Counted by whole seconds: a version that is delivered in the same one is not later.
counts_since_before() {
	local since
	since=$(kubectl get promotionpolicy audit-trail -o jsonpath='{.status.addedSince[0].since}')
	[[ -n $since ]] && (($(date +%s) > $(date --date "$since" +%s)))
}

show_adoption() {
	local context=hack/demo.d/without-pull-request.yaml
	title "A policy says what it would do before it does it"
	expect accepted labeled -- kubectl label namespace podtato-dev --overwrite stage=production
	show hack/demo.d/production-policy.yaml
	await "the webhook knows the label" preview_finds_contexts
	expect warned 'would deny' 'podtato-dev/podtato-api' \
		-- kubectl apply --dry-run=server -f hack/demo.d/production-policy.yaml

	title "The same context under Audit, Warn and Deny"
	show "$context"
	expect warned created -- kubectl apply -f hack/demo.d/production-policy.yaml
	expect accepted created -- kubectl apply -f "$context"
	expect accepted deleted -- kubectl delete -f "$context"
	policy_does '"Warn"'
	await "the webhook warns" dry_run_says Warning:
	expect warned 'policy "production"' -- kubectl apply -f "$context"
	expect accepted deleted -- kubectl delete -f "$context"
	policy_does '"Deny"'
	await "the webhook denies" dry_run_says 'is invalid'
	expect rejected 'policy "production"' 'open-pull-request' 'see the wiki page' \
		-- kubectl apply -f "$context"
}

preview_finds_contexts() {
	local output
	output=$(kubectl apply --dry-run=server -f hack/demo.d/production-policy.yaml 2>&1) || true
	[[ $output == *podtato-api* ]]
}

show_optional() {
	title "An optional task fails: the promotion ends with a warning, though the application blocks"
	expect accepted annotated -- kubectl annotate keptnappcontext podtato-head -n podtato-dev \
		--overwrite promogate.dev/on-failure=Block promogate.dev/optional-tasks=notify-team
	deliver 1.4.0
	await "three pods run" run_pods 1.4.0 3
	expect shown Block Warn optional-tasks -- kubectl get jobs -n podtato-dev \
		-l promogate.dev/version=1.4.0 -o "$decided"
	end_pods fail 1.4.0 notify-team
	await "one Job has failed" jobs_are 1.4.0 1 'is("Failed")'
	end_pods succeed 1.4.0
	await "the promotion ends with a warning" promotion_is 1.4.0 Warning
	show_versions Warning
}

decided='custom-columns=TASK:.metadata.labels.promogate\.dev/task,'
decided+='ON-FAILURE:.metadata.annotations.promogate\.dev/on-failure,'
decided+='DECIDED-BY:.metadata.annotations.promogate\.dev/decided-by'

show_added() {
	title "A policy adds a task to every promotion, also where there is no KeptnAppContext"
	show hack/demo.d/audit-trail.yaml
	kubectl get namespace keptn-system >/dev/null 2>&1 || kubectl create namespace keptn-system >/dev/null
	expect warned created -- kubectl apply -f hack/demo.d/audit-trail.yaml
	await "the policy counts" counts_since_before
	expect accepted created patched -- hack/demo.d/deliver podtato-dev podtato-cron 1.5.0
	await "one pod runs" run_pods 1.5.0 1
	show_jobs 1.5.0 audit-trail
	end_pods succeed 1.5.0
	await "the promotion has succeeded" cron_succeeded
	expect accepted deleted -- kubectl delete promotionpolicy audit-trail
}

cron_succeeded() {
	[[ $(kubectl get keptnappversion -n podtato-dev podtato-cron-1.5.0-6b86b273 \
		--output jsonpath='{.status.promotionStatus}') == Succeeded ]]
}

show_protection() {
	title "A definition that is in use can't be deleted where a policy protects it"
	expect rejected podtato-head \
		-- kubectl delete keptntaskdefinition open-pull-request -n podtato-dev
	expect accepted deleted -- kubectl delete promotionpolicy production
}

show_policies() {
	show_adoption
	show_optional
	show_added
	show_protection
}
