#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2317 # what bats and lib.bash set, and functions that are called by name
# A proxy between the reconciler and the API server that cuts, swallows or refuses (cut.py).

load lib
load lib-promotion

setup_file() {
	promotion_up
}

setup() {
	cluster_use promotion
	namespace
	reconciler_stop promoter
	cut_through first
	reconciler_start first --lease-duration=2s --renew-deadline=1500ms --retry-period=200ms
	eventually reconciler_leads first
}

teardown() {
	show_log first
	cut_end
	process_kill first
	rm -rf "$(process_home first)"
	kubectl delete lease -n promogate-system --all
	kubectl delete keptnappversions --all --all-namespaces
}

counted() { # MINIMUM NAME TEXT: so many lines of this file of the proxy have this text
	local lines
	lines=$(grep -cF -- "$3" "$cut/$2")
	printf '%s\n' "$lines"
	((lines >= $1))
}

@test "a proxy cuts each watch after three seconds: the next one starts at once" {
	# With pauses that grow, this would take longer than eventually waits.
	echo 3 >"$cut/cut-watches"
	eventually counted 10 cuts /keptnconfigs
	plays notify succeed | kubectl create -f -
	delivered podtato-1 podtato 1.0.0 notify
	promoted podtato-1
	all_ran_once
}

@test "a proxy keeps the watches open and forwards nothing: this is noticed within 90 seconds" {
	plays notify succeed | kubectl create -f -
	touch "$cut/swallow"
	delivered podtato-1 podtato 1.0.0 notify
	E2E_PATIENCE=150 promoted podtato-1
	reconciler_leads first
	all_ran_once
}

lease() { # JSONPATH
	kubectl get lease -n promogate-system promogate-reconciler -o jsonpath="{.spec.$1}"
}

# Leading lasts for 1.5 s without a renewal.
renewed_for() { # SECONDS SINCE
	((EPOCHSECONDS >= $2 + $1)) && reconciler_leads first &&
		(($(date -d "$(lease renewTime)" +%s) >= $2 + $1))
}

@test "creates of Jobs are refused with 429 and Retry-After: the leader stays, and other namespaces go on" {
	local refused=$ns other=$ns-other transitions
	transitions=$(lease leaseTransitions)
	plays notify succeed | kubectl create -f -
	echo "^POST .*/namespaces/$refused/jobs" >"$cut/refuse"
	delivered podtato-1 podtato 1.0.0 notify
	eventually counted 1 refused /jobs
	eventually renewed_for 5 "$EPOCHSECONDS"

	kubectl create namespace "$other"
	ns=$other
	plays notify succeed | kubectl create -f -
	delivered quiet-1 quiet 1.0.0 notify
	promoted quiet-1
	all_ran_once

	ns=$refused
	[[ $(state podtato-1) == Pending* ]]
	rm "$cut/refuse"
	promoted podtato-1
	all_ran_once
	same "$transitions" "$(lease leaseTransitions)"
	same 0 "$(grep -c 'stopped leading' "$(process_home first)/log" || true)"
}
