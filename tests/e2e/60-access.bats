#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2317 # what bats and lib.bash set, and functions that are called by name
# The webhook's identity and permissions, and its metrics, logs and readiness.

load lib

setup_file() {
	shared_up
}

setup() {
	namespace
}

teardown() {
	show_log main
	is_called main || register main
	process_kill blind
	process_kill stranger
}

# The webhook's requests to the API server, by its user agent: "user verb resource", each once, without
# discovery.
asked() {
	jq -r 'select((.userAgent // "") | startswith("promogate-webhook")) | select(.objectRef != null) |
		"\(.user.username) \(.verb) \(.objectRef.resource).\(.objectRef.apiGroup)"' "$cluster/audit.log" | sort -u
}

@test "it uses its own service account, reads what it may read, and writes nothing" {
	promotes podtato notify | refused "$(invalid podtato "spec.promotionTasks[0]: Not found: \"notify\": \
no KeptnTaskDefinition of this name in \"$ns\" or \"keptn-system\"; create it first, or correct the name")" apply
	# Before PG202 denies, the context and the namespace are read.
	definition notify | says '' apply
	promotes podtato notify | says '' apply
	eventually cache_caught_up main keptnappcontexts
	run -1 --separate-stderr kubectl replace -f - < <(definition notify '{retries: 1}')
	[[ $stderr == *"in use by $ns/podtato, where the task could not run any more"* ]]
	only_this() {
		same 'system:serviceaccount:promogate-system:promogate-webhook get keptnappcontexts.lifecycle.keptn.sh
system:serviceaccount:promogate-system:promogate-webhook get keptntaskdefinitions.lifecycle.keptn.sh
system:serviceaccount:promogate-system:promogate-webhook get namespaces.null
system:serviceaccount:promogate-system:promogate-webhook list keptnappcontexts.lifecycle.keptn.sh
system:serviceaccount:promogate-system:promogate-webhook list keptnconfigs.options.keptn.sh
system:serviceaccount:promogate-system:promogate-webhook list keptntaskdefinitions.lifecycle.keptn.sh
system:serviceaccount:promogate-system:promogate-webhook list namespaces.null
system:serviceaccount:promogate-system:promogate-webhook list promotionpolicies.promogate.dev
system:serviceaccount:promogate-system:promogate-webhook watch keptnappcontexts.lifecycle.keptn.sh
system:serviceaccount:promogate-system:promogate-webhook watch keptnconfigs.options.keptn.sh
system:serviceaccount:promogate-system:promogate-webhook watch keptntaskdefinitions.lifecycle.keptn.sh
system:serviceaccount:promogate-system:promogate-webhook watch namespaces.null
system:serviceaccount:promogate-system:promogate-webhook watch promotionpolicies.promogate.dev' "$(asked)"
	}
	eventually only_this
	run -0 jq -s 'map(select((.userAgent // "") | startswith("promogate-webhook")) | select(.responseStatus.code == 403)) | length' \
		"$cluster/audit.log"
	[ "$output" -eq 0 ]
}

# What the kernel says of a process. A sanitizer's reports need what the sandbox takes away.
sandbox_status() { # NAME
	grep -E '^(NoNewPrivs|Seccomp):' "/proc/$(cat "$(process_home "$1")/pid")/status" | tr -d '\t\n'
}

in_sandbox() { # NAME
	local status
	status=$(sandbox_status "$1")
	case $program in
	*asan* | *tsan*)
		grep -F '"msg":"no sandbox: this build has a sanitizer"' "$(process_home "$1")/log"
		[[ $status == NoNewPrivs:0Seccomp:0 ]]
		;;
	*)
		grep -F '"msg":"sandbox entered","landlock":' "$(process_home "$1")/log"
		[[ $status == NoNewPrivs:1Seccomp:2 ]]
		;;
	esac
}

@test "it is in a sandbox" {
	in_sandbox main
}

@test "in the sandbox it looks up names, and with --sandbox=off there is none" {
	process_identify named promogate-webhook
	"$root/certs/make" --out "$(process_home named)/tls"
	sed -i "s#https://[^:]*:#https://localhost:#" "$(process_home named)/kubeconfig"
	webhook_start named
	eventually process_ready named
	in_sandbox named
	process_kill named
	webhook_start named --sandbox=off
	eventually process_ready named
	same NoNewPrivs:0Seccomp:0 "$(sandbox_status named)"
	grep -F '"msg":"sandbox switched off"' "$(process_home named)/log"
	process_kill named
}

