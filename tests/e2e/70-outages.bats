#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2317 # what bats and lib.bash set, and functions that are called by name
# The webhook or the API server stops and starts again, certificates change, and under load no request
# is lost.

load lib

setup_file() {
	shared_up
}

setup() {
	namespace
	home=$(process_home main)
	endpoint=127.0.0.1:$(webhook_port main)
	stop=$BATS_TEST_TMPDIR/stop
}

# After each test the webhook "main" serves and is registered again.
teardown() {
	touch "$stop"
	show_log main
	[[ ! -e $BATS_TEST_TMPDIR/good.crt ]] || cp "$BATS_TEST_TMPDIR/good.crt" "$home/tls/tls.crt"
	"$root/hack/localcluster" --dir "$cluster" start-apiserver
	process_ended main || process_signal main CONT
	! process_ended main || webhook_start main
	process_kill second
	rm -rf "$(process_home second)"
	eventually process_ready main
	is_called main || register main
}

unreachable() { # WHICH: what a person reads while nobody listens
	printf 'failed calling webhook "%s": failed to call webhook: Post "https://%s/%s?timeout=3s": dial tcp %s: connect: connection refused' \
		"$1" "$endpoint" "${1%%.*}" "$endpoint"
}

# asked WEBHOOK TASK: HTTP status and body of a direct question about a context with this task
asked() { # NAME TASK [TIMEOUT [LIST]]
	jq -n --arg task "$2" --arg ns "$ns" --arg list "${4:-promotionTasks}" '{kind: "AdmissionReview", apiVersion: "admission.k8s.io/v1", request: {
		uid: "direct", operation: "CREATE", name: "podtato", namespace: $ns,
		resource: {group: "lifecycle.keptn.sh", version: "v1", resource: "keptnappcontexts"},
		object: {metadata: {name: "podtato", namespace: $ns}, spec: {($list): [$task]}}}}' |
		curl -sS --cacert "$(process_home "$1")/tls/ca.crt" -H 'Content-Type: application/json' --data-binary @- \
			-w '\n%{http_code}\n' "https://127.0.0.1:$(webhook_port "$1")/validate?timeout=${3:-3s}"
}

# The load of load.py on a webhook's port, until the file $stop appears; its result is in $1.load.
port_load() { # NAME
	python3 "$BATS_TEST_DIRNAME/load.py" "127.0.0.1:$(webhook_port "$1")" "$BATS_TEST_TMPDIR/ca.crt" "$stop" \
		>"$BATS_TEST_TMPDIR/$1.load" 3>&- &
	port_load_pid=$!
	eventually called_often "$1"
}

# Creates through the API server, a hundred at a time, until the file $stop appears.
api_load() {
	printf '{"apiVersion":"lifecycle.keptn.sh/v1","kind":"KeptnAppContext","metadata":{"generateName":"load-","namespace":"%s"},"spec":{"promotionTasks":[]}}' \
		"$ns" >"$BATS_TEST_TMPDIR/body"
	(
		exec 3>&-
		while [[ ! -e $stop ]]; do
			h2load -n 100 -c 4 -m 1 -H "Authorization: Bearer $CLUSTER_TOKEN" -H 'Content-Type: application/json' \
				-d "$BATS_TEST_TMPDIR/body" \
				"$CLUSTER_SERVER/apis/lifecycle.keptn.sh/v1/namespaces/$ns/keptnappcontexts?dryRun=All" || echo "h2load: exit $?"
		done >"$BATS_TEST_TMPDIR/api.load" 2>&1
	) &
	api_load_pid=$!
}

called_often() { # NAME
	[[ $(metric "$1" promogate_admission_requests_total 'webhook="validate"') -gt ${called_before:-0} ]]
}

# Ends the load on the API server: there were requests, and none failed.
api_load_had_no_failure() {
	touch "$stop"
	wait "$api_load_pid"
	grep -E '^status codes|^h2load' "$BATS_TEST_TMPDIR/api.load"
	jq -r --arg ns "$ns" 'select(.objectRef.namespace == $ns and .responseStatus.code >= 500) | .responseStatus.message' \
		"$cluster/audit.log" | sort | uniq -c
	run -0 grep -c '^status codes: 100 2xx, 0 3xx, 0 4xx, 0 5xx$' "$BATS_TEST_TMPDIR/api.load"
	[ "$output" -ge 2 ]
	[ "$output" -eq "$(grep -c '^requests:' "$BATS_TEST_TMPDIR/api.load")" ]
	run -1 grep 'h2load: exit' "$BATS_TEST_TMPDIR/api.load"
}

