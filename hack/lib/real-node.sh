# shellcheck shell=bash disable=SC2154
# A node whose pods really run: containerd, runc and the kubelet. The process "node" holds its
# namespaces (network, mount, pid), and all other processes of the cluster use its network, so that no
# port is taken twice and nothing can leave the machine. Expects $dir, $files, process.sh and kubectl.

# shellcheck source=hack/lib/image.sh
. "$root/hack/lib/image.sh"

node_commands=(containerd containerd-shim-runc-v2 ctr runc buildah busybox ip nsenter unshare findmnt jq)

# Made from the folder's name, so that what a crash left is found again.
node_cgroup() {
	printf 'promogate-%s\n' "$(sha256sum <<<"$dir" | head -c 8)"
}

# The folder of CNI's plugins: Debian's, or that of other packages.
node_cni() {
	local folder
	for folder in /usr/lib/cni /opt/cni/bin; do
		[[ ! -x $folder/bridge ]] || { printf '%s\n' "$folder" && return; }
	done
}

# Prints why this machine can't have one, or nothing.
node_obstacle() {
	local command missing=()
	if [[ $EUID != 0 ]]; then
		printf 'it needs root\n'
		return
	fi
	for command in "${node_commands[@]}"; do
		type -P "$command" >/dev/null || missing+=("$command")
	done
	[[ $(node_cni) ]] || missing+=("CNI's plugins")
	if ((${#missing[@]} > 0)); then
		printf 'missing: %s; run hack/deps --node\n' "$(join ', ' "${missing[@]}")"
	elif [[ $dir/ =~ ^(/var)?/run/ || $dir/ =~ ^/var/(lib|log)/ ]]; then
		printf 'a node in %s could not read its own files; use --dir\n' "$dir"
	elif ! unshare --net --mount --pid --fork true 2>/dev/null; then
		printf 'this machine allows no new namespaces\n'
	elif ! node_cgroups_writable; then
		printf 'this machine allows no new cgroups\n'
	fi
}

join() { # SEPARATOR WORD...
	local separator=$1 first=$2
	shift 2
	printf '%s' "$first" "${@/#/$separator}"
}

node_pid() {
	process_pid node
}

# From here on, processes start in the network of the node.
enter_node() {
	enter=(nsenter --net="/proc/$(node_pid)/ns/net")
}

# Runs COMMAND as a process of the node, with its mounts: containerd's socket is among them.
node_inside() { # COMMAND...
	local pid
	pid=$(node_pid)
	nsenter --net="/proc/$pid/ns/net" --mount="/proc/$pid/ns/mnt" \
		--pid="/proc/$pid/ns/pid_for_children" --wd="$PWD" "$@"
}

node_load() { # ARCHIVE
	node_inside ctr --namespace k8s.io images import "$1"
}

# All hierarchies, of both versions.
node_cgroups() {
	findmnt --noheadings --raw --output TARGET --types cgroup,cgroup2 |
		sed "s|\$|/$(node_cgroup)|"
}

# In a container, they are often read-only, even for root.
node_cgroups_writable() {
	local cgroup
	while read -r cgroup; do
		[[ -w ${cgroup%/*} ]] || return 1
	done < <(node_cgroups)
}

# The first process of the node is in a cgroup of the node, so that an empty one proves that all ended.
node_start() {
	local cgroup
	enter=()
	node_remove
	rm -f "$dir/node/kubelet.conf"
	mkdir -p "$dir/node/cni"
	write_settings_of containerd.toml kubelet.yaml
	cp "$files/cni.conflist" "$dir/node/cni/10-node.conflist"
	[[ -e $dir/node/busybox.tar ]] || node_write_busybox
	while read -r cgroup; do
		mkdir -p "$cgroup/init"
	done < <(node_cgroups)
	ln -sfn "$(type -P unshare)" "$dir/bin/node"
	process_start node --net --mount --pid --fork --kill-child --mount-proc \
		"$files/node-init" "$dir" "$(node_cgroup)"
	wait_until node "containerd answered" "$patience" \
		node_load "$dir/node/busybox.tar"
}

write_settings_of() { # FILE...
	local file
	for file; do
		sed "s|@CNI_BIN@|$(node_cni)|; s|@NODE@|$dir/node|; s|@PKI@|$dir/pki|; s|@CGROUP@|$(node_cgroup)|" \
			"$files/$file" >"$dir/node/$file"
	done
}

# The image of each pod's sandbox, and of tasks that need a shell.
node_write_busybox() {
	local rootfs=$dir/node/busybox applet
	image_add_program "$rootfs" "$(type -P busybox)" /bin/busybox
	busybox --list | grep -vx busybox | while read -r applet; do
		ln -sfn busybox "$rootfs/bin/$applet"
	done
	chmod -R u=rwX,go=rX "$rootfs"
	image_write "$dir/node/busybox.tar.part" localhost/busybox:1 "$rootfs" 0 \
		--cmd '["sleep", "infinity"]' --env PATH=/bin
	mv "$dir/node/busybox.tar.part" "$dir/node/busybox.tar"
	rm -rf "$rootfs"
}

# A kubelet that lost the API server for a while backs off, so this starts a new one; pods keep
# running.
start_kubelet() {
	kubelet_since=$(date --utc +%FT%TZ)
	write_kubeconfig "$dir/node/kubelet.conf" kubelet "https://127.0.0.1:$api_port"
	node_inside pkill -x kubelet || true
}

# The heartbeat shows that this kubelet reports the status, not an earlier one.
kubelet_ready() {
	local format='{.spec.taints}{range .status.conditions[?(@.type=="Ready")]}{.status} {.lastHeartbeatTime}'
	local status heartbeat
	read -r status heartbeat < <(kubectl get node node-1 --output jsonpath="$format{end}") || true
	[[ $status == True && ! $heartbeat < $kubelet_since ]]
}

# Ends all processes of the node, also those that a crash of this script left, and removes its cgroups.
node_remove() {
	local deadline=$((SECONDS + 60))
	process_stop node
	until node_cgroups_gone; do
		((SECONDS < deadline)) || die "processes of the node are still running: $(node_processes | xargs)"
		node_processes | xargs --no-run-if-empty kill -s KILL 2>/dev/null || true
		sleep 0.05
	done
}

node_processes() {
	local cgroup
	while read -r cgroup; do
		[[ ! -d $cgroup ]] || find "$cgroup" -name cgroup.procs -exec cat {} +
	done < <(node_cgroups) | sort -u
}

# Deepest first.
node_cgroups_gone() {
	local cgroup gone=0
	while read -r cgroup; do
		[[ -d $cgroup ]] || continue
		find "$cgroup" -depth -type d -exec rmdir {} + 2>/dev/null || gone=1
	done < <(node_cgroups)
	return "$gone"
}
