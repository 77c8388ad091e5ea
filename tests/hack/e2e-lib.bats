#!/usr/bin/env bats
# What the end-to-end tests do about programs that crash.

load ../e2e/lib

setup() {
	export E2E_DIR=$BATS_TEST_TMPDIR
	mkdir -p "$(process_home main)"
}

# A program that serves, and then ends with this status.
ends_with() { # STATUS
	process_start main sh -c "echo '{\"msg\":\"serving\",\"port\":1,\"plainPort\":2}'; exit $1"
	eventually process_ended main
}

@test "a program that crashed is reported, and can't be started again" {
	ends_with 99
	run -1 nothing_crashed
	[[ $output == 'main exited with 99; the end of its log:'* ]]
	run -1 process_start main true
}

@test "a program that a test ended can be started again" {
	ends_with 0
	ends_with 137
	nothing_crashed
}