serial() { # NAME: of the certificate that is served now
	openssl s_client -connect "127.0.0.1:$(webhook_port "$1")" </dev/null 2>/dev/null | openssl x509 -noout -serial
}

serves_its_file() {
	same "$(openssl x509 -in "$home/tls/tls.crt" -noout -serial)" "$(serial main)"
}

@test "killed: changes of contexts are rejected, and the message names the webhook and the reason" {
	definition notify | says '' apply
	context podtato '{}' | says '' apply
	process_kill main
	promotes other notify | refused \
		"Error from server (InternalError): error when creating \"STDIN\": Internal error occurred: $(unreachable "$validating")" apply
	refused "Error from server (InternalError): Internal error occurred: $(unreachable "$validating")" \
		kubectl label -n "$ns" keptnappcontext podtato a=b
	# Nothing else is affected.
	definition tell | says '' apply
	says '' kubectl create configmap -n "$ns" some --from-literal=a=b
	says '' kubectl patch -n "$ns" keptnappcontext podtato --subresource=status --type=merge -p '{"status":{"status":"x"}}'
	says '' kubectl delete -n "$ns" keptnappcontext podtato
	webhook_start main
	eventually process_ready main
	promotes other notify | says '' apply
}

@test "stalled: contexts and namespaces are deleted all the same, in the foreground too" {
	context podtato '{}' | says '' apply
	context other '{}' | says '' apply
	process_signal main STOP
	says '' timeout 60 kubectl delete -n "$ns" keptnappcontext podtato --cascade=foreground --timeout=45s
	says '' timeout 90 kubectl delete namespace "$ns" --timeout=75s
	process_signal main CONT
}

@test "killed, with failurePolicy Ignore: accepted without validation, and validated again afterwards" {
	kubectl patch validatingwebhookconfiguration promogate --type=json -p '[{"op":"replace","path":"/webhooks/0/failurePolicy","value":"Ignore"}]'
	process_kill main
	ignored() {
		promotes podtato nobody-has-this | kubectl apply -f -
	}
	eventually ignored
	[ "$(resolved podtato)" = null ]
	webhook_start main
	eventually process_ready main
	register main
	says "Warning: spec.promotionTasks[0]: Not found: \"nobody-has-this\": no KeptnTaskDefinition of this name in \"$ns\" or \"keptn-system\"; create it first, or correct the name" \
		kubectl label -n "$ns" keptnappcontext podtato a=b
	[ "$(resolved podtato)" = Block ]
}

@test "restarted: it validates from the first request on" {
	definition notify | says '' apply
	process_kill main
	webhook_start main
	promotes podtato notify | says '' apply
}

@test "the API server is down: the cache is enough to allow, and a cache miss that could deny is an error" {
	definition notify | says '' apply
	cached() {
		[[ $(asked main notify) == *'"allowed":true'* ]]
	}
	eventually cached
	"$root/hack/localcluster" --dir "$cluster" stop-apiserver
	run -0 asked main notify
	[ "${lines[-1]}" = 200 ]
	[ "$(jq -c .response <<<"${lines[0]}")" = '{"uid":"direct","allowed":true}' ]
	run -0 asked main tell
	[ "${lines[-1]}" = 500 ]
	[[ $(jq -r .message <<<"${lines[0]}") == "looking up a KeptnTaskDefinition: "*"; see the webhook's log" ]]
	[[ ${lines[0]} != *"$CLUSTER_SERVER"* ]]
	run -0 asked main tell 3s preDeploymentTasks
	[ "${lines[-1]}" = 200 ]
	[[ $(jq -r 'select(.response.allowed) | .response.warnings[]' <<<"${lines[0]}") == *': not confirmed: '* ]]
	[[ $(plain main /readyz) == ok ]]
}

@test "the API server hangs: the webhook reports it before its caller times out" {
	kill -STOP "$(cut -d' ' -f1 "$cluster/run/kube-apiserver")"
	run -0 asked main tell 1s
	hanging=("${lines[@]}")
	run -0 asked main tell 1s preDeploymentTasks
	kill -CONT "$(cut -d' ' -f1 "$cluster/run/kube-apiserver")"
	[ "${hanging[-1]}" = 500 ]
	same "timed out looking up what it depends on" \
		"$(jq -r .message <<<"${hanging[0]}")"
	[ "${lines[-1]}" = 200 ]
	[[ ${lines[0]} == *'"allowed":true'*': not confirmed: '* ]]
}

