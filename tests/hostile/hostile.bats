#!/usr/bin/env bats
# The server against hostile clients (hostile.py), with short limits. BUILD names the build of
# testserver: build/release, build/asan-clang, build/tsan. For the real program see hostile.py.

bats_require_minimum_version 1.5.0

setup_file() {
	cd "$BATS_TEST_DIRNAME/../.." || return
	export DIR=$BATS_FILE_TMPDIR
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
		-subj /CN=localhost -addext subjectAltName=DNS:localhost \
		-keyout "$DIR/key.pem" -out "$DIR/cert.pem" 2>"$DIR/openssl.log"
	{
		"${BUILD:-build/release}/tests/hostile/testserver" 127.0.0.1:0 127.0.0.1:0 \
			"$DIR/cert.pem" "$DIR/key.pem" 2 2500 2500 9000 1024 \
			>"$DIR/ports" 2>"$DIR/log" &
		echo $! >"$DIR/pid"
		wait $! && n=0 || n=$?
		echo "$n" >"$DIR/exit"
	} 3>&- &
	for _ in $(seq 100); do
		[[ -s $DIR/ports ]] && break
		sleep 0.1
	done
	read -r TLS PLAIN <"$DIR/ports"
	SERVER=$(<"$DIR/pid")
	export TLS PLAIN SERVER
}

# Shows why a server has exited.
teardown() {
	if [[ ! ${BATS_TEST_COMPLETED:-} ]]; then
		cat "$DIR/log" "$DIR/exit" 2>/dev/null || true
	fi
}

teardown_file() {
	kill "$SERVER" 2>/dev/null || true
}

@test "whatever one client does, the server answers the next" {
	env HOSTILE_ADDRESS="127.0.0.1:$TLS" HOSTILE_CA="$DIR/cert.pem" HOSTILE_NAME=localhost \
		HOSTILE_PLAIN="127.0.0.1:$PLAIN" HOSTILE_PATH=/echo python3 tests/hostile/hostile.py
}

@test "its memory stays below the limit of the manifest" {
	[[ ${BUILD:-build/release} == build/release* ]] || skip "sanitizers need several times as much"
	limit=$(sed -n 's/^ *memory: \([0-9]*\)Mi$/\1/p' manifests/webhook/server/deployment.yaml | tail -1)
	peak=$(awk '/^VmHWM/ { print $2 }' "/proc/$SERVER/status")
	echo "peak $peak KiB, limit $limit MiB"
	((peak < limit * 1024))
}

@test "no connection, request or body is left open" {
	# The last is this request itself.
	local left=('connections{port="tls"} 0' 'request_body_bytes 0' 'response_body_bytes 0' 'requests_in_flight 1')
	local line missing=yes
	for _ in $(seq 150); do
		metrics=$(curl -s "http://127.0.0.1:$PLAIN/metrics")
		missing=
		for line in "${left[@]}"; do
			grep -qxF "promogate_http_$line" <<<"$metrics" || missing=$line
		done
		[[ $missing ]] || break
		sleep 0.2
	done
	echo "missing: $missing"
	grep '^promogate_http' <<<"$metrics"
	[[ ! $missing ]]
}

@test "a request without an answer gets 504 after ?timeout=" {
	run -0 curl -s -o /dev/null -w '%{http_code}' --cacert "$DIR/cert.pem" \
		-H 'Content-Type: application/json' -d '{}' "https://localhost:$TLS/never?timeout=300ms"
	[[ $output == 504 ]]
}

@test "SIGTERM: not ready, closes after each answer, exits 0" {
	kill "$SERVER"
	for _ in $(seq 20); do
		ready=$(curl -s -o "$DIR/reasons" -w '%{http_code}' "http://127.0.0.1:$PLAIN/readyz") || true
		[[ $ready == 503 ]] && break
	done
	[[ $ready == 503 ]]
	grep 'shutting down' "$DIR/reasons"
	curl -s -D "$DIR/headers" --cacert "$DIR/cert.pem" -H 'Content-Type: application/json' \
		-d '{}' "https://localhost:$TLS/later"
	grep -i '^Connection: close' "$DIR/headers"
	for _ in $(seq 200); do
		[[ -s $DIR/exit ]] && break
		sleep 0.1
	done
	[[ $(<"$DIR/exit") == 0 ]]
	cat "$DIR/log"
	[[ ! -s $DIR/log ]]
}
