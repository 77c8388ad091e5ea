#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2317 # what bats and lib.bash set, and functions that are called by name
# What the webhook writes: one annotation of its own, and only in requests that change something.

load lib

setup_file() {
	shared_up
}

setup() {
	namespace
	kubectl delete keptnconfig --all --all-namespaces
}

teardown() {
	kubectl delete keptnconfig --all --all-namespaces
	show_log main
}

config() { # NAME SPEC
	cat <<-EOF
		apiVersion: options.keptn.sh/v1alpha1
		kind: KeptnConfig
		metadata: {name: $1, namespace: ${3:-keptn-system}}
		spec: $2
	EOF
}

version() { # NAME
	stored "$1" .metadata.resourceVersion
}

# Waits until writes of contexts give WANT: the webhook's watch follows.
becomes() { # NAME WANT
	becomes_now() {
		kubectl label -n "$ns" keptnappcontext "$1" --overwrite "n=$RANDOM$RANDOM"
		resolved "$1"
		[[ $(resolved "$1") == "$2" ]]
	}
	eventually becomes_now "$1" "$2"
}

@test "the blocking policy is resolved and written: Block by default" {
	context podtato '{}' | says '' apply
	[ "$(resolved podtato)" = Block ]
}

@test "the application's annotation decides" {
	context warns '{}' '{promogate.dev/on-failure: Warn}' | says '' apply
	context blocks '{}' '{promogate.dev/on-failure: Block}' | says '' apply
	[ "$(resolved warns)" = Warn ]
	[ "$(resolved blocks)" = Block ]
	# The user's annotation still belongs to the user's manager.
	[ "$(stored warns '.metadata.annotations["promogate.dev/on-failure"]')" = Warn ]
}

@test "an object without annotations gets them" {
	kubectl create -f - <<-EOF
		apiVersion: lifecycle.keptn.sh/v1
		kind: KeptnAppContext
		metadata: {name: bare, namespace: $ns}
	EOF
	[ "$(stored bare '.metadata.annotations | tojson')" = '{"promogate.dev/resolved-on-failure":"Block"}' ]
}

@test "applying the same again writes nothing" {
	context podtato '{metadata: {a: b}}' '{team: one}' >"$BATS_TEST_TMPDIR/podtato"
	says '' kubectl apply -f "$BATS_TEST_TMPDIR/podtato"
	before=$(version podtato)
	for _ in 1 2; do
		says '' kubectl apply -f "$BATS_TEST_TMPDIR/podtato"
		[ "$output" = "keptnappcontext.lifecycle.keptn.sh/podtato unchanged" ]
	done
	[ "$(version podtato)" = "$before" ]
	run -0 kubectl diff -f "$BATS_TEST_TMPDIR/podtato"
	[ -z "$output" ]
}

@test "server-side apply again writes nothing" {
	context podtato '{metadata: {a: b}}' '{team: one}' >"$BATS_TEST_TMPDIR/podtato"
	says '' kubectl apply --server-side -f "$BATS_TEST_TMPDIR/podtato"
	before=$(version podtato)
	for _ in 1 2; do
		says '' kubectl apply --server-side -f "$BATS_TEST_TMPDIR/podtato"
	done
	[ "$(version podtato)" = "$before" ]
}

@test "two managers apply server-side without a conflict, and neither removes the resolved policy" {
	context podtato '{metadata: {a: b}}' '{promogate.dev/on-failure: Warn}' >"$BATS_TEST_TMPDIR/first"
	context podtato '{preDeploymentEvaluations: [x]}' '{team: two}' >"$BATS_TEST_TMPDIR/second"
	for _ in 1 2; do
		says '' kubectl apply --server-side --field-manager=first -f "$BATS_TEST_TMPDIR/first"
		says '' kubectl apply --server-side --field-manager=second -f "$BATS_TEST_TMPDIR/second"
		[ "$(resolved podtato)" = Warn ]
	done
	before=$(version podtato)
	says '' kubectl apply --server-side --field-manager=first -f "$BATS_TEST_TMPDIR/first"
	says '' kubectl apply --server-side --field-manager=second -f "$BATS_TEST_TMPDIR/second"
	[ "$(version podtato)" = "$before" ]
	# The first manager removes its annotation: the resolved policy follows, whichever manager owns it.
	context podtato '{metadata: {a: b}}' | says '' kubectl apply --server-side --field-manager=first -f -
	[ "$(resolved podtato)" = Block ]
	says '' kubectl apply --server-side --field-manager=second -f "$BATS_TEST_TMPDIR/second"
}

@test "a manager changes its blocking policy server-side, without a conflict over the resolved one" {
	for value in Warn Block Warn; do
		context podtato '{}' "{promogate.dev/on-failure: $value}" | says '' apply --server-side --field-manager=kustomize-controller
		[ "$(resolved podtato)" = "$value" ]
	done
}

@test "a foreign change of the resolved policy is reverted" {
	context podtato '{}' | says '' apply
	says '' kubectl annotate -n "$ns" keptnappcontext podtato --overwrite promogate.dev/resolved-on-failure=Warn
	[ "$(resolved podtato)" = Block ]
	says '' kubectl annotate -n "$ns" keptnappcontext podtato promogate.dev/resolved-on-failure-
	[ "$(resolved podtato)" = Block ]
}

@test "a dry run shows what would be resolved" {
	run -0 --separate-stderr kubectl apply --dry-run=server -o json -f <(context podtato '{}' '{promogate.dev/on-failure: Warn}')
	[ "$(jq -r '.metadata.annotations["promogate.dev/resolved-on-failure"]' <<<"$output")" = Warn ]
}

@test "KeptnConfig's blockDeployment takes effect at the next write: false, true, unset, deleted" {
	context podtato '{}' | says '' apply
	context own '{}' '{promogate.dev/on-failure: Block}' | says '' apply
	[ "$(resolved podtato)" = Block ]
	config main '{blockDeployment: false}' | apply
	# Nothing is written automatically.
	[ "$(resolved podtato)" = Block ]
	becomes podtato Warn
	# The application's annotation has precedence.
	kubectl label -n "$ns" keptnappcontext own a=b
	[ "$(resolved own)" = Block ]
	config main '{blockDeployment: true}' | apply
	becomes podtato Block
	config main '{blockDeployment: false}' | apply
	becomes podtato Warn
	kubectl delete -n keptn-system keptnconfig main
	becomes podtato Block
}

@test "only a KeptnConfig in keptn-system counts, and another one is named in the log" {
	context podtato '{}' | says '' apply
	config a '{blockDeployment: false}' default | apply
	named() {
		grep '"KeptnConfig ignored: not in Keptn.s namespace","config":"default/a"' "$(process_home main)/log"
	}
	eventually named
	kubectl label -n "$ns" keptnappcontext podtato a=b
	[ "$(resolved podtato)" = Block ]
	config z '{blockDeployment: false}' | apply
	becomes podtato Warn
	kubectl delete -n keptn-system keptnconfig z
	becomes podtato Block
}