@test "every finding is in the API server's audit log" {
	context podtato '{promotionTasks: [a, a], spanLinks: [x]}' | run -1 apply
	audited() {
		# Not by jq's exit status: in jq 1.6, -e reports the last line of the log only.
		jq -r --arg ns "$ns" --arg key "$validating/findings" 'select(.objectRef.namespace == $ns and .stage == "ResponseComplete") |
			.annotations[$key]' "$cluster/audit.log" | grep -Fx PG101,PG102,PG108
	}
	eventually audited
}

@test "metrics count verdicts by webhook and operation, and findings by rule" {
	counts() {
		local verdict operation metrics=$BATS_TEST_TMPDIR/metrics
		plain main /metrics >"$metrics"
		for verdict in allowed denied; do
			for operation in CREATE UPDATE; do
				printf '%s ' "$(metric main promogate_admission_requests_total 'webhook="validate"' "operation=\"$operation\"" "verdict=\"$verdict\"")"
			done
		done
		metric main promogate_admission_requests_total 'webhook="mutate"' 'verdict="allowed"'
	}
	rules() {
		local rule metrics=$BATS_TEST_TMPDIR/metrics
		for rule in PG101 PG102 PG103 PG104 PG105 PG106 PG107 PG108 PG110; do
			printf '%s/%s ' "$(metric main promogate_admission_findings_total "rule=\"$rule\"" 'severity="error"')" \
				"$(metric main promogate_admission_findings_total "rule=\"$rule\"" 'severity="warning"')"
		done
	}
	# differences BEFORE AFTER
	differences() {
		paste -d' ' <(tr -s ' /' '\n' <<<"$1") <(tr -s ' /' '\n' <<<"$2") | awk 'NF == 2 {printf "%s%d", sep, $2 - $1; sep = " "}'
	}
	counts_before=$(counts) rules_before=$(rules)
	definition good | says '' apply
	definition bad '{}' | says '' apply
	promotes podtato good | says '' apply
	kubectl label -n "$ns" keptnappcontext podtato a=b
	context other '{promotionTasks: [good, bad, none, none, None], preDeploymentTasks: [x], postDeploymentTasks: [good], spanLinks: [link]}' \
		'{promogate.dev/on-failure: z}' >"$BATS_TEST_TMPDIR/other"
	run -1 kubectl create -f "$BATS_TEST_TMPDIR/other"
	run -1 kubectl create --field-manager=helm -f "$BATS_TEST_TMPDIR/other"
	run -1 kubectl patch -n "$ns" keptnappcontext podtato --type=merge -p '{"spec":{"promotionTasks":["good","good"]}}'
	# allowed: three creates, one update; denied: two creates, one update; mutated: each context of the five.
	same "3 1 2 1 5" "$(differences "$counts_before" "$(counts)")"
	# PG101 and PG105 deny for a person, and warn for Helm.
	same "1 1 3 0 2 0 0 0 1 1 0 2 0 2 0 2 2 0" "$(differences "$rules_before" "$(rules)")"
}

