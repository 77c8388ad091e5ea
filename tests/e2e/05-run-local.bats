#!/usr/bin/env bats
# hack/run-local: starts both programs as processes beside a cluster, and removes them again.

bats_require_minimum_version 1.5.0

root=$BATS_TEST_DIRNAME/../..
localcluster=$root/hack/localcluster
run_local=$root/hack/run-local

setup_file() {
	export PROMOGATE_CLUSTER_DIR=$BATS_FILE_TMPDIR/cluster
	export PROMOGATE_LOCAL_DIR=$BATS_FILE_TMPDIR/local
	export PROMOGATE_WEBHOOK=${PROMOGATE_WEBHOOK:-$root/build/release/promogate-webhook}
	export PROMOGATE_RECONCILER=${PROMOGATE_RECONCILER:-$root/build/release/promogate-reconciler}
	"$localcluster" up
}

teardown_file() {
	eval "$("$localcluster" env)"
	"$run_local" down
	"$localcluster" down
}

setup() {
	eval "$("$localcluster" env)"
}

# eventually COMMAND...: waits until it succeeds. status needs that: a replica that starts to lead is
# not ready for a moment, though it was as a standby.
eventually() {
	local end=$((SECONDS + 120))
	until "$@"; do
		((SECONDS < end)) || return 1
		sleep 0.2
	done
}

# The current pids of both.
pids() {
	"$run_local" env | grep PID
}

@test "up: both are ready and have only their own permissions, and the webhook is registered" {
	run -0 "$run_local" up
	eventually "$run_local" status
	for program in webhook reconciler; do
		run -0 kubectl --kubeconfig "$PROMOGATE_LOCAL_DIR/promogate-$program.kubeconfig" auth whoami
		[[ $output == *"system:serviceaccount:promogate-system:promogate-$program"* ]]
	done
	eventually kubectl get lease promogate-reconciler -n promogate-system
	kubectl get promotionpolicies
	eval "$("$run_local" env)"
	curl -fsS "http://127.0.0.1:$PLAIN_PORT/metrics"
	curl -fsS "http://127.0.0.1:$RECONCILER_PORT/metrics"
	run -0 "$run_local" logs reconciler
	[[ $output == *'"msg":"serving"'* ]]
}

@test "up again restarts only the program that gets another flag" {
	before=$(pids)
	run -0 "$run_local" up
	[[ $(pids) == "$before" ]]
	run -0 "$run_local" up --reconciler-flag --log-level=debug
	[[ $(pids | grep WEBHOOK) == "$(grep WEBHOOK <<<"$before")" ]]
	[[ $(pids | grep RECONCILER) != "$(grep RECONCILER <<<"$before")" ]]
}

@test "up after a crash starts what is missing" {
	eval "$("$run_local" env)"
	kill -KILL "$RECONCILER_PID"
	is_missed() {
		[[ $("$run_local" status) == *"promogate-reconciler is not running"* ]]
	}
	eventually is_missed
	run -3 "$run_local" status
	"$run_local" up
	[[ $(pids | grep WEBHOOK) == *"=$WEBHOOK_PID" ]]
	eventually "$run_local" status
}

@test "restart replaces both, with the same settings" {
	before=$(pids)
	"$run_local" up --reconciler-flag --log-level=debug
	"$run_local" restart
	[[ $(pids | grep WEBHOOK) != "$(grep WEBHOOK <<<"$before")" ]]
	[[ $(pids | grep RECONCILER) != "$(grep RECONCILER <<<"$before")" ]]
	grep -q log-level=debug "$PROMOGATE_LOCAL_DIR/settings"
	eventually "$run_local" status
}

@test "an unknown flag makes up fail with the program's message, and nothing stays registered" {
	run -1 "$run_local" up --reconciler-flag --no-such-flag
	[[ $output == *"no-such-flag"* ]]
	[[ -z $(kubectl get validatingwebhookconfigurations -o name) ]]
	"$run_local" up
}

@test "down leaves the kinds and nothing else" {
	"$run_local" down
	[[ -z $(kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations -o name) ]]
	run -1 kubectl get namespace promogate-system
	run -0 kubectl get clusterroles,clusterrolebindings -o name
	[[ $output != *promogate* ]]
	kubectl get crd keptnappversions.lifecycle.keptn.sh promotionpolicies.promogate.dev
	[[ ! -e $PROMOGATE_LOCAL_DIR ]]
	run ! grep -lsaF "$PROMOGATE_LOCAL_DIR/bin/" /proc/[0-9]*/cmdline
	run -0 "$run_local" down
}
