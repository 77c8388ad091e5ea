#!/usr/bin/env bats
# shellcheck disable=SC2154 # what bats and lib.bash set
# An installation from nothing to serving, in any order of events.

load lib

serving_within=20

setup_file() {
	node_up
	[[ ! ${obstacle-} ]] || return 0
	image_build
	"$localcluster" load "$IMAGE/image.tar"
	cp -r "$root/manifests" "$BATS_FILE_TMPDIR"
	"$root/certs/make" --out "$BATS_FILE_TMPDIR/manifests/cluster/tls"
}

teardown_file() {
	node_down
}

setup() {
	node_use
	manifests=$BATS_FILE_TMPDIR/manifests
	kubectl kustomize "$manifests/cluster" >"$BATS_TEST_TMPDIR/all.yaml"
}

# apply_only KIND|KIND...: the objects of these kinds
apply_only() {
	awk -v kinds="^kind: ($1)\$" '
		{ document = document $0 "\n" }
		$0 ~ kinds { wanted = 1 }
		/^---$/ { if (wanted) printf "%s", document; document = ""; wanted = 0 }
		END { if (wanted) printf "%s", document }
	' "$BATS_TEST_TMPDIR/all.yaml" | kubectl apply -f -
}

serves() {
	kubectl create --dry-run=server -f - <<-EOF 2>&1 | grep -q 'Duplicate value: "twice"'
		apiVersion: lifecycle.keptn.sh/v1
		kind: KeptnAppContext
		metadata: {name: probe, namespace: default}
		spec: {promotionTasks: [twice, twice]}
	EOF
}

all_available() {
	kubectl wait -n promogate-system --for=condition=Available deployment --all --timeout=5s
}

lacks_secret() {
	kubectl get events -n promogate-system | grep 'FailedMount.*promogate-webhook.*secret "promogate-webhook-tls" not found'
}

containers() { # FIELD of the status of each
	kubectl get pods -n promogate-system -o jsonpath="{range .items[*]}{.status.containerStatuses[0].$1}{'\n'}{end}"
}

all_started() {
	same $'true\ntrue\ntrue\ntrue' "$(containers started)"
}

# Waits, and checks the time since STARTED.
serving() { # STARTED
	local took
	eventually serves
	eventually all_available
	took=$((SECONDS - $1))
	echo "# serving after $took s" >&3
	((took <= serving_within))
}

@test "one kubectl apply brings both to serving, within 20 s" {
	kubectl create --save-config -k "$manifests/crds"
	started=$SECONDS
	kubectl apply -k "$manifests/cluster"
	serving "$started"
}

@test "pods that start before their Secret, permissions and kinds serve within 20 s of the last of these" {
	kubectl delete -f "$BATS_TEST_TMPDIR/all.yaml"
	kubectl delete -k "$manifests/crds"
	apply_only 'Namespace|ServiceAccount'
	apply_only 'Deployment|Service|.*WebhookConfiguration'
	eventually lacks_secret
	apply_only Secret
	eventually all_started
	apply_only '(Cluster)?Role(Binding)?|CustomResourceDefinition'
	same $'false\nfalse\nfalse\nfalse' "$(containers ready)"
	started=$SECONDS
	kubectl create --save-config -k "$manifests/crds"
	kubectl apply -k "$manifests/cluster"
	serving "$started"
}
