#!/usr/bin/env bats
# hack/localcluster itself, which every other end-to-end test uses.

bats_require_minimum_version 1.5.0

localcluster=$BATS_TEST_DIRNAME/../../hack/localcluster
daemons=(etcd kube-apiserver kube-controller-manager kube-scheduler kwok)

setup_file() {
	export PROMOGATE_CLUSTER_DIR=$BATS_FILE_TMPDIR/first
	"$localcluster" up
}

teardown_file() {
	"$localcluster" down
	"$localcluster" --dir "$BATS_FILE_TMPDIR/second" down
}

setup() {
	eval "$("$localcluster" env)"
}

pid_of() { # NAME
	cut -d' ' -f1 "$PROMOGATE_CLUSTER_DIR/run/$1"
}

# A Job in namespace default with an annotation that says how its pod ends.
create_job() { # NAME PLAY
	kubectl create -f - <<-EOF
		apiVersion: batch/v1
		kind: Job
		metadata: {name: $1}
		spec:
		  backoffLimit: 0
		  template:
		    metadata:
		      annotations: {promogate.dev/play: $2}
		    spec:
		      restartPolicy: Never
		      containers: [{name: task, image: task}]
	EOF
}

@test "up: the API server is ready, its node too, under the pinned version" {
	run -0 "$localcluster" status
	[[ $output == *"is ready" ]]
	kubectl wait --for=condition=Ready node/node-1 --timeout=120s
	[[ $(kubectl version) == *"Server Version: v1.37"* ]]
	[[ $(stat -c %a "$KUBECONFIG") == 600 ]]
}

@test "up a second time changes nothing" {
	before=$(cat "$PROMOGATE_CLUSTER_DIR"/run/*)
	run -0 "$localcluster" up
	[[ ${lines[0]} == "already up"* ]]
	[[ ${lines[-1]} == "export KUBECONFIG=$KUBECONFIG" ]]
	[[ $(cat "$PROMOGATE_CLUSTER_DIR"/run/*) == "$before" ]]
}

@test "up with other options than the cluster was created with fails" {
	run -1 "$localcluster" up --audit
	[[ $output == *"other options"* ]]
}

@test "a folder with other files is left alone" {
	mkdir "$BATS_TEST_TMPDIR/logs"
	run -1 "$localcluster" --dir "$BATS_TEST_TMPDIR" up
	[[ $output == *"is not empty"* ]]
	run -0 "$localcluster" --dir "$BATS_TEST_TMPDIR" down
	[[ -d $BATS_TEST_TMPDIR/logs ]]
}

@test "nothing listens beyond loopback" {
	for name in "${daemons[@]}"; do
		inodes=$(find "/proc/$(pid_of "$name")/fd" -lname 'socket:*' -printf '%l\n' |
			tr -dc '0-9\n')
		awk -v inodes="$inodes" '
			BEGIN { split(inodes, list, "\n"); for (i in list) own[list[i]] = 1 }
			$4 == "0A" && $10 in own && $2 !~ /^0100007F:/ { print; bad = 1 }
			END { exit bad }' /proc/net/tcp /proc/net/tcp6
	done
}

@test "the bearer token of env is an administrator's, a service account's is its own" {
	as_bearer() {
		kubectl --kubeconfig /dev/null --server "$CLUSTER_SERVER" \
			--certificate-authority "$CLUSTER_CA" --token "$1" auth whoami
	}
	[[ $(as_bearer "$CLUSTER_TOKEN") == *system:masters* ]]
	[[ $(as_bearer "$(kubectl create token default)") == *system:serviceaccount:default:default* ]]
}

@test "a Job completes, one fails, one is slow, one hangs" {
	create_job succeeds succeed
	create_job fails fail
	create_job is-slow slow
	create_job hangs hang
	kubectl wait --for=condition=Complete job/succeeds --timeout=120s
	kubectl wait --for=condition=Failed job/fails --timeout=120s
	kubectl wait --for=condition=Complete job/is-slow --timeout=120s
	kubectl wait --for=jsonpath='{.status.active}'=1 job/hangs --timeout=120s
	[[ -z $(kubectl get job hangs --output jsonpath='{.status.conditions}') ]]
	kubectl delete job --all --timeout=120s
	kubectl wait --for=delete pod --all --timeout=120s
}

@test "a second cluster runs at the same time, and ends without affecting the first" {
	run -0 "$localcluster" --dir "$BATS_FILE_TMPDIR/second" up --emulated-version 1.34 --audit
	second=$("$localcluster" --dir "$BATS_FILE_TMPDIR/second" kubeconfig)
	kubectl --kubeconfig "$second" create namespace only-here
	kubectl --kubeconfig "$second" get --raw /version | grep -q '"emulationMinor": "34"'
	grep -q '"requestURI":"/api/v1/namespaces' "$BATS_FILE_TMPDIR/second/audit.log"
	run ! kubectl get namespace only-here
	run -0 "$localcluster" --dir "$BATS_FILE_TMPDIR/second" down
	[[ ! -e $BATS_FILE_TMPDIR/second ]]
	kubectl get --raw /readyz
}

@test "the API server stops and starts again on the same port" {
	kubectl create configmap before-outage
	"$localcluster" stop-apiserver
	run ! kubectl get configmap before-outage
	run -3 "$localcluster" status
	[[ $output == *kube-apiserver*"not running"* ]]
	"$localcluster" start-apiserver
	kubectl get configmap before-outage
	"$localcluster" restart-apiserver
	kubectl get configmap before-outage
	create_job after-outage succeed
	kubectl wait --for=condition=Complete job/after-outage --timeout=120s
}

@test "an API server that was killed is started at once, on the port that it had" {
	for _ in 1 2 3; do
		kill -KILL "$(pid_of kube-apiserver)"
		"$localcluster" start-apiserver
		kubectl get --raw /readyz
	done
}

@test "up after a crash of everything starts it again with its data" {
	kubectl create configmap before-crash
	for name in "${daemons[@]}"; do
		kill -KILL "$(pid_of "$name")"
	done
	"$localcluster" up
	kubectl get configmap before-crash
	create_job after-crash succeed
	kubectl wait --for=condition=Complete job/after-crash --timeout=120s
}

@test "up restarts a process that runs but does not answer" {
	kill -STOP "$(pid_of kube-apiserver)"
	"$localcluster" up
	kubectl get --raw /readyz
}

@test "down ends all that it started, and no other process that reuses one of its pids" {
	folder=$PROMOGATE_CLUSTER_DIR
	sleep 60 &
	stranger=$!
	kill -KILL "$(pid_of kwok)"
	echo "$stranger 1 0" >"$folder/run/kwok"
	run -0 "$localcluster" down
	kill -0 "$stranger"
	kill "$stranger"
	[[ ! -e $folder ]]
	run ! grep -lsaF "$folder/bin/" /proc/[0-9]*/cmdline
	run -0 "$localcluster" down
	[[ $output == "no cluster in $folder" ]]
}
