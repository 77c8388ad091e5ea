#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2317 # what bats and lib.bash set, and functions that are called by name
# The reconcilers' leader keeps the webhook's certificates: it makes them, renews them under load, and
# repairs what was deleted or changed. A year of renewals passes in two minutes, with short lifetimes.

load lib
load lib-promotion

setup_file() {
	cluster_up certificates
	promotion_kinds_create
	kubectl apply -k "$root/manifests/reconciler/access"
	kubectl apply -f "$root/manifests/certificates/roles.yaml"
	mkdir -p "$(process_home rotated)/tls"
}

teardown_file() {
	process_kill rotated
	process_kill keeper
	process_kill heir
	cluster_down certificates
}

setup() {
	namespace
	home=$(process_home rotated)
	stop=$BATS_TEST_TMPDIR/stop
	mounted=
}

teardown() {
	touch "$stop"
	[[ -z $mounted ]] || wait "$mounted"
	show_log keeper
	show_log rotated
}

secret=promogate-webhook-tls

keeper() { # NAME
	reconciler_start "$1" --webhook-certificates=keep --webhook-names=127.0.0.1 \
		--certificate-lifetime=24s --ca-lifetime=72s \
		--lease-duration=4s --renew-deadline=3s --retry-period=500ms
}

# The volume of the pod, until the test ends.
mounts() {
	"$BATS_TEST_DIRNAME/certificates.py" pod "$home/tls" "$stop" 3>&- &
	mounted=$!
}

stored() { # KEY
	kubectl get secret -n promogate-system "$secret" -o json | jq -r --arg key "$1" '.data[$key] // empty' | base64 -d
}

# The number of CAs that both configurations trust, in all webhooks: a line for each number.
trusted() {
	kubectl get validatingwebhookconfiguration,mutatingwebhookconfiguration promogate -o json |
		jq -r '.items[].webhooks[].clientConfig.caBundle' | sort -u |
		while read -r bundle; do base64 -d <<<"$bundle" | grep -c BEGIN; done
}

is_mounted() {
	[[ -s $home/tls/tls.crt ]]
}

start_rotated() {
	process_identify rotated promogate-webhook
	process_start rotated "$program" --tls-cert-file="$home/tls/tls.crt" \
		--tls-key-file="$home/tls/tls.key" --kubeconfig="$home/kubeconfig" \
		--listen=127.0.0.1:0 --metrics-listen=127.0.0.1:0 --drain-timeout=2s
}

# Registered with no CA.
register_bare() {
	cp -r "$root/manifests" "$home"
	printf 'endpoint=%s\ncaBundle=\n' "127.0.0.1:$(webhook_port rotated)" >"$home/manifests/local/endpoint.env"
	kubectl apply -k "$home/manifests/local"
}

# Creates through the API server, until the file $stop appears; what failed is in $BATS_TEST_TMPDIR/failed.
create_load() {
	(
		exec 3>&-
		while [[ ! -e $stop ]]; do
			context "load" '{promotionTasks: []}' | kubectl create --dry-run=server -f - >/dev/null 2>>"$BATS_TEST_TMPDIR/failed" || true
			echo >>"$BATS_TEST_TMPDIR/calls"
		done
	) &
	load_pid=$!
}

verify_load() {
	"$BATS_TEST_DIRNAME/certificates.py" verify "127.0.0.1:$(webhook_port rotated)" "$stop" \
		>"$BATS_TEST_TMPDIR/verified" 3>&- &
	verify_pid=$!
}

no_call_failed() {
	touch "$stop"
	wait "$load_pid" "$verify_pid"
	cat "$BATS_TEST_TMPDIR/verified"
	printf 'calls: %s\n' "$(wc -l <"$BATS_TEST_TMPDIR/calls")"
	same '' "$(cat "$BATS_TEST_TMPDIR/failed")"
	jq -e '.failed == [] and .connections > 20' "$BATS_TEST_TMPDIR/verified"
}

renewed() { # WHAT COUNT
	[[ $(metric "${3-keeper}" promogate_webhook_certificate_writes_total "what=\"$1\"") -ge $2 ]]
}

forbidden() {
	jq -r --arg user "$reconciler_user" 'select(.user.username == $user and .responseStatus.code == 403) | .requestURI' \
		"$cluster/audit.log"
}

@test "from nothing: the Secret, what the webhook serves, and the caBundle of both configurations" {
	keeper keeper
	mounts
	eventually is_mounted
	start_rotated
	register_bare
	eventually is_called rotated
	[ "$(trusted)" = 1 ]
	run -0 openssl x509 -noout -text -in <(stored tls.crt)
	[[ $output == *'IP Address:127.0.0.1'* && $output == *'prime256v1'* ]]
	openssl verify -purpose sslserver -CAfile <(stored ca.crt) <(stored tls.crt)
	[[ $(metric keeper promogate_webhook_certificate_stored_expiry_timestamp_seconds 'certificate="ca"') -gt $(date +%s) ]]
}

@test "a year of renewals, of certificates and of CAs, under load: no call fails" {
	mounts
	create_load
	verify_load
	before_serving=$(metric keeper promogate_webhook_certificate_writes_total 'what="serving"')
	before_ca=$(metric keeper promogate_webhook_certificate_writes_total 'what="ca"')
	rotated_often() {
		renewed serving $((before_serving + 7)) && renewed ca $((before_ca + 2))
	}
	patience=200 eventually rotated_often
	no_call_failed
	jq -e '.certificates >= 7 and .bundles >= 4' "$BATS_TEST_TMPDIR/verified"
}

@test "a Secret that is deleted is made again, and no call fails" {
	mounts
	create_load
	verify_load
	before=$(stored ca.crt | head -n 5)
	kubectl delete secret -n promogate-system "$secret"
	made_again() {
		[[ -n $(stored tls.crt) && $(stored ca.crt | head -n 5) != "$before" ]]
	}
	eventually made_again
	no_call_failed
}

@test "a caBundle and a Secret that are spoiled are repaired" {
	mounts
	kubectl patch validatingwebhookconfiguration promogate --type=json \
		-p '[{"op":"remove","path":"/webhooks/0/clientConfig/caBundle"}]'
	kubectl patch secret -n promogate-system "$secret" -p '{"data":{"tls.key":"eA=="}}'
	repaired() {
		[[ $(trusted | sort -u | wc -l) -eq 1 ]] && is_called rotated &&
			openssl pkey -in <(stored tls.key) -noout
	}
	eventually repaired
	process_ready rotated
}

@test "a new leader continues, and needs no other rights than those by name" {
	mounts
	create_load
	verify_load
	keeper heir
	process_kill keeper
	heir_renews() {
		renewed serving 2 heir
	}
	eventually heir_renews
	no_call_failed
	same '' "$(forbidden)"
}

@test "readiness fails before an expired certificate is served" {
	process_kill heir
	not_ready() {
		[[ $(plain rotated /readyz) == *certificate* ]]
	}
	eventually not_ready
}
