# shellcheck shell=bash disable=SC2154
# The processes of one cluster. Expects $dir, the cluster's folder, and die.
#
# A process has a name: it runs $dir/bin/NAME, writes to $dir/logs/NAME.log, and has a record in
# $dir/run/NAME: its pid, its start time (in clock ticks since boot) and the length of its log at that
# time. A pid alone proves nothing, because the kernel reuses pids: a process is only signalled if its
# start time and command line match the record.

# What starts processes in another network, if anything.
enter=()

# The fields of /proc/PID/stat after the command name, which may contain spaces: the state is the
# first, the start time the twentieth.
process_stat() { # PID
	local stat
	{ stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 1
	printf '%s\n' "${stat##*) }"
}

process_pid() { # NAME
	local pid
	read -r pid _ 2>/dev/null <"$dir/run/$1" || return 1
	printf '%s\n' "$pid"
}

process_alive() { # NAME
	local pid started command stat
	{ read -r pid started _ <"$dir/run/$1"; } 2>/dev/null || return 1
	read -ra stat <<<"$(process_stat "$pid")"
	[[ ${stat[0]:-Z} != Z && ${stat[19]:-} == "$started" ]] || return 1
	{ IFS= read -r -d '' command <"/proc/$pid/cmdline"; } 2>/dev/null || return 1
	[[ $command == "$dir/bin/$1" ]]
}

# A daemon that inherits a caller's pipe or lock would block that caller.
close_inherited_files() {
	local fd
	for fd in /proc/self/fd/*; do
		fd=${fd##*/}
		if ((fd > 2)); then
			exec {fd}>&-
		fi
	done
}

# Becomes the process. Writes the record first, so that no process is ever without one.
process_become() { # NAME ARGUMENT...
	local name=$1 pid=$BASHPID log=$dir/logs/$1.log stat
	shift
	exec </dev/null >>"$log" 2>&1
	close_inherited_files
	read -ra stat <<<"$(process_stat "$pid")"
	printf '%s %s %s\n' "$pid" "${stat[19]}" "$(stat -c %s "$log")" >"$dir/run/$name"
	exec "${enter[@]}" setsid "$dir/bin/$name" "$@"
}

process_start() { # NAME ARGUMENT...
	rm -f "$dir/run/$1"
	process_become "$@" &
	while ! process_alive "$1" && kill -0 $! 2>/dev/null; do
		sleep 0.01
	done
}

# What a process logged since its last start.
process_log() { # NAME
	local offset
	read -r _ _ offset <"$dir/run/$1"
	tail -c "+$((offset + 1))" "$dir/logs/$1.log"
}

process_listens() { # NAME PORT
	local pid inode
	pid=$(process_pid "$1") || return 1
	for inode in $(listening_sockets "$2" "$pid"); do
		if find "/proc/$pid/fd" -lname "socket:\[$inode\]" 2>/dev/null | grep -q .; then
			return 0
		fi
	done
	return 1
}

# Inodes of the sockets that listen on PORT, of any process in the network of PID, or in this one.
listening_sockets() { # PORT [PID]
	awk -v port="$(printf ':%04X$' "$1")" '$4 == "0A" && $2 ~ port { print $10 }' \
		"/proc/${2:-self}/net/tcp"* 2>/dev/null
}

# Sets VARIABLE to a free port, unless it holds one already. Below 32768, where Linux's ephemeral ports
# begin. Another process may still take it first.
choose_port() { # VARIABLE
	local -n port=$1
	while [[ -z $port || -n $(listening_sockets "$port") ]]; do
		port=$((20000 + RANDOM % 10000))
	done
}

# Returns once all of them are gone. Kills them, because all state is in etcd's files, and an API
# server takes 10 s to shut down gracefully.
process_stop() { # NAME...
	local name deadline=$((SECONDS + 60))
	for name in "$@"; do
		if process_alive "$name"; then
			kill -s KILL "$(process_pid "$name")" 2>/dev/null || true
		fi
	done
	while any_remains "$@"; do
		((SECONDS < deadline)) || die "still running after SIGKILL: $*"
		sleep 0.05
	done
	for name in "$@"; do
		rm -f "$dir/run/$name"
	done
}

# Also true while other threads are still ending: the first is a zombie then, and ports are in use.
process_remains() { # NAME
	local pid started stat
	{ read -r pid started _ <"$dir/run/$1"; } 2>/dev/null || return 1
	read -ra stat <<<"$(process_stat "$pid")"
	[[ ${stat[19]:-} == "$started" ]] && [[ ${stat[0]} != Z || ${stat[17]} -gt 1 ]]
}

any_remains() { # NAME...
	local name
	for name in "$@"; do
		! process_remains "$name" || return 0
	done
	return 1
}
