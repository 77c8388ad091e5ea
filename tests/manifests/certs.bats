#!/usr/bin/env bats
# certs/make: creates, renews and rotates certificates.

bats_require_minimum_version 1.5.0

setup() {
	make=$BATS_TEST_DIRNAME/../../certs/make
	out=$BATS_TEST_TMPDIR/tls
}

verify() {
	openssl verify -x509_strict -CAfile "$out/ca.crt" -purpose sslserver "$@"
}

# matches: whether tls.crt is the certificate of tls.key
matches() {
	cmp <(openssl x509 -in "$out/tls.crt" -noout -pubkey) <(openssl pkey -in "$out/tls.key" -pubout)
}

@test "a CA and a serving certificate, for this machine and the Service" {
	"$make" --out "$out"
	for name in localhost promogate-webhook.promogate-system.svc; do
		verify -verify_hostname "$name" "$out/tls.crt"
	done
	for ip in 127.0.0.1 ::1; do
		verify -verify_ip "$ip" "$out/tls.crt"
	done
	matches
	[ "$(stat -c %a "$out"/*.key | sort -u)" = 600 ]
	run -0 ls -A "$out"
	[ "${lines[*]}" = "ca.crt ca.key tls.crt tls.key" ]

	run -0 openssl x509 -in "$out/ca.crt" -noout -text
	[[ $output == *"Basic Constraints: critical"*"CA:TRUE, pathlen:0"* ]]
	[[ $output == *"Key Usage: critical"*"Certificate Sign, CRL Sign"* ]]
	run -0 openssl x509 -in "$out/tls.crt" -noout -text
	[[ $output == *"NIST CURVE: P-256"* ]]
	[[ $output == *"CA:FALSE"* ]]
	[[ $output == *"Key Usage: critical"*"Digital Signature"* ]]
	[[ $output == *"TLS Web Server Authentication"* ]]
}

@test "valid for 90 days by default, or for --days" {
	"$make" --out "$out"
	openssl x509 -in "$out/tls.crt" -noout -checkend $((90 * 86400 - 300))
	run -1 openssl x509 -in "$out/tls.crt" -noout -checkend $((90 * 86400 + 300))
	openssl x509 -in "$out/ca.crt" -noout -checkend $((3650 * 86400 - 300))
	"$make" --out "$out" --days 2
	run -1 openssl x509 -in "$out/tls.crt" -noout -checkend $((2 * 86400 + 300))
}

@test "names in the arguments replace the default ones" {
	"$make" --out "$out" --dns a.example --dns '*.b.example' --ip 10.0.0.1
	verify -verify_hostname a.example "$out/tls.crt"
	verify -verify_hostname x.b.example "$out/tls.crt"
	verify -verify_ip 10.0.0.1 "$out/tls.crt"
	run -2 verify -verify_hostname localhost "$out/tls.crt"
}

@test "a renewal keeps the CA" {
	"$make" --out "$out"
	cp -r "$out" "$BATS_TEST_TMPDIR/old"
	"$make" --out "$out"
	cmp "$out/ca.crt" "$BATS_TEST_TMPDIR/old/ca.crt"
	cmp "$out/ca.key" "$BATS_TEST_TMPDIR/old/ca.key"
	run -1 cmp -s "$out/tls.key" "$BATS_TEST_TMPDIR/old/tls.key"
	verify "$out/tls.crt"
	matches
}

@test "a new CA is trusted beside the old one, until the next run" {
	"$make" --out "$out"
	cp "$out/tls.crt" "$BATS_TEST_TMPDIR/old.crt"
	"$make" --out "$out" --new-ca
	verify "$out/tls.crt" "$BATS_TEST_TMPDIR/old.crt"
	matches
	"$make" --out "$out"
	verify "$out/tls.crt"
	run -2 verify "$BATS_TEST_TMPDIR/old.crt"
}

@test "a reader never sees an incomplete file, and only briefly a key without its certificate" {
	"$make" --out "$out"
	for _ in 1 2 3 4 5; do "$make" --out "$out" --new-ca; done >/dev/null &
	while kill -0 $! 2>/dev/null; do
		openssl x509 -in "$out/tls.crt" -noout
		openssl pkey -in "$out/tls.key" -noout
		# A renewal may happen between reading the one and the other.
		for _ in 1 2 3 4 5; do
			if matches 2>/dev/null; then continue 2; fi
		done
		false
	done
}

@test "concurrent runs leave a pair that matches" {
	local runs=()
	for _ in 1 2 3 4 5 6; do
		"$make" --out "$out" >/dev/null &
		runs+=($!)
	done
	wait "${runs[@]}"
	verify "$out/tls.crt"
	matches
}

@test "a run that fails replaces nothing" {
	"$make" --out "$out"
	run -0 sha256sum "$out"/*
	before=$output
	run -1 "$make" --out "$out" --new-ca --ip 1.2.3
	run -0 sha256sum "$out"/*
	[ "$output" = "$before" ]
	run -0 ls -A "$out"
	[ "${#lines[@]}" -eq 4 ]
}

@test "a CA that expires too early, or without its key, must be replaced" {
	"$make" --out "$out"
	openssl req -x509 -key "$out/ca.key" -subj /CN=old -days 30 -out "$out/ca.crt"
	run -1 "$make" --out "$out"
	[[ $output == *--new-ca* ]]
	rm "$out/ca.key"
	run -1 "$make" --out "$out"
	[[ $output == *--new-ca* ]]
	"$make" --out "$out" --new-ca
	verify "$out/tls.crt"
}

@test "wrong usage: one line, the usage, and exit code 2" {
	for args in "" "--out" "--out $out --dns a,b" "--out $out --ip x.y" "--out $out --days 0" \
		"--out $out --days 1000" "--out $out extra"; do
		# shellcheck disable=SC2086
		run -2 "$make" $args
		[[ ${lines[0]} == "certs/make: "* ]]
	done
	[ ! -e "$out" ]
}
