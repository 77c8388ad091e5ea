# shellcheck shell=bash disable=SC2154
# Functions of the tests on a real node, whose pods run in containers.

bats_require_minimum_version 1.8.0

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
localcluster=$root/hack/localcluster
patience=${E2E_PATIENCE:-120}

# eventually COMMAND...: waits until it succeeds, else shows its last output
eventually() {
	local end=$((SECONDS + patience)) said
	until said=$("$@" 2>&1); do
		if ((SECONDS >= end)); then
			printf 'never came true: %s\n%s\n' "$*" "$said"
			return 1
		fi
		sleep 0.2
	done
}

same() { # WANT GOT
	diff <(printf '%s\n' "$1") <(printf '%s\n' "$2")
}

# The cluster of a file.
node_up() {
	export PROMOGATE_CLUSTER_DIR=$BATS_FILE_TMPDIR/cluster
	obstacle=$("$localcluster" check --node=real) || return 0
	export obstacle
	"$localcluster" up --node=real --audit
}

node_down() {
	[[ ${obstacle-} ]] || "$localcluster" down
}

# Of each test.
node_use() {
	[[ ! ${obstacle-} ]] || skip "$obstacle"
	eval "$("$localcluster" env)"
}

# A Job in namespace default with a shell script.
job() { # NAME SCRIPT
	kubectl create -f - <<-EOF
		apiVersion: batch/v1
		kind: Job
		metadata: {name: $1}
		spec:
		  backoffLimit: 0
		  template:
		    spec:
		      restartPolicy: Never
		      containers: [{name: task, image: "localhost/busybox:1", command: [sh, -c, '$2']}]
	EOF
}
