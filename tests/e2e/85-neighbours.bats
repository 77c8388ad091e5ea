#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2317 # what bats and lib.bash set, and functions that are called by name
# One namespace floods the webhook with requests that need live look-ups; others get their answers.

load lib

setup_file() {
	shared_up
}

setup() {
	namespace
	stop=$BATS_TEST_TMPDIR/stop
}

teardown() {
	touch "$stop"
	[[ ! ${flooding:-} ]] || wait "$flooding"
	show_log main
}

flood() {
	python3 "$BATS_TEST_DIRNAME/flood.py" "$CLUSTER_SERVER" "$CLUSTER_CA" "$CLUSTER_TOKEN" "$ns" 150 "$stop" \
		>"$BATS_TEST_TMPDIR/flood" 2>&1 3>&- &
	flooding=$!
}

@test "a namespace that floods with look-ups does not make the contexts of another fail" {
	flood
	floods() {
		[[ $(metric main promogate_admission_waiting) -gt 20 ]]
	}
	eventually floods
	kubectl create namespace "$ns-quiet"
	# Neither the cache nor a look-up of the flood knows these definitions.
	for i in $(seq 20); do
		{
			ns=$ns-quiet definition "task-$i"
			ns=$ns-quiet promotes "app-$i" "task-$i"
		} | says '' apply
	done
	# It was in full swing until now.
	[ "$(metric main promogate_admission_waiting)" -gt 20 ]
}
