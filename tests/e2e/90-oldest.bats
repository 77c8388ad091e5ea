#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2317 # what bats and lib.bash set, and functions that are called by name
# The oldest Kubernetes that the control plane can emulate, and a webhook that starts before Keptn's
# kinds exist: in a cluster of their own.

load lib

setup_file() {
	cluster_up oldest --emulated-version "${E2E_EMULATED_VERSION:-1.34}"
}

setup() {
	cluster_use oldest
	namespace
}

teardown() {
	show_log oldest
}

teardown_file() {
	process_kill oldest
	cluster_use oldest
	cluster_down oldest
}

missing() {
	printf 'spec.promotionTasks[0]: Not found: "notify": no KeptnTaskDefinition of this name in "%s" or "keptn-system"; create it first, or correct the name' "$ns"
}

@test "the API server is the oldest one" {
	run -0 kubectl get --raw /version
	[ "$(jq -r '"\(.emulationMajor).\(.emulationMinor)"' <<<"$output")" = "${E2E_EMULATED_VERSION:-1.34}" ]
}

@test "without Keptn's kinds the webhook becomes ready, and watches them once they are created" {
	webhook_start oldest
	eventually process_ready oldest
	[ "$(metric oldest promogate_informer_lists_total 'outcome="Absent"')" -ge 2 ]
	kinds_create
	register oldest
	{
		definition notify
		promotes podtato notify
	} | says '' apply
	kubectl apply -f - <<-EOF
		apiVersion: options.keptn.sh/v1alpha1
		kind: KeptnConfig
		metadata: {name: late, namespace: keptn-system}
		spec: {blockDeployment: false}
	EOF
	follows() {
		kubectl label -n "$ns" keptnappcontext podtato --overwrite "n=$RANDOM$RANDOM"
		[[ $(resolved podtato) == Warn ]]
	}
	eventually follows
	watched() {
		[[ $(metric oldest promogate_cache_objects 'resource="keptntaskdefinitions"') -eq 1 ]]
	}
	eventually watched
}

@test "verdicts, warnings and defaults are the same as on the newest version" {
	promotes podtato notify | refused "$(invalid podtato "$(missing)")" apply
	promotes podtato notify | says "Warning: $(missing | sed 's/: no /: denied without dry run: no /')" apply --dry-run=server
	promotes other notify | says "Warning: $(missing)" kubectl create --field-manager=helm -f -
	{
		definition notify
		promotes podtato notify
	} | says '' apply
	[ "$(resolved podtato)" = Warn ]
	context podtato '{promotionTasks: [notify, notify]}' '{promogate.dev/on-failure: Abort}' | refused "$(invalid podtato \
		'metadata.annotations[promogate.dev/on-failure]: Unsupported value: "Abort": supported values: "Block", "Warn"' \
		'spec.promotionTasks[1]: Duplicate value: "notify": already listed at spec.promotionTasks[0]; each task runs once per version')" apply
	promotes podtato notify | says '' apply --server-side --field-manager=kustomize-controller --force-conflicts
	says '' kubectl delete -n "$ns" keptnappcontext podtato
}

@test "policies are the same as on the newest version" {
	kubectl apply -k "$root/manifests/acts"
	policy() { # ACTIONS SPEC
		kubectl apply -f - <<-EOF
			apiVersion: promogate.dev/v1alpha1
			kind: PromotionPolicy
			metadata: {name: $ns}
			spec:
			  namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: $ns}}
			  validationActions: [$1]
			  $2
		EOF
	}
	run -1 policy 'Deny, Warn' ''
	policy Deny 'promotionTasks: {default: [notify], allowed: [notify]}'
	definition notify | says '' apply
	defaulted() {
		context podtato '{}' | kubectl apply --dry-run=server -o json -f - | jq -e '.spec.promotionTasks == ["notify"]'
	}
	eventually defaulted
	context podtato '{}' | says '' apply
	[ "$(stored podtato '.metadata.annotations["promogate.dev/defaulted-tasks"]')" = "$ns" ]
	{
		definition other
		promotes podtato other
	} | run -1 apply
	policy Deny 'onFailure: {default: Warn}'
	unlisted() {
		kubectl label -n "$ns" keptnappcontext podtato --overwrite "n=$RANDOM$RANDOM"
		[[ $(stored podtato .spec.promotionTasks) == null ]]
	}
	eventually unlisted
	# Without the kind there are no policies, and the webhook stays ready.
	kubectl delete crd promotionpolicies.promogate.dev
	promotes podtato other | eventually apply
	process_ready oldest
}

@test "the kinds are deleted and created again while the webhook runs" {
	unregister
	kubectl delete crd --all
	gone() {
		[[ $(metric oldest promogate_cache_objects 'resource="keptntaskdefinitions"') -eq 0 ]]
	}
	eventually gone
	process_ready oldest
	kinds_create
	register oldest
	promotes podtato notify | refused "$(invalid podtato "$(missing)")" apply
	{
		definition notify
		promotes podtato notify
	} | says '' apply
}

@test "without the kind of definitions, a task is rejected as one without a definition" {
	kubectl delete crd keptntaskdefinitions.lifecycle.keptn.sh
	rejected() {
		promotes podtato notify | refused "$(invalid podtato "$(missing)")" apply
	}
	eventually rejected
	kubectl create -f "${KEPTN_CRDS:-$root/manifests/crds}"/*keptntaskdefinitions.yaml
}
