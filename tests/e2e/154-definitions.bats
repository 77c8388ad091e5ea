#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2317 # what bats and lib.bash set, and functions that are called by name
# KeptnTaskDefinitions that are in use are protected, and what a policy takes is not hidden: PG201 to
# PG203.

load lib

webhook=validate.keptntaskdefinition.promogate.dev

setup_file() {
	shared_up
	kubectl apply -k "$root/manifests/policy"
	eventually kubectl get promotionpolicies
}

setup() {
	namespace
}

# Nothing that a test leaves may concern the next one.
teardown() {
	show_log main
	! process_ended main || webhook_start main
	kubectl delete promotionpolicy --all
	kubectl delete keptnappcontext -n "$ns" --all --ignore-not-found
	kubectl delete keptntaskdefinition -n keptn-system --all
	caught_up
}

# policy NAME SPEC [ACTION]: a policy for the namespace $ns
policy() {
	cat <<-EOF
		apiVersion: promogate.dev/v1alpha1
		kind: PromotionPolicy
		metadata: {name: $1}
		spec:
		  namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: $ns}}
		  validationActions: [${3:-Deny}]
		  $2
	EOF
}

# previewed COMMAND...: the command writes a policy, and the only warning is that nothing violates it
previewed() {
	run --separate-stderr "$@"
	printf '%s\n' "$output" "$stderr"
	[[ $status -eq 0 && ${#stderr_lines[@]} -eq 1 &&
		$stderr =~ ^'Warning: '(matches|'would deny')' none of '[0-9]+' KeptnAppContexts' ]]
}

# The webhook has heard of everything that was written.
caught_up() {
	local kind
	for kind in namespaces promotionpolicies keptntaskdefinitions keptnappcontexts; do
		eventually cache_caught_up main "$kind"
	done
}

delete() { # NAME [NAMESPACE]
	kubectl delete keptntaskdefinition -n "${2:-$ns}" "$1"
}

# kept TEXT NAME [NAMESPACE]: it can't be deleted, for this reason
kept() {
	refused "Error from server (Forbidden): admission webhook \"$webhook\" denied the request: $1" delete "${@:2}"
}

in_use() { # NAME [USER]
	printf 'KeptnTaskDefinition "%s" is in use by %s; remove the task there first' "$1" "${2:-$ns/podtato}"
}

# outcome STRICTNESS POLICY TEXT NAME [NAMESPACE]: what deleting it says, by definitions.deletion
outcome() {
	case $1 in
	Deny) kept "policy \"$2\": $3" "${@:4}" ;;
	Warn) says "Warning: policy \"$2\": $3" delete "${@:4}" ;;
	Allow) says '' delete "${@:4}" ;;
	none) says "Warning: $3" delete "${@:4}" ;;
	esac
}

# protects STRICTNESS: each way to use a definition
protects() {
	local name=protect-$BATS_TEST_NUMBER shared=shared-$ns
	[[ $1 == none ]] || policy "$name" "definitions: {deletion: $1}" | previewed apply
	{
		definition direct
		definition base '{deno: {inline: {code: x}}}'
		definition child '{deno: {functionRef: {name: base}}}'
		definition unused
		definition hiding
		ns=keptn-system definition "$shared"
		ns=keptn-system definition hiding
	} | says '' apply
	promotes podtato "direct, child, shared-$ns, hiding" | says '' apply
	caught_up
	says '' delete unused
	# Nobody uses the one that is hidden.
	says '' delete hiding keptn-system
	ns=keptn-system definition hiding | says '' apply
	caught_up
	outcome "$1" "$name" "$(in_use direct)" direct
	outcome "$1" "$name" "$(in_use base "$ns/podtato (task \"child\")")" base
	outcome "$1" "$name" "$(in_use "shared-$ns")" "shared-$ns" keptn-system
	# Keptn's is used then, so nothing stops: at most a warning.
	local strictness=$1
	[[ $1 != Deny ]] || strictness=Warn
	outcome "$strictness" "$name" \
		"KeptnTaskDefinition \"hiding\" is in use by $ns/podtato; the one in \"keptn-system\" is used instead" hiding
}

@test "PG201: where a policy says Deny, a definition in use can't be deleted" {
	protects Deny
}

@test "PG201: where a policy says Warn, deleting one in use warns" {
	protects Warn
}

@test "PG201: where a policy says Allow, deleting one in use says nothing" {
	protects Allow
}

@test "PG201: without a policy, deleting one in use warns" {
	protects none
}

@test "PG201: the message of the policy is part of it, and a dry run says what would happen" {
	policy "$ns" $'definitions: {deletion: Deny}\n  message: see the wiki' | previewed apply
	definition direct | says '' apply
	promotes podtato direct | says '' apply
	caught_up
	kept "policy \"$ns\": $(in_use direct) (see the wiki)" direct
	says "Warning: denied without dry run: policy \"$ns\": $(in_use direct) (see the wiki)" \
		kubectl delete keptntaskdefinition -n "$ns" direct --dry-run=server
}

@test "PG201: every version of the kind and every way to delete is protected" {
	policy "$ns" 'definitions: {deletion: Deny}' | previewed apply
	definition direct | says '' apply
	promotes podtato direct | says '' apply
	caught_up
	run -1 kubectl delete keptntaskdefinitions.v1beta1.lifecycle.keptn.sh -n "$ns" direct
	[[ $output == *"$(in_use direct)"* ]]
	run -1 kubectl delete --raw "/apis/lifecycle.keptn.sh/v1/namespaces/$ns/keptntaskdefinitions"
	[[ $output == *"$(in_use direct)"* ]]
	kubectl get keptntaskdefinition -n "$ns" direct
}

