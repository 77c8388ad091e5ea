# shellcheck shell=bash
# Runs once around all files of a run. The control plane and the webhook that most files share are
# started by the first file that asks for them (shared_up in lib.bash), and end here.

setup_suite() {
	export E2E_DIR=$BATS_RUN_TMPDIR/e2e
	mkdir -p "$E2E_DIR"
}

teardown_suite() {
	# shellcheck source=tests/e2e/lib.bash
	. "$BATS_TEST_DIRNAME/lib.bash"
	local home
	for home in "$E2E_DIR"/processes/*/; do
		[[ ! -d $home ]] || process_kill "$(basename "$home")"
		[[ ! -e $home/cut/pid ]] || kill "$(cat "$home/cut/pid")" || true
	done
	for home in "$E2E_DIR"/clusters/*/; do
		[[ ! -d $home ]] || "$root/hack/localcluster" --dir "$home" down
	done
	nothing_crashed
}
