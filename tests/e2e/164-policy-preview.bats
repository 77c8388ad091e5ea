#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031,SC2154,SC2317 # what bats and lib.bash set, and functions that are called by name
# What the API server answers when a PromotionPolicy is written: what is wrong with it, and what it
# would do.

load lib

setup_file() {
	shared_up
	kubectl apply -k "$root/manifests/policy"
	eventually kubectl get promotionpolicies
}

setup() {
	namespace
	definition open | apply
	eventually cache_caught_up main
}

teardown() {
	show_log main
	kubectl delete promotionpolicy --all
	is_called main || register main
}

# policy NAME SETTINGS: of the namespace $ns, in YAML; it enforces nothing unless $actions is set
policy() {
	cat <<-EOF
		apiVersion: promogate.dev/v1alpha1
		kind: PromotionPolicy
		metadata: {name: $1}
		spec:
		  namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: $ns}}
		  validationActions: [${actions-Deny}]
		  $2
	EOF
}

# previews PART NAME SETTINGS: a dry run of this policy is answered with a warning that has PART
previews() {
	policy "$2" "$3" | kubectl apply --dry-run=server -f - 2>&1 | tee "$BATS_TEST_TMPDIR/said"
	grep -qF "Warning: $1" "$BATS_TEST_TMPDIR/said"
}

contexts() { # NAME...
	local name
	for name; do
		context "$name" '{promotionTasks: [open]}' | apply
	done
}

requires_audit='promotionTasks: {required: [{name: audit, source: Any}]}'

@test "a policy says what it would deny, on a dry run and when it is applied" {
	contexts a b
	context final '{}' | apply
	eventually previews "would deny 2 of 3 KeptnAppContexts, first $ns/a: PG112 spec.promotionTasks: Required value" \
		prod "$requires_audit"
	run ! kubectl get promotionpolicy prod
	run -0 kubectl apply -f - < <(policy prod "$requires_audit")
	[[ $output == *"Warning: would deny 2 of 3 KeptnAppContexts, first $ns/a: PG112"* ]]
	# An update says it again, of what it would be then.
	previews 'would deny none of 3 KeptnAppContexts' prod 'promotionTasks: {allowed: ["o*"]}'
}

@test "a policy without Deny says what Deny would do, one that is enforced at promotion only says that" {
	contexts a
	actions=Audit eventually previews "would deny 1 of 1 KeptnAppContexts if it had Deny, first $ns/a: PG112" \
		prod "$requires_audit"
	previews "would deny the promotion of 1 of 1 KeptnAppContexts, first $ns/a: PG112" prod \
		"$requires_audit"$'\n  enforcedAt: [Promotion]'
}

@test "a policy that selects nothing says so" {
	contexts a
	eventually previews 'matches none of ' prod "appSelector: {matchLabels: {team: nobody}}"
}

@test "a policy that contradicts another says so" {
	policy old 'promotionTasks: {allowed: [open]}' | kubectl apply -f -
	eventually previews 'no application can satisfy both policies: this one requires the task "audit", which policy "old" does not allow' \
		prod "$requires_audit"
}

# denies PART SETTINGS: the policy is denied, and PART says why
denies() {
	run ! kubectl apply -f - < <(policy prod "$2")
	echo "$output"
	[[ $output == *'PromotionPolicy "prod" is invalid'* && $output == *"$1"* ]]
}

@test "what the schema cannot say is denied, with the field and the fix" {
	denies 'spec.promotionTasks.allowed[0]: Invalid value: "o?": must be a name' 'promotionTasks: {allowed: ["o?"]}'
	denies 'spec.appSelector.matchLabels[a]: Invalid value: "b c": must be a label value' \
		'appSelector: {matchLabels: {a: "b c"}}'
	denies 'spec.onFailure.tasks[0].default: Invalid value: "Warn"' \
		'onFailure: {allowed: [Block], tasks: [{names: [open], default: Warn}]}'
	denies 'spec.promotionTasks.required[0].name: Invalid value: "audit"' \
		'promotionTasks: {required: [{name: audit}], allowed: [open]}'
	denies 'spec.promotionTasks.max: Invalid value: "1": must be at least 2' \
		'promotionTasks: {default: [open], added: [{name: audit}], max: 1}'
}

@test "a policy can be written and deleted while the webhook is down" {
	process_kill main
	policy prod "$requires_audit" | kubectl apply -f -
	kubectl delete promotionpolicy prod
	webhook_start main
	eventually process_ready main
}
