#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2317 # what bats and lib.bash set, and functions that are called by name
# Two replicas: one leads, the other is the standby; whatever happens to the leader, each task runs once.

load lib
load lib-promotion

setup_file() {
	promotion_up
}

setup() {
	cluster_use promotion
	namespace
	reconciler_stop promoter
}

teardown() {
	show_log first
	show_log second
	cut_end
	jobs_hang_no_more
	for name in first second; do
		process_kill "$name"
		rm -rf "$(process_home "$name")"
	done
	kubectl delete lease -n promogate-system --all
	kubectl delete keptnappversions --all --all-namespaces
}

stands_by() { # NAME
	process_ready "$1" && ! reconciler_leads "$1"
}

holder() {
	kubectl get lease -n promogate-system promogate-reconciler -o jsonpath='{.spec.holderIdentity}'
}

@test "one leads, the standby writes nothing; SIGTERM hands over at once" {
	# The Lease lasts for an hour: the standby can only lead because the leader released it.
	reconciler_start first --lease-duration=1h --renew-deadline=30m --retry-period=200ms
	eventually reconciler_leads first
	reconciler_start second --lease-duration=1h --renew-deadline=30m --retry-period=200ms
	eventually stands_by second
	same first "$(holder)"
	plays notify hang | apply
	delivered podtato-1 podtato 1.0.0 notify
	promoted podtato-1 Progressing
	process_signal first TERM
	eventually process_ended first
	same 0 "$(cat "$(process_home first)/exit")"
	eventually reconciler_leads second
	same second "$(holder)"
	lets_end notify succeed
	promoted podtato-1
	all_ran_once
}

@test "SIGTERM during a promotion: the Lease is released once its calls have ended" {
	reconciler_start first
	eventually reconciler_leads first
	plays notify succeed | apply
	jobs_hang "$ns" 3
	delivered podtato-1 podtato 1.0.0 notify
	busy() {
		(($(metric first promogate_workqueue_running) == 1))
	}
	eventually busy
	process_signal first TERM
	eventually process_ended first
	same 0 "$(cat "$(process_home first)/exit")"
	same '' "$(holder)"
	audit_caught_up
	local created released
	created=$(audited "$by_reconciler | select(.objectRef.resource == \"jobs\" and .verb == \"create\") | .stageTimestamp" | sort | tail -n 1)
	released=$(ns=promogate-system audited "$by_reconciler | select(.objectRef.resource == \"leases\") | .requestReceivedTimestamp" | sort | tail -n 1)
	echo "the last create ended at $created, the Lease was released at $released"
	[[ -n $created && $created < $released ]]
}

short=(--lease-duration=5s --renew-deadline=4s --retry-period=200ms)

@test "the leader is killed: the standby takes over when the Lease has expired" {
	reconciler_start first "${short[@]}"
	eventually reconciler_leads first
	reconciler_start second "${short[@]}"
	plays notify hang | apply
	delivered podtato-1 podtato 1.0.0 notify
	promoted podtato-1 Progressing
	process_kill first
	eventually reconciler_leads second
	lets_end notify succeed
	promoted podtato-1
	all_ran_once
}

# Holds the leader's next call until it wakes up: by then its plan is outdated.
sleeps_at() { # NUMBER
	{
		plays "first-$1" succeed
		plays "second-$1" succeed
		version "app-$1" "app-$1" 1 "first-$1, second-$1"
	} | kubectl create -f -
	cut_at "$1" stall "$(cat "$(process_home first)/pid")"
	deliver "app-$1"
	eventually test -s "$cut/fired"
	eventually reconciler_leads second
	promoted "app-$1"
	touch "$cut/go"
	process_signal first CONT
	eventually stands_by first
	process_runs first
}

@test "the leader is stopped beyond its Lease during a promotion, and continued: each task ran exactly once" {
	cut_through first
	reconciler_start first "${short[@]}"
	eventually reconciler_leads first
	for n in 1 3 4 5 7; do
		reconciler_start second "${short[@]}"
		eventually process_ready second
		sleeps_at "$n"
		reconciler_stop second
		eventually reconciler_leads first
	done
	all_ran_once
	nothing_is_left_over
}