@test "PG201: a context and its definitions are deleted in one go" {
	policy "$ns" 'definitions: {deletion: Deny}' | previewed apply
	for _ in 1 2 3 4 5; do
		{
			definition direct
			definition other
		} | says '' apply
		promotes podtato 'direct, other' | says '' apply
		caught_up
		{
			promotes podtato 'direct, other'
			definition direct
			definition other
		} | says '' kubectl delete -f -
	done
}

@test "PG201: a task that a policy adds is a use" {
	policy "$ns" 'promotionTasks: {added: [{name: audit-trail, source: Shared}]}' | previewed apply
	policy "$ns-strict" 'definitions: {deletion: Deny}' | previewed apply
	ns=keptn-system definition audit-trail | says '' apply
	caught_up
	# Both policies match the same applications, so the one that speaks of deletions decides.
	outcome Deny "$ns-strict" "$(in_use audit-trail "policy \"$ns\"")" audit-trail keptn-system
	kubectl delete promotionpolicy "$ns-strict"
	caught_up
	outcome none '' "$(in_use audit-trail "policy \"$ns\"")" audit-trail keptn-system
}

@test "PG202: an update that breaks a task in use is rejected" {
	definition direct | says '' apply
	promotes podtato direct | says '' apply
	caught_up
	definition direct '{deno: {}}' | refused "The KeptnTaskDefinition \"direct\" is invalid: spec: Forbidden: in use by \
$ns/podtato, where the task could not run any more: KeptnTaskDefinition \"direct\" in \"$ns\" can't run: it has no code: \
set one of inline.code, httpRef.url, configMapRef.name, functionRef.name" kubectl replace -f -
	policy "$ns" 'definitions: {missing: Warn}' | previewed apply
	caught_up
	definition direct '{deno: {}}' >"$BATS_TEST_TMPDIR/broken"
	run -0 --separate-stderr kubectl replace -f "$BATS_TEST_TMPDIR/broken"
	[[ $stderr == "Warning: spec: Forbidden: policy \"$ns\": in use by $ns/podtato, where the task could not run any more: "* ]]
	kubectl delete promotionpolicy "$ns"
	caught_up
	# What is broken already may stay so.
	definition direct '{python: {}}' | says '' kubectl replace -f -
}

@test "PG202: a broken definition that would hide Keptn's is rejected" {
	shared=shared-$ns
	ns=keptn-system definition "$shared" | says '' apply
	promotes podtato "shared-$ns" | says '' apply
	caught_up
	definition "shared-$ns" '{deno: {}}' >"$BATS_TEST_TMPDIR/broken"
	run -1 kubectl create -f "$BATS_TEST_TMPDIR/broken"
	[[ $output == *"in use by $ns/podtato, where the task could not run any more"* ]]
	definition "shared-$ns" | says '' apply
}

@test "PG203: a definition that would hide what a policy takes is rejected" {
	policy "$ns" 'promotionTasks: {required: [{name: audit-trail, source: Shared}]}' | previewed apply
	ns=keptn-system definition audit-trail | says '' apply
	caught_up
	definition audit-trail | refused "The KeptnTaskDefinition \"audit-trail\" is invalid: metadata.name: Forbidden: \
policy \"$ns\": takes the task \"audit-trail\" from \"keptn-system\"; use another name" apply
	definition audit-trail-of-podtato | says '' apply
	ns=default definition audit-trail | says '' apply
	kubectl delete keptntaskdefinition -n default audit-trail
}

# in_time COMMAND...: within a minute
in_time() {
	timeout 60 "$@"
}

@test "a namespace with everything in it is deleted, whatever the policies" {
	policy "$ns" 'definitions: {deletion: Deny}' | previewed apply
	for name in a b c d e; do definition "$name"; done | says '' apply
	for name in a b c d e; do promotes "$name" 'a, b, c, d, e'; done | says '' apply
	caught_up
	kept "policy \"$ns\": KeptnTaskDefinition \"a\" is in use by $ns/a, $ns/b, $ns/c, $ns/d, $ns/e; remove the task there first" a
	in_time kubectl delete namespace "$ns"
}

@test "in a namespace that is being deleted, anybody may delete a definition" {
	policy "$ns" 'definitions: {deletion: Deny}' | previewed apply
	definition direct | says '' apply
	promotes podtato direct | says '' apply
	caught_up
	kept "policy \"$ns\": $(in_use direct)" direct
	# Without the controller manager, its contents stay.
	read -r controllers _ <"$cluster/run/kube-controller-manager"
	kill -STOP "$controllers"
	kubectl delete namespace "$ns" --wait=false
	run kubectl delete keptntaskdefinition -n "$ns" direct
	kill -CONT "$controllers"
	[[ $status -eq 0 ]]
	in_time kubectl wait --for=delete "namespace/$ns"
}

@test "while the webhook is down, definitions can be deleted" {
	policy "$ns" 'definitions: {deletion: Deny}' | previewed apply
	definition direct | says '' apply
	promotes podtato direct | says '' apply
	caught_up
	process_kill main
	says '' delete direct
	webhook_start main
	eventually process_ready main
}
