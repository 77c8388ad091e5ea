# shellcheck shell=bash disable=SC2154
# What the demo needs on a real node, which has no registry: one image under the names of all tasks. It
# waits until a file says how it ends.

# shellcheck source=hack/lib/image.sh
. hack/lib/image.sh

task_images=(cli/cli:2.40 alpine/git:2.47 curlimages/curl:8.10 library/python-runtime:1)

load_tasks() {
	local image rootfs=$cluster/task
	image_add_program "$rootfs" "$(type -P busybox)" /bin/busybox
	ln -sfn busybox "$rootfs/bin/sh"
	mkdir -p "$rootfs/tmp"
	cat >"$rootfs/bin/task" <<-'EOF'
		#!/bin/sh
		trap exit TERM
		until [ -e /tmp/end ]; do
			busybox sleep 0.1
		done
		read -r status </tmp/end
		exit "$status"
	EOF
	chmod -R u=rwX,go=rX "$rootfs"
	chmod 755 "$rootfs/bin/task"
	image_write "$rootfs.tar" localhost/task:1 "$rootfs" 0 --entrypoint '["/bin/task"]' --env PATH=/bin
	hack/localcluster --dir "$cluster" load "$rootfs.tar"
	for image in "${task_images[@]}"; do
		hack/localcluster --dir "$cluster" node ctr --namespace k8s.io images tag --force \
			localhost/task:1 "docker.io/$image" >/dev/null
	done
	rm -rf "$rootfs" "$rootfs.tar"
}

# end_containers OUTCOME SELECTOR: ends the containers of these pods
end_containers() {
	local pod status=0
	[[ $1 == succeed ]] || status=1
	for pod in $(kubectl get pods -n podtato-dev -l "$2" --field-selector status.phase=Running --output name); do
		expect accepted -- kubectl exec -n podtato-dev "$pod" -- sh -c "echo $status >/tmp/end"
	done
}
