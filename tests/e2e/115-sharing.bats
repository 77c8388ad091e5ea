#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031,SC2154,SC2317 # what bats and lib.bash set, in each test anew, and functions that are called by name
# What applications and namespaces share: a quota, calls and plans. One of them never costs the others.

load lib
load lib-promotion

# A task whose Job, and its place in a quota, is gone as soon as its outcome is recorded.
brief='{retries: 0, ttlSecondsAfterFinished: 0, container: {name: task, image: promote}}'

setup_file() {
	promotion_up
}

setup() {
	cluster_use promotion
	promoter_leads
	namespace
}

teardown() {
	show_log promoter
	jobs_hang_no_more
	kubectl delete keptnappversions --all --all-namespaces
}

# A quota on Jobs in $ns, which the API server applies from now on.
quota() { # COUNT
	kubectl create quota jobs -n "$ns" --hard="count/jobs.batch=$1"
	counted() {
		[[ $(kubectl get quota jobs -n "$ns" -o jsonpath='{.status.hard.count/jobs\.batch}') == "$1" ]]
	}
	eventually counted "$1"
}

@test "applications of one namespace do not lock each other out of its quota" {
	local round of=$ns
	for round in {1..10}; do
		ns=$of-$round
		kubectl create namespace "$ns"
		quota 3
		for task in a b c d e f; do plays "$task" succeed "$brief"; done | apply
	done
	# Both at once, so that each gets some of the three Jobs.
	for round in {1..10}; do
		ns=$of-$round
		{
			version one-1 one 1 'a, b, c'
			version two-1 two 1 'd, e, f'
		} | kubectl create -f -
		deliver one-1 &
		deliver two-1
		wait $!
	done
	for round in {1..10}; do
		ns=$of-$round
		E2E_PATIENCE=180 promoted one-1
		E2E_PATIENCE=180 promoted two-1
		all_ran_once
	done
}

@test "a version with more tasks than its quota allows says so, and others of its namespace continue" {
	quota 2
	for task in a b c d; do plays "$task" succeed "$brief"; done | apply
	delivered large-1 large 1 'a, b, c'
	eventually has_event large-1 CreateTaskFailed 'exceeded quota'
	delivered small-1 small 1 d
	promoted small-1
	delivered small-2 small 2 d 2
	promoted small-2
	same 'Pending Succeeded Completed' "$(state large-1)"
	same '' "$(jobs_ran a)$(jobs_ran b)$(jobs_ran c)"
	kubectl delete quota jobs -n "$ns"
	E2E_PATIENCE=120 promoted large-1
	all_ran_once
}

@test "a namespace whose Jobs hang in a webhook does not hold up another one" {
	local noisy=$ns-noisy quiet=$ns app apps=()
	kubectl create namespace "$noisy"
	for app in {1..60}; do apps+=("app-$app"); done
	ns=$noisy
	for task in a b; do plays "$task" succeed; done | apply
	ns=$quiet
	plays notify succeed | apply
	jobs_hang "$noisy" 25
	# All at once: they are delivered while nothing promotes them.
	reconciler_stop promoter
	ns=$noisy
	for app in "${apps[@]}"; do version "$app" "$app" 1 'a, b'; done | kubectl create -f -
	printf '%s\n' "${apps[@]}" | xargs -P 8 -n 1 bash -c "$(declare -f deliver); ns=$noisy deliver \"\$1\"" deliver
	promoter_leads
	busy() {
		(($(metric promoter promogate_workqueue_running) >= 30))
	}
	eventually busy
	ns=$quiet
	delivered podtato-1 podtato 1 notify
	promoted podtato-1
	audit_caught_up
	# By then no call of the other namespace had ended: it did not wait for one.
	answered() {
		ns=$noisy audited "$by_reconciler | select(.objectRef.resource == \"jobs\" and .verb == \"create\") | .requestReceivedTimestamp"
	}
	same '' "$(answered)"
	# Neither later, when its calls have failed and are repeated.
	some_are_answered() {
		[[ -n $(answered) ]]
	}
	eventually some_are_answered
	delivered podtato-2 podtato 2 notify 2
	promoted podtato-2
	# It continues as well once the webhook is gone.
	jobs_hang_no_more
	ns=$noisy
	E2E_PATIENCE=120 promoted app-1
}
