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

# The image of build/release; without buildah, IMAGE stays empty.
image_build() {
	type -P buildah >/dev/null || return 0
	export IMAGE=$BATS_FILE_TMPDIR/image
	"$root/hack/image" "$IMAGE"
}

# Unpacks its files, and prints its configuration.
image_unpack() { # FOLDER ROOT
	local layer
	[[ $1 ]] || return 0
	mkdir -p "$2" "$1/unpacked"
	tar -C "$1/unpacked" -xf "$1/image.tar"
	for layer in $(jq -r '.[0].Layers[]' "$1/unpacked/manifest.json"); do
		tar -C "$2" -xpzf "$1/unpacked/$layer"
	done
	cat "$1/unpacked/$(jq -r '.[0].Config' "$1/unpacked/manifest.json")"
}
