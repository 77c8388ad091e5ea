#!/usr/bin/env bats
# The API client (src/client/) against a real API server, by tests/e2e/apiclient.c.

bats_require_minimum_version 1.5.0

root=$BATS_TEST_DIRNAME/../..
localcluster=$root/hack/localcluster

setup_file() {
	make -s -C "$root" build/release/tests/e2e/apiclient
	export PROMOGATE_CLUSTER_DIR=$BATS_FILE_TMPDIR/cluster
	"$localcluster" up
}

teardown_file() {
	"$localcluster" down
}

setup() {
	eval "$("$localcluster" env)"
	client=${APICLIENT:-$root/build/release/tests/e2e/apiclient}
	ns=client-$BATS_TEST_NUMBER
	kubectl create namespace "$ns"
	maps=/api/v1/namespaces/$ns/configmaps
}

eventually() { # COMMAND...
	local end=$((SECONDS + 60))
	until "$@"; do
		((SECONDS < end)) || return 1
		sleep 0.1
	done
}

says() { # TEXT FILE
	grep -qF -- "$1" "$2"
}

map() { # NAME [RESOURCEVERSION]
	jq -nc --arg name "$1" --arg version "${2:-}" \
		'{apiVersion: "v1", kind: "ConfigMap", metadata: {name: $name, resourceVersion: $version}}'
}

# A kubeconfig beside the administrator's, for another user: USER is YAML
kubeconfig_for() { # FILE USER
	cat >"$1" <<-EOF
		current-context: x
		contexts: [{name: x, context: {cluster: c, user: u}}]
		clusters: [{name: c, cluster: {server: "$CLUSTER_SERVER", certificate-authority: "$CLUSTER_CA"}}]
		users: [{name: u, user: $2}]
	EOF
}

# In the background; its output is in the file $watched.
watch() { # PATH
	watched=$BATS_TEST_TMPDIR/watched
	"$client" watch "$1" >"$watched" 3>&- &
	watcher=$!
}

@test "creates, reads, patches and deletes" {
	run -0 "$client" call POST "$maps" application/json < <(map a)
	[[ $(jq -r .metadata.name <<<"$output") == a ]]
	run -0 "$client" call PATCH "$maps/a" application/merge-patch+json <<<'{"data": {"k": "v"}}'
	[[ $(jq -r .data.k <<<"$output") == v ]]
	run -0 "$client" call GET "$maps/a"
	[[ $(jq -r .data.k <<<"$output") == v ]]
	run -0 "$client" call DELETE "$maps/a"
	run -1 "$client" call GET "$maps/a"
	[[ $output == "NotFound 404 GET $CLUSTER_SERVER$maps/a: NotFound: configmaps \"a\" not found" ]]
}

@test "distinguishes errors by kind" {
	"$client" call POST "$maps" application/json < <(map a)
	run -1 "$client" call POST "$maps" application/json < <(map a)
	[[ $output == "AlreadyExists 409 "* ]]
	run -1 "$client" call PUT "$maps/a" application/json < <(map a 1)
	[[ $output == "Conflict 409 "* ]]
	run -1 "$client" call POST "$maps" application/json < <(map "NOT A NAME")
	[[ $output == "Invalid 422 "* ]]
	run -1 "$client" call POST "$maps" application/json <<<'no JSON'
	[[ $output == "Invalid 400 "* ]]
	run -1 "$client" call GET "$maps?limit=2&continue=nonsense"
	[[ $output == "Invalid 400 "* ]]
	run -1 "$client" call GET /apis/lifecycle.example/v1/things
	[[ $output == "NotServed 404 "*"404 page not found" ]]
}

