#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # what a pod's shell expands, and what bats and lib.bash set
# hack/localcluster up --node=real itself.

load lib

# What containerd, CNI and the kubelet would write to on this machine, were it not for the node's mounts.
written() {
	ls -A /run/containerd /run/netns /var/lib/{containerd,kubelet,cni} /var/log/{pods,containers} 2>&1 || true
}

setup_file() {
	before=$(written)
	export before
	node_up
}

teardown_file() {
	node_down
}

setup() {
	node_use
}

pid_of() { # NAME
	cut -d' ' -f1 "$PROMOGATE_CLUSTER_DIR/run/$1"
}

runs() { # POD
	kubectl exec "$1" -- true
}

@test "check says why an ordinary user gets no real node" {
	run -3 setpriv --reuid=65534 --clear-groups "$localcluster" --dir /tmp/nobody check --node=real
	[[ $output == "no real node: it needs root" ]]
}

@test "check says why a machine with read-only cgroups gets no real node" {
	run -3 unshare --mount sh -c '
		for mount in $(findmnt --noheadings --raw --output TARGET --types cgroup,cgroup2); do
			mount --options remount,bind,ro "$mount" || exit
		done
		exec "$@"' sh "$localcluster" --dir /tmp/nobody check --node=real
	[[ $output == "no real node: this machine allows no new cgroups" ]]
}

@test "up with a simulated node fails where there is a real one" {
	run -1 "$localcluster" up --node=kwok
	[[ $output == *"other options"* ]]
}

@test "a Job's pod runs, with an exit code and an output of its own" {
	job succeeds 'echo it ran; uname -n'
	job fails 'exit 3'
	kubectl wait --for=condition=Complete job/succeeds --timeout=120s
	kubectl wait --for=condition=Failed job/fails --timeout=120s
	run -0 kubectl logs job/succeeds
	[[ ${lines[0]} == "it ran" && ${lines[1]} == succeeds-* ]]
	same 3 "$(kubectl get pod -l job-name=fails -o jsonpath='{.items[*].status.containerStatuses[*].state.terminated.exitCode}')"
}

@test "a pod reaches the API server at its Service, and nothing outside" {
	job calls 'nc -w 5 "$KUBERNETES_SERVICE_HOST" "$KUBERNETES_SERVICE_PORT" </dev/null'
	kubectl wait --for=condition=Complete job/calls --timeout=120s
	run -0 "$localcluster" exec ip -brief link
	run ! grep -Ev '^(lo|node0|veth)' <<<"$output"
	run -0 "$localcluster" exec ip route
	run ! grep -E 'default|via' <<<"$output"
}

@test "pods outlive the kubelet, containerd and the API server" {
	kubectl run stays --image=localhost/busybox:1
	kubectl wait --for=condition=Ready pod/stays --timeout=120s
	"$localcluster" node pkill -KILL -x kubelet
	"$localcluster" node pkill -KILL -x containerd
	"$localcluster" restart-apiserver
	eventually runs stays
	same 0 "$(kubectl get pod stays -o jsonpath='{.status.containerStatuses[0].restartCount}')"
}

@test "up after a crash of everything starts it again with its data" {
	for name in node etcd kube-apiserver kube-controller-manager kube-scheduler; do
		kill -KILL "$(pid_of "$name")"
	done
	"$localcluster" up
	job after-crash true
	kubectl wait --for=condition=Complete job/after-crash --timeout=120s
	eventually runs stays
}

@test "down, also after a crash, leaves no process, namespace, mount, cgroup or file" {
	namespaces=$(cd "/proc/$(pid_of node)/ns" && readlink mnt net pid_for_children)
	cgroup=promogate-$(sha256sum <<<"$PROMOGATE_CLUSTER_DIR" | head -c 8)
	[[ -n $(find /sys/fs/cgroup -path "*/$cgroup/kubepods/*" -name cgroup.procs -exec cat {} +) ]]
	kill -KILL "$(pid_of node)"
	run -0 "$localcluster" down
	[[ ! -e $PROMOGATE_CLUSTER_DIR ]]
	while read -r namespace; do
		same '' "$(find /proc/[0-9]*/ns -lname "$namespace" 2>/dev/null)"
	done <<<"$namespaces"
	run ! grep -F "$PROMOGATE_CLUSTER_DIR" /proc/self/mountinfo
	same '' "$(find /sys/fs/cgroup -name "$cgroup")"
	same "$before" "$(written)"
}
