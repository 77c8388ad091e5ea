#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2317 # what bats and lib.bash set, and functions that are called by name
# 100 policies and 10 000 contexts, in a control plane of their own: the webhook decides as it does
# with few.

load lib

policies=100
contexts=10000

# One policy for each team; the last two match every context.
make_policies() {
	local i
	for ((i = 0; i < policies - 2; i++)); do
		policy "team-$i" "appSelector: {matchLabels: {team: team-$i}}" 'required: [{name: notify, source: Any}]'
	done
	policy defaults '' 'default: [open-pull-request, notify]'
	policy maximum '' 'max: 2'
}

policy() { # NAME SELECTOR TASKS
	cat <<-EOF
		---
		apiVersion: promogate.dev/v1alpha1
		kind: PromotionPolicy
		metadata: {name: $1}
		spec:
		  namespaceSelector: {}
		  $2
		  validationActions: [Deny]
		  promotionTasks: {$3}
	EOF
}

setup_file() {
	cluster_up many
	kinds_create
	kubectl create namespace shop
	python3 "$BATS_TEST_DIRNAME/many.py" "$CLUSTER_SERVER" "$CLUSTER_CA" "$CLUSTER_TOKEN" shop "$contexts"
	make_policies | kubectl create -f -
	webhook_start many
	eventually process_ready many
	register many
}

setup() {
	cluster_use many
	ns=shop
}

teardown() {
	show_log many
}

teardown_file() {
	process_kill many
	cluster_use many
	"$root/hack/localcluster" --dir "$cluster" down
}

promotes_only_a_pull_request() { # NAME
	kubectl patch keptnappcontext -n "$ns" "$1" --type=merge -p '{"spec":{"promotionTasks":["open-pull-request"]}}'
}

@test "the webhook knows all of them" {
	same "$policies" "$(metric many promogate_cache_objects 'resource="promotionpolicies"')"
	same "$contexts" "$(metric many promogate_cache_objects 'resource="keptnappcontexts"')"
}

@test "each policy decides about what it matches, and about nothing else" {
	{
		definition notify
		definition open-pull-request
	} | says '' apply
	context new '{}' | kubectl create -f -
	same 'open-pull-request notify' "$(stored new '.spec.promotionTasks | join(" ")')"
	run -1 promotes_only_a_pull_request app-7
	[[ $output == *'policy "team-7": requires the task "notify"'* ]]
	[[ $output != *'policy "team-8"'* ]]
	promotes_only_a_pull_request app-98
}

@test "a change of one policy is noticed among all of them" {
	kubectl patch promotionpolicy team-7 --type=merge -p '{"spec":{"validationActions":["Audit"]}}'
	eventually promotes_only_a_pull_request app-7
	run -1 promotes_only_a_pull_request app-8
	[[ $output == *'policy "team-8": requires the task "notify"'* ]]
}

@test "a policy says what it would do to them, or how many it looked at in time" {
	run -0 kubectl apply --dry-run=server -f - < <(policy strict '' 'required: [{name: sign, source: Any}]')
	[[ $output =~ 'Warning: would deny '([0-9]+)' of '([0-9]+)' KeptnAppContexts' ]]
	same "${BASH_REMATCH[2]}" "${BASH_REMATCH[1]}"
	[[ $output == *'(looked at the first '* ]] || ((BASH_REMATCH[1] > contexts))
}

@test "no request timed out" {
	same 0 "$(metric many promogate_admission_requests_total 'verdict="error"')"
}