@test "distinguishes a quota from a missing permission" {
	kubectl create quota full -n "$ns" --hard=secrets=0
	counted() {
		[[ $(kubectl get quota full -n "$ns" -o jsonpath='{.status.hard.secrets}') == 0 ]]
	}
	eventually counted
	run -1 "$client" call POST "/api/v1/namespaces/$ns/secrets" application/json \
		<<<'{"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "a"}}'
	[[ $output == "Quota 403 "*"exceeded quota: full"* ]]

	kubectl create serviceaccount nobody -n "$ns"
	kubectl create token nobody -n "$ns" >"$BATS_TEST_TMPDIR/token"
	kubeconfig_for "$BATS_TEST_TMPDIR/nobody" '{tokenFile: token}'
	KUBECONFIG=$BATS_TEST_TMPDIR/nobody run -1 "$client" call GET "$maps"
	[[ $output == "Forbidden 403 "*"system:serviceaccount:$ns:nobody"* ]]
}

@test "authenticates by certificate, by token, or not at all" {
	kubeconfig_for "$BATS_TEST_TMPDIR/token" "{token: \"$CLUSTER_TOKEN\"}"
	KUBECONFIG=$BATS_TEST_TMPDIR/token run -0 "$client" call GET "$maps"
	kubeconfig_for "$BATS_TEST_TMPDIR/wrong" '{token: wrong}'
	KUBECONFIG=$BATS_TEST_TMPDIR/wrong run -1 "$client" call GET "$maps"
	[[ $output == "Unauthorized 401 "* ]]
	kubeconfig_for "$BATS_TEST_TMPDIR/anonymous" '{}'
	KUBECONFIG=$BATS_TEST_TMPDIR/anonymous run -1 "$client" call GET "$maps"
	[[ $output == "Forbidden 403 "*system:anonymous* ]]
}

@test "does not talk to a server whose certificate the CA did not sign" {
	sed 's/certificate-authority: [^}]*/tls-server-name: kubernetes/' \
		<(kubeconfig_for /dev/stdout '{}') >"$BATS_TEST_TMPDIR/system"
	KUBECONFIG=$BATS_TEST_TMPDIR/system run -1 "$client" call GET /version
	[[ $output == "IO 0 "*certificate* ]]
}

@test "lists in pages" {
	for i in {1..25}; do
		map "m$i"
	done | kubectl create -n "$ns" -f - >/dev/null
	run -0 "$client" list "$maps" 10
	[[ $output =~ ^"25 objects in 3 pages at "[0-9]+$ || $output =~ ^"26 objects in 3 pages at "[0-9]+$ ]]
}

@test "watches from the version of its list, until the server ends the watch" {
	run -0 "$client" list "$maps" 100
	watch "$maps?watch=1&allowWatchBookmarks=true&timeoutSeconds=8&resourceVersion=${output##* }"
	"$client" call POST "$maps" application/json < <(map a)
	"$client" call DELETE "$maps/a"
	wait "$watcher"
	[[ $(cut -d' ' -f1,2 "$watched" | grep ' a$') == $'ADDED a\nDELETED a' ]]
	[[ $(tail -n 1 "$watched") == ended ]]
}

@test "calls and watches end in an outage, and the next ones work" {
	"$client" call POST "$maps" application/json < <(map a)
	version=$("$client" call GET "$maps/a" | jq -r .metadata.resourceVersion)
	watch "$maps?watch=1"
	eventually says "ADDED a " "$watched"
	"$localcluster" stop-apiserver
	# An API server that shuts down gracefully ends its watches properly.
	wait "$watcher" || true
	[[ $(tail -n 1 "$watched") == ended || $(tail -n 1 "$watched") == "IO 0 "* ]]
	run -1 "$client" call GET "$maps"
	[[ $output == "IO 0 "*"the API server can't be reached: "* ]]
	"$localcluster" start-apiserver
	run -0 "$client" list "$maps" 100
	# Its watch cache starts anew, at an older version than this one.
	for i in {1..5}; do
		map "later$i" | kubectl create -n "$ns" -f -
	done
	run -1 "$client" watch "$maps?watch=1&timeoutSeconds=2&resourceVersion=$((version - 1))"
	[[ $output == "Gone 410 "* ]]
}