@test "metrics are in Prometheus' format" {
	run -0 curl -sS -D - -o "$BATS_TEST_TMPDIR/metrics" "http://127.0.0.1:$(cat "$(process_home main)/plain_port")/metrics"
	[[ $output == *'text/plain; version=0.0.4'* ]]
	# Every line is a comment or a sample, and every sample's family was declared.
	# shellcheck disable=SC2016
	run -0 awk '
		/^# (HELP|TYPE) [a-z_]+ / { if ($2 == "TYPE") family[$3] = $4; next }
		/^[a-z_]+(\{([a-z_]+="[^"]*",?)+\})? [-+0-9.e]+$/ {
			name = $1; sub(/\{.*/, "", name); base = name; sub(/_(bucket|sum|count)$/, "", base)
			if (name in family || family[base] == "histogram") next
		}
		{ print "not understood: " $0 }' "$BATS_TEST_TMPDIR/metrics"
	[ -z "$output" ]
}

@test "metrics follow the cache" {
	for name in a b c; do definition $name; done | says '' apply
	eventually cache_caught_up main
	kubectl delete -n "$ns" keptntaskdefinition a b
	eventually cache_caught_up main
}

@test "a large definition does not take memory for good" {
	rss() {
		awk '$1 == "VmRSS:" {print $2}' "/proc/$(cat "$(process_home main)/pid")/status"
	}
	[[ $program != *asan* && $program != *tsan* ]] || skip "sanitizers keep what is freed"
	before=$(rss)
	definition large "{deno: {inline: {code: x}, parameters: {map: $(jq -nc '[range(90000) | {key: "k\(.)", value: "v"}] | from_entries')}}}" |
		kubectl create -f -
	eventually cache_caught_up main
	echo "$before kB, then $(rss) kB"
	[ "$(rss)" -lt $((before + 16 * 1024)) ]
}

@test "the expiry of the certificate file is a metric" {
	want=$(date -d "$(openssl x509 -in "$(process_home main)/tls/tls.crt" -noout -enddate | cut -d= -f2)" +%s)
	[ "$(metric main promogate_certificate_expiry_timestamp_seconds)" -eq "$want" ]
}

# answers WITH...: whether the webhook "guarded" answers curl, whatever it says
answers() {
	curl -sS -o /dev/null --max-time 20 --cacert "$(process_home guarded)/tls/ca.crt" "$@" \
		"https://127.0.0.1:$(webhook_port guarded)/"
}

@test "with --client-ca-file only clients with a certificate of that CA are answered" {
	pki=$cluster/pki
	webhook_start guarded --client-ca-file="$pki/ca.crt"
	eventually process_ready guarded # the plain port is for everybody
	run -0 answers --cert "$pki/admin.crt" --key "$pki/admin.key"
	run ! answers
	run ! answers --cert "$pki/apiserver.crt" --key "$pki/apiserver.key" # a server's
	run ! answers --cert "$(process_home guarded)/tls/tls.crt" --key "$(process_home guarded)/tls/tls.key"
	process_kill guarded
}

@test "it is ready and healthy while everything works" {
	[ "$(plain main /readyz)" = ok ]
	[ "$(plain main /healthz)" = ok ]
}

@test "with an invalid token it is not ready, and says what is missing" {
	webhook_prepare stranger
	echo nobody >"$(process_home stranger)/token"
	webhook_start stranger
	same 'keptntaskdefinitions: not listed yet
keptnconfigs: not listed yet
promotionpolicies: not listed yet
namespaces: not listed yet
keptnappcontexts: not listed yet' "$(plain stranger /readyz)"
	[ "$(plain stranger /healthz)" = ok ]
	[ "$(curl -s -o "$BATS_TEST_TMPDIR/reasons" -w '%{http_code}' "http://127.0.0.1:$(cat "$(process_home stranger)/plain_port")/readyz")" = 503 ]
	eventually grep -q "list failed.*\"errorKind\":\"Unauthorized\"" "$(process_home stranger)/log"
	# A token that is replaced later is used.
	cp "$(process_home main)/token" "$(process_home stranger)/token"
	eventually process_ready stranger
}

@test "a cache miss is confirmed by a live look-up before a request is denied" {
	# The cache of an account that may get one definition but not list them stays empty.
	kubectl create serviceaccount -n promogate-system blind
	kubectl create clusterrole blind --verb=get --resource=keptntaskdefinitions.lifecycle.keptn.sh
	kubectl create clusterrolebinding blind --clusterrole=blind --serviceaccount=promogate-system:blind
	webhook_prepare blind
	kubectl create token blind -n promogate-system >"$(process_home blind)/token"
	webhook_start blind
	register blind
	definition notify | says '' apply
	# The API server's own view of permissions follows after a moment, too.
	promoted() {
		promotes first notify | apply
	}
	eventually promoted
	ns=keptn-system definition "shared-$BATS_TEST_NUMBER" | says '' apply
	promotes second "notify, shared-$BATS_TEST_NUMBER" | says '' apply
	promotes third none | refused "$(invalid third "spec.promotionTasks[0]: Not found: \"none\": \
no KeptnTaskDefinition of this name in \"$ns\" or \"keptn-system\"; create it first, or correct the name")" apply
	[ "$(metric blind promogate_live_lookups_total 'outcome="Found"')" -ge 3 ]
	[ "$(metric blind promogate_cache_objects 'resource="keptntaskdefinitions"')" -eq 0 ]
}

@test "the log has one JSON object per line, and no secret" {
	run -0 jq -c . "$(process_home main)/log"
	[ "${#lines[@]}" -eq "$(wc -l <"$(process_home main)/log")" ]
	run -1 grep -F "$(cat "$(process_home main)/token")" "$(process_home main)/log"
}

@test "wrong settings are one exact line and exit 2" {
	run -2 "$program"
	[ "$output" = "promogate-webhook: --tls-cert-file and --tls-key-file are both required; certs/make makes a pair" ]
	run -2 "$program" --tls-cert-file=a --tls-key-file=b --keptn-namespace=No_Name
	[ "$output" = 'promogate-webhook: --keptn-namespace: must be a lowercase RFC 1123 subdomain of at most 253 characters, not "No_Name"' ]
	PROMOGATE_DRAIN_TIMEOUT=10 run -2 "$program" --tls-cert-file=a --tls-key-file=b
	[ "$output" = 'promogate-webhook: PROMOGATE_DRAIN_TIMEOUT: must be a duration such as 10s or 1h30m, at most 600s, not "10"' ]
}
