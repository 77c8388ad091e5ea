# shellcheck shell=bash disable=SC2154
# Finds the control plane's binaries. Expects $dir, $root, $node (kwok or real) and say.

binaries=(etcd kube-apiserver kube-controller-manager kube-scheduler kubectl)
oldest_kubernetes=1.30
oldest_etcd=3.5

# Links each of them into $dir/bin. $dir/path is for people's PATH and has kubectl only: with all of
# them on the PATH, the next cluster would take its binaries from this one.
binaries_link() {
	local binary
	local -A found=()
	case $node in
	kwok) binaries+=(kwok) ;;
	real) binaries+=(kubelet) ;;
	esac
	if ! binaries_of_assets && ! binaries_of_path; then
		binaries_of_cache
	fi
	mkdir -p "$dir/bin" "$dir/path"
	for binary in "${binaries[@]}"; do
		ln -sfn "$(realpath "${found[$binary]}")" "$dir/bin/$binary"
	done
	path_write_kubectl
}

# The real node's network is another one, so its kubectl enters that first.
path_write_kubectl() {
	rm -f "$dir/path/kubectl"
	if [[ $node == kwok ]]; then
		ln -s ../bin/kubectl "$dir/path/kubectl"
		return
	fi
	cat >"$dir/path/kubectl" <<-EOF
		#!/bin/sh
		read -r pid _ <"$dir/run/node" || exit
		exec nsenter --net="/proc/\$pid/ns/net" "$dir/bin/kubectl" "\$@"
	EOF
	chmod +x "$dir/path/kubectl"
}

binaries_of_assets() {
	local binary
	[[ -n ${KUBEBUILDER_ASSETS:-} ]] || return 1
	for binary in "${binaries[@]}"; do
		if [[ ! -x $KUBEBUILDER_ASSETS/$binary ]]; then
			say "KUBEBUILDER_ASSETS=$KUBEBUILDER_ASSETS has no $binary, ignored"
			return 1
		fi
		found[$binary]=$KUBEBUILDER_ASSETS/$binary
	done
	say "binaries from KUBEBUILDER_ASSETS=$KUBEBUILDER_ASSETS"
}

binaries_of_path() {
	local binary
	for binary in "${binaries[@]}"; do
		found[$binary]=$(type -P "$binary") || return 1
		is_recent "$binary" "${found[$binary]}" || return 1
	done
	say "binaries from the PATH"
}

binaries_of_cache() {
	local binary folder
	folder=$("$root/hack/tools/build" $([[ $node == kwok ]] || echo kubelet))
	for binary in "${binaries[@]}"; do
		found[$binary]=$folder/$binary
	done
	say "binaries from $folder"
}

is_recent() { # NAME PATH
	case $1 in
	etcd) at_least "$oldest_etcd" "$("$2" --version)" ;;
	kubectl) at_least "$oldest_kubernetes" "$("$2" version --client)" ;;
	kwok) true ;;
	*) at_least "$oldest_kubernetes" "$("$2" --version)" ;;
	esac
}

# Whether the first version in TEXT is VERSION or newer.
at_least() { # VERSION TEXT
	[[ $2 =~ v?([0-9]+\.[0-9]+[0-9.]*) ]] &&
		printf '%s\n' "$1" "${BASH_REMATCH[1]}" | sort -VC
}
