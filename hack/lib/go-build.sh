# shellcheck shell=bash disable=SC2154
# Builds programs of Go modules that are pinned in folders beside the script, each with its go.mod,
# into a cache outside the tree. Expects $here, the folder of the pins, $program, the script's name,
# and $bin, where binaries go.

# The version in the go.mod of k8s.io/kubernetes.
go_needed=1.26
cache=${XDG_CACHE_HOME:-$HOME/.cache}/promogate

say() {
	printf '%s\n' "$*" >&2
}

die() {
	say "$program: $*"
	exit 1
}

# The version that FOLDER's go.mod requires of MODULE.
pinned() { # FOLDER MODULE
	awk -v module="$2" '{
		for (i = 1; i < NF; i++)
			if ($i == module && $(i + 1) ~ /^v[0-9]/) { print $(i + 1); exit }
	}' "$here/$1/go.mod"
}

is_recent() { # GO
	local version
	version=$(GOTOOLCHAIN=local "$1" env GOVERSION 2>/dev/null) || return 1
	printf '%s\n' "$go_needed" "${version#go}" | sort -VC
}

find_go() {
	local candidate
	for candidate in "$(type -P go || true)" "$cache/go/bin/go"; do
		if [[ -x $candidate ]] && is_recent "$candidate"; then
			printf '%s\n' "$candidate"
			return
		fi
	done
	die "needs Go $go_needed or newer, on the PATH or in $cache/go: run hack/deps"
}

# Runs go in FOLDER with what it pins.
go_in() { # FOLDER ARGUMENT...
	(
		cd "$here/$1" &&
			CGO_ENABLED=0 GOFLAGS='' GOWORK=off nice -n 10 "$go" "${@:2}"
	)
}

# Builds under another name and renames, so that the final name always has a complete binary.
compile() { # BINARY FOLDER PACKAGE LDFLAGS
	go_in "$2" build -trimpath -buildvcs=false -mod=readonly -ldflags "-s -w $4" -o "$bin/.$1.part" "$3" &&
		mv "$bin/.$1.part" "$bin/$1"
}

# Waits for other builds of $bin; until this process ends, there is none.
build_alone() {
	mkdir -p "$bin"
	exec {lock}>"$bin/.lock"
	flock --nonblock "$lock" || { say "waiting for another build of $bin"; flock "$lock"; }
}
