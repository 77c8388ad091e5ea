# shellcheck shell=bash disable=SC2034,SC2154
# The two programs that hack/run-local runs, named webhook and reconciler. Expects $root, $dir,
# $namespace, say, die, give_up, save_settings and hack/lib/process.sh.

# The settings: ports, program files and flags.
kubeconfig='' context=''
webhook_port='' webhook_plain='' webhook_file='' webhook_flags=()
reconciler_plain='' reconciler_file='' reconciler_flags=()

settings_of() { # PROGRAM
	local -n file=$1_file flags=$1_flags
	printf '%s\n' "$file ${flags[*]@Q}"
}

# Takes wanted_webhook and wanted_reconciler, or what make builds.
choose_files() {
	local program built=''
	for program in "${programs[@]}"; do
		local -n wanted=wanted_$program file=${program}_file
		if [[ -z $wanted ]]; then
			build_once
			wanted=$root/build/release/promogate-$program
		fi
		[[ -x $wanted ]] || die "$wanted is not an executable file"
		file=$(realpath "$wanted")
		say "program: $file ($("$file" --version))"
	done
}

build_once() {
	[[ -z $built ]] || return 0
	say "building"
	make -C "$root" --no-print-directory -j"$(nproc)" all >/dev/null
	built=yes
}

# Whether the running process differs from what would be started now.
is_outdated() { # PROGRAM STARTED-WITH
	local -n file=$1_file
	[[ $2 != "$(settings_of "$1")" || $file -nt $dir/run/promogate-$1 ]]
}

make_certificate() {
	if ! openssl x509 -in "$dir/tls/tls.crt" -noout -checkend 172800 >/dev/null 2>&1; then
		"$root/certs/make" --out "$dir/tls" --ip 127.0.0.1 >/dev/null
		say "certificate for 127.0.0.1 in $dir/tls"
	fi
}

# Keeps the ports of before, unless another process took them meanwhile.
launch_webhook() {
	choose_port webhook_port
	choose_port webhook_plain
	while [[ $webhook_plain == "$webhook_port" ]]; do
		webhook_plain=''
		choose_port webhook_plain
	done
	process_start promogate-webhook --kubeconfig="$dir/promogate-webhook.kubeconfig" \
		--listen="127.0.0.1:$webhook_port" --metrics-listen="127.0.0.1:$webhook_plain" \
		--tls-cert-file="$dir/tls/tls.crt" --tls-key-file="$dir/tls/tls.key" \
		--drain-timeout=1s "${webhook_flags[@]}"
}

launch_reconciler() {
	choose_port reconciler_plain
	process_start promogate-reconciler --kubeconfig="$dir/promogate-reconciler.kubeconfig" \
		--metrics-listen="127.0.0.1:$reconciler_plain" --namespace="$namespace" \
		"${reconciler_flags[@]}"
}

listens() { # PROGRAM
	local -n plain=$1_plain
	process_listens "promogate-$1" "$plain" || return 1
	[[ $1 != webhook ]] || process_listens promogate-webhook "$webhook_port"
}

describe() { # PROGRAM
	local -n plain=$1_plain
	local at=http://127.0.0.1:$plain/metrics
	[[ $1 != webhook ]] || at="https://127.0.0.1:$webhook_port, $at"
	printf '%s: pid %s, %s\n' "$1" "$(process_pid "promogate-$1")" "$at"
}

start_program() { # PROGRAM
	local name=promogate-$1 attempts=5
	local -n file=$1_file
	mkdir -p "$dir/bin" "$dir/logs" "$dir/run"
	ln -sfn "$file" "$dir/bin/$name"
	while ((attempts-- > 0)); do
		"launch_$1"
		until listens "$1"; do
			process_alive "$name" || break
			sleep 0.05
		done
		process_alive "$name" && break
		process_log "$name" | grep -qi 'already in use' || break
	done
	save_settings
	wait_until_ready "$1"
	say "$(describe "$1")"
}

start_unless_running() { # PROGRAM
	if process_alive "promogate-$1"; then
		wait_until_ready "$1"
		say "$(describe "$1"), already running"
	else
		start_program "$1"
	fi
}

readyz() { # PROGRAM FLAG...
	local -n plain=$1_plain
	curl -sS --max-time 2 "http://127.0.0.1:$plain/readyz" "${@:2}" 2>&1
}

wait_until_ready() { # PROGRAM
	local name=promogate-$1 deadline=$((SECONDS + 60))
	until process_alive "$name" && readyz "$1" --fail >/dev/null; do
		process_alive "$name" || give_up "$name" "the $1 exited before it was ready"
		((SECONDS < deadline)) || give_up "$name" "the $1 is not ready: $(readyz "$1")"
		sleep 0.05
	done
}

# Sends SIGTERM, so that it finishes what is in progress, and kills it only if it does not exit.
stop_program() { # PROGRAM
	local name=promogate-$1 deadline=$((SECONDS + 20))
	process_alive "$name" || return 0
	kill -s TERM "$(process_pid "$name")" 2>/dev/null || true
	while process_alive "$name"; do
		if ((SECONDS >= deadline)); then
			say "killed the $1: it did not exit within 20 s of SIGTERM"
			break
		fi
		sleep 0.05
	done
	process_stop "$name"
}

stop_both() {
	local program
	for program in "${programs[@]}"; do
		stop_program "$program"
	done
}