@test "the API server was restarted: the watches recover automatically" {
	context podtato '{}' | says '' apply
	[ "$(resolved podtato)" = Block ]
	pid=$(cat "$home/pid")
	"$root/hack/localcluster" --dir "$cluster" restart-apiserver
	eventually kubectl get -n "$ns" keptnappcontexts,keptntaskdefinitions
	{
		definition notify
		promotes other notify
	} | says '' apply
	kubectl apply -f - <<-EOF
		apiVersion: options.keptn.sh/v1alpha1
		kind: KeptnConfig
		metadata: {name: restarted, namespace: keptn-system}
		spec: {blockDeployment: false}
	EOF
	follows() {
		kubectl label -n "$ns" keptnappcontext podtato --overwrite "n=$RANDOM$RANDOM"
		[[ $(resolved podtato) == "$1" ]]
	}
	eventually follows Warn
	kubectl delete -n keptn-system keptnconfig restarted
	eventually follows Block
	[ "$(cat "$home/pid")" -eq "$pid" ]
}

@test "certificate files are replaced under load, and no request fails" {
	cp "$home/tls/ca.crt" "$BATS_TEST_TMPDIR"
	called_before=$(metric main promogate_admission_requests_total 'webhook="validate"')
	port_load main
	api_load
	for _ in 1 2 3; do
		"$root/certs/make" --out "$home/tls"
		eventually serves_its_file
	done
	api_load_had_no_failure
	wait "$port_load_pid"
	run -0 cat "$BATS_TEST_TMPDIR/main.load"
	jq -e '.answered > 100 and .failed == [] and .refused == null' <<<"$output"
}

@test "the CA is replaced under load, with both in the bundle meanwhile, and no request fails" {
	api_load
	cp -r "$home/tls" "$BATS_TEST_TMPDIR"
	"$root/certs/make" --out "$BATS_TEST_TMPDIR/tls" --new-ca
	# First both are trusted, then the new certificate is served, then the old CA is removed.
	[ "$(grep -c BEGIN "$BATS_TEST_TMPDIR/tls/ca.crt")" -eq 2 ]
	cp "$BATS_TEST_TMPDIR/tls/ca.crt" "$home/tls"
	register main
	cp "$BATS_TEST_TMPDIR/tls"/* "$home/tls"
	eventually serves_its_file
	"$root/certs/make" --out "$home/tls"
	[ "$(grep -c BEGIN "$home/tls/ca.crt")" -eq 1 ]
	eventually serves_its_file
	register main
	api_load_had_no_failure
}

@test "a broken certificate is not used: the old one is still served" {
	before=$(serial main)
	cp "$home/tls/tls.crt" "$BATS_TEST_TMPDIR/good.crt"
	echo nonsense >"$home/tls/tls.crt"
	refused_file() {
		[[ $(metric main promogate_certificate_loads_total 'result="failed"') -gt 0 ]]
	}
	eventually refused_file
	[ "$(serial main)" = "$before" ]
	context podtato '{}' | says '' apply
}

@test "SIGTERM under load: each answer closes, none is lost, then it ends with 0" {
	cp "$home/tls/ca.crt" "$BATS_TEST_TMPDIR"
	called_before=$(metric main promogate_admission_requests_total 'webhook="validate"')
	port_load main
	asked_at=$(date +%s.%N)
	process_signal main TERM
	drains() {
		[[ $(plain main /readyz) == "shutting down" ]]
	}
	eventually drains
	eventually process_ended main
	[ "$(cat "$home/exit")" = 0 ]
	wait "$port_load_pid"
	run -0 cat "$BATS_TEST_TMPDIR/main.load"
	echo "$output"
	# Its drain time is two seconds here: no connection was rejected before they were over.
	jq -e --argjson asked "$asked_at" '.failed == [] and .closes > 10 and .refused >= $asked + 2' <<<"$output"
}

@test "SIGTERM under the API server's load, while another replica takes over: no request fails" {
	webhook_start second --drain-timeout=20s
	eventually process_ready second
	register second
	api_load
	eventually called_often second
	process_signal second TERM
	# As with the endpoints of a Service, the API server follows while the old replica still answers.
	register main
	run -1 process_ended second
	eventually process_ended second
	[ "$(cat "$(process_home second)/exit")" = 0 ]
	api_load_had_no_failure
}

@test "SIGINT ends it too" {
	process_signal main INT
	eventually process_ended main
	[ "$(cat "$home/exit")" = 0 ]
}
