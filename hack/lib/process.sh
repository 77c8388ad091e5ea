# shellcheck shell=bash disable=SC2154
# The processes of one cluster. Expects $dir, the cluster's folder, and die.
#
# A process is known by its name: it runs $dir/bin/NAME, writes to $dir/logs/NAME.log, and leaves a
# record in $dir/run/NAME: its pid, the time it was started at (in clock ticks since boot) and how
# long its log was by then. A pid alone proves nothing, since the kernel gives it to others later;
# nothing is ever signalled unless start time and command line are those of the record too.

# The fields of /proc/PID/stat after the command's name, which may hold spaces: state comes first,
# the start time twentieth.
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

# A daemon that keeps a caller's pipe or lock open would hang that caller.
close_inherited_files() {
	local fd
	for fd in /proc/self/fd/*; do
		fd=${fd##*/}
		if ((fd > 2)); then
			exec {fd}>&-
		fi
	done
}

# Becomes the process. The record is there before the process is, so that none is ever lost.
process_become() { # NAME ARGUMENT...
	local name=$1 pid=$BASHPID log=$dir/logs/$1.log stat
	shift
	exec </dev/null >>"$log" 2>&1
	close_inherited_files
	read -ra stat <<<"$(process_stat "$pid")"
	printf '%s %s %s\n' "$pid" "${stat[19]}" "$(stat -c %s "$log")" >"$dir/run/$name"
	exec setsid "$dir/bin/$name" "$@"
}

process_start() { # NAME ARGUMENT...
	rm -f "$dir/run/$1"
	process_become "$@" &
	while ! process_alive "$1" && kill -0 $! 2>/dev/null; do
		sleep 0.01
	done
}

# What a process logged since it was last started.
process_log() { # NAME
	local offset
	read -r _ _ offset <"$dir/run/$1"
	tail -c "+$((offset + 1))" "$dir/logs/$1.log"
}

process_listens() { # NAME PORT
	local pid inode
	pid=$(process_pid "$1") || return 1
	for inode in $(listening_sockets "$2"); do
		if find "/proc/$pid/fd" -lname "socket:\[$inode\]" 2>/dev/null | grep -q .; then
			return 0
		fi
	done
	return 1
}

# Inodes of the sockets that listen on PORT, whoever holds them.
listening_sockets() { # PORT
	awk -v port="$(printf ':%04X$' "$1")" '$4 == "0A" && $2 ~ port { print $10 }' /proc/net/tcp*
}

# Sets VARIABLE to a port that nothing listens on, unless it names one already. Below 32768, where
# Linux takes the local ports of outgoing connections from. Someone may still be quicker.
choose_port() { # VARIABLE
	local -n port=$1
	while [[ -z $port || -n $(listening_sockets "$port") ]]; do
		port=$((20000 + RANDOM % 10000))
	done
}

# Returns once every one of them is gone. They are killed, not asked: all that they know is in etcd's
# files, and an API server that is asked takes 10 s to see its clients off.
process_stop() { # NAME...
	local name deadline=$((SECONDS + 60))
	for name in "$@"; do
		if process_alive "$name"; then
			kill -s KILL "$(process_pid "$name")" 2>/dev/null || true
		fi
	done
	while any_remains "$@"; do
		((SECONDS < deadline)) || die "killed, but not gone: $*"
		sleep 0.05
	done
	for name in "$@"; do
		rm -f "$dir/run/$name"
	done
}

# Also while threads of it are still ending: its first is a zombie then, and its ports are taken.
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
