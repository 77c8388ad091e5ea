#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2317 # what bats and lib.bash set, and functions that are called by name
# The reconciler or the API server is killed at each call of a promotion in turn, or a reply is lost:
# by the audit log, exactly one Job of each task runs, and the version is promoted.

load lib
load lib-promotion

setup_file() {
	promotion_up
}

setup() {
	cluster_use promotion
	namespace
	reconciler_stop promoter
	cut_through victim
	victim_starts
}

teardown() {
	show_log victim
	tail -n 3 "$cut/fired" "$cut/calls" "$cut/log" || true
	"$root/hack/localcluster" --dir "$cluster" start-apiserver
	reconciler_stop victim
	cut_end
	rm -rf "$(process_home victim)"
	kubectl delete keptnappversions --all --all-namespaces
}

# With its former identity, so that it need not wait until its own Lease expires.
victim_starts() {
	reconciler_start victim --deno-image=deno --lease-duration=6s --renew-deadline=4s --retry-period=200ms
	eventually reconciler_leads victim
}

# A promotion of two tasks, cut at this call; returns 1 if it has fewer calls. One task is a function,
# and there is an older version to supersede.
promotion_cut_at() { # NUMBER MODE PID
	local app=$2-$1
	{
		plays "first-$app" succeed
		plays "second-$app" succeed '{retries: 0, deno: {inline: {code: "1"}}}'
		version "$app-old" "$app" 1 "first-$app" 1
		version "$app" "$app" 2 "first-$app, second-$app" 2
	} | kubectl create -f -
	cut_at "$@"
	# The API server may be killed before it answers this: the reconciler is as fast.
	deliver "$app" || [[ -s $cut/fired ]]
	eventually is_cut_or_over "$app"
	[[ -s $cut/fired ]]
}

is_cut_or_over() { # APP
	[[ -s $cut/fired ]] || is_over "$1"
}

# Nothing is left to do: its Jobs expire.
is_over() { # APP
	[[ $(kubectl get jobs -n "$ns" -l "promogate.dev/app=$1" -o json |
		jq '[.items[] | select(.spec.ttlSecondsAfterFinished)] | length') -eq 2 ]]
}

# Every version that was delivered succeeded, and its two tasks ran once; older ones never started.
all_is_well() { # PROMOTIONS
	same "$(printf 'Deprecated \nSucceeded Succeeded\n')" "$(kubectl get -n "$ns" keptnappversions -o json | jq -r '.items[].status |
		"\(.promotionStatus) \(if .promotionStatus == "Deprecated" then "" else .status end)"' | sort -u)"
	all_ran_once
	same $(($1 * 2)) "$(jobs_ran | wc -l)"
	nothing_is_left_over
}

# Kills the reconciler at each call in turn, until a promotion has fewer calls.
killed_at_each_call() { # MODE
	local n=1
	while promotion_cut_at "$n" "$1" "$(cat "$(process_home victim)/pid")"; do
		eventually process_ended victim
		victim_starts
		promoted "$1-$n"
		eventually is_over "$1-$n"
		n=$((n + 1))
	done
	# It creates two Jobs and a ConfigMap, supersedes a version, and so on: at least that many calls.
	((n > 10))
	all_is_well "$n"
}

@test "D2: killed before each call of a promotion in turn: each task ran exactly once" {
	killed_at_each_call before
}

@test "D2: killed after each call of a promotion in turn, its reply unread: each task ran exactly once" {
	killed_at_each_call after
}

@test "D2: the reply to each call of a promotion in turn is lost: each task ran exactly once" {
	local n=1
	while promotion_cut_at "$n" lost 0; do
		promoted "lost-$n"
		eventually is_over "lost-$n"
		n=$((n + 1))
	done
	((n > 10))
	all_is_well "$n"
}

@test "D2: the API server is killed in the middle of a promotion: each task ran exactly once" {
	local n modes=(after before)
	for n in 1 4 6 9; do
		promotion_cut_at "$n" "${modes[n % 2]}" "$(cut -d' ' -f1 "$cluster/run/kube-apiserver")"
		"$root/hack/localcluster" --dir "$cluster" start-apiserver
		eventually kubectl get -n "$ns" keptnappversions
		promoted "${modes[n % 2]}-$n"
	done
	process_runs victim
	all_is_well 4
}
