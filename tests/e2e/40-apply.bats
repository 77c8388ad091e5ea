#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2317 # what bats and lib.bash set, and functions that are called by name
# How objects arrive: one file in any order, dry runs, GitOps engines, server-side apply, both
# versions of the kind.

load lib

setup_file() {
	shared_up
}

setup() {
	namespace
	missing="spec.promotionTasks[0]: Not found: \"notify\": no KeptnTaskDefinition of this name in \"$ns\" or \"keptn-system\"; create it first, or correct the name"
	missing_dry=${missing/: no/: denied without dry run: no}
}

teardown() {
	show_log main
}

definition_first() {
	definition notify
	promotes podtato notify
}

context_first() {
	promotes podtato notify
	definition notify
}

both_are_there() {
	kubectl get -n "$ns" keptnappcontext/podtato keptntaskdefinition/notify
}

@test "one file, the definition first: accepted at once, every time" {
	for _ in 1 2 3 4 5; do
		definition_first | says '' apply
		kubectl delete -n "$ns" keptnappcontext/podtato keptntaskdefinition/notify
	done
	definition_first | says '' apply
	both_are_there
}

@test "one file, the context first: rejected with the fix, accepted when applied again" {
	context_first | refused "$(invalid podtato "$missing")" apply
	context_first | says '' apply
	both_are_there
}

@test "a dry run of both warns, in either order" {
	context_first | says "Warning: $missing_dry" apply --dry-run=server
	definition_first | says "Warning: $missing_dry" apply --dry-run=server
	run -0 kubectl get -n "$ns" keptnappcontexts,keptntaskdefinitions -o name
	[ -z "$output" ]
}

@test "a dry run still rejects faults of the object itself" {
	context podtato '{promotionTasks: [notify]}' '{promogate.dev/on-failure: Abort}' | refused "Warning: $missing_dry
$(invalid podtato 'metadata.annotations[promogate.dev/on-failure]: Unsupported value: "Abort": supported values: "Block", "Warn"')" apply --dry-run=server
}

# Flux applies by server-side apply, and dry-runs every object before it applies any.
@test "Flux's order is accepted with a warning" {
	context_first | says "Warning: $missing" apply --server-side --field-manager=kustomize-controller --dry-run=server
	context_first | says "Warning: $missing" apply --server-side --field-manager=kustomize-controller
	both_are_there
	context_first | says '' apply --server-side --field-manager=kustomize-controller
}

@test "Argo CD's order is accepted with a warning, client-side and server-side" {
	context_first | says "Warning: $missing" apply --field-manager=argocd-controller
	both_are_there
	kubectl delete -n "$ns" keptnappcontext/podtato keptntaskdefinition/notify
	eventually gone_for_the_webhook
	context_first | says "Warning: $missing" apply --server-side --field-manager=argocd-controller
	both_are_there
}

# Waits until a context for "notify" gets a warning again: the webhook's watch has seen the deletion.
gone_for_the_webhook() {
	promotes other notify | kubectl create --dry-run=server -f - 2>&1 | grep Warning
}

@test "Helm's order is accepted with a warning" {
	context_first | says "Warning: $missing" kubectl create --field-manager=helm -f -
	both_are_there
}

@test "helm-controller's order is accepted with a warning" {
	context_first | says "Warning: $missing" kubectl create --field-manager=helm-controller -f -
	both_are_there
}

@test "a user of --lenient-users gets a warning, whatever the field manager" {
	local user=system:serviceaccount:argocd:argocd-application-controller
	kubectl create clusterrolebinding argocd --clusterrole=cluster-admin --user="$user"
	for manager in kubectl-replace argocd-application-controller; do
		promotes "$manager" notify | says "Warning: $missing" kubectl create -f - --field-manager="$manager" --as="$user"
	done
	promotes other notify | refused "$(invalid other "$missing")" kubectl create -f - --as="$user-2" --as-group=system:masters
	# A field manager of that name is not the user.
	promotes other notify | refused "$(invalid other "$missing")" kubectl create -f - --field-manager="$user"
}

@test "a GitOps engine gets a warning for a definition that can't run too" {
	definition notify '{retries: 1}' | says '' apply
	promotes podtato notify | says "Warning: spec.promotionTasks[0]: Invalid value: \"notify\": KeptnTaskDefinition \"notify\" in \"$ns\" can't run: it has no runtime: set one of container, deno, python" \
		apply --server-side --field-manager=kustomize-controller
}

@test "faults of the object itself are rejected for GitOps engines too" {
	for manager in kustomize-controller helm-controller helm argocd-controller; do
		context podtato '{promotionTasks: [Notify]}' | refused "$(invalid podtato \
			'spec.promotionTasks[0]: Invalid value: "Notify": must be a lowercase RFC 1123 subdomain of at most 253 characters')" \
			kubectl create --field-manager=$manager -f -
	done
}

@test "other field managers get no leniency" {
	for manager in kubectl kustomize Helm flux ''; do
		promotes podtato notify | refused "$(invalid podtato "$missing")" kubectl create --field-manager="$manager" -f -
	done
}

@test "v1beta1 is validated as v1" {
	beta() {
		promotes podtato notify | sed 's#lifecycle.keptn.sh/v1#&beta1#'
	}
	beta | refused "$(invalid podtato "$missing")" apply
	definition notify | says '' apply
	beta | says '' apply
	[ "$(resolved podtato)" = Block ]
	[ "$(kubectl get -n "$ns" keptnappcontexts.v1beta1.lifecycle.keptn.sh podtato -o json | jq -r .apiVersion)" = lifecycle.keptn.sh/v1beta1 ]
}

@test "a v1beta1 definition counts like a v1 definition" {
	definition notify | sed 's#lifecycle.keptn.sh/v1#&beta1#' | says '' apply
	promotes podtato notify | says '' apply
}

@test "a generated name is accepted" {
	generated() {
		promotes podtato- "$1" | sed 's/{name:/{generateName:/'
	}
	# An API server may generate the name before or after it calls webhooks.
	run -1 --separate-stderr kubectl create -f - < <(generated notify)
	same "$(invalid podtato- "$missing")" "$(sed -E 's/(podtato-)[a-z0-9]{5}"/\1"/' <<<"$stderr")"
	definition notify | says '' apply
	generated notify | says '' kubectl create -f -
	run -0 kubectl get -n "$ns" keptnappcontexts -o name
	[[ $output =~ ^keptnappcontext.lifecycle.keptn.sh/podtato-[a-z0-9]{5}$ ]]
	[ "$(resolved "${output##*/}")" = Block ]
}

@test "unknown fields are pruned by the API server and not rejected" {
	definition notify | says '' apply
	context podtato '{promotionTasks: [notify], promotiontasks: [a, a], onFailure: Abort}' | says '' \
		kubectl create --validate=false -f -
	[ "$(stored podtato '.spec | tojson')" = '{"promotionTasks":["notify"]}' ]
}

@test "a patch and a replacement are validated as an apply is" {
	definition_first | says '' apply
	refused "The KeptnAppContext \"podtato\" is invalid: spec.promotionTasks[0]: Not found: \"tell\": no KeptnTaskDefinition of this name in \"$ns\" or \"keptn-system\"; create it first, or correct the name" \
		kubectl patch -n "$ns" keptnappcontext podtato --type=json -p '[{"op":"replace","path":"/spec/promotionTasks/0","value":"tell"}]'
	promotes podtato tell | refused "$(invalid podtato "${missing//notify/tell}")" kubectl replace -f -
	[ "$(stored podtato '.spec.promotionTasks[0]')" = notify ]
}

@test "500 definitions at once, and contexts that reference them immediately" {
	local dir=$BATS_TEST_TMPDIR url=$CLUSTER_SERVER/apis/lifecycle.keptn.sh/v1/namespaces/$ns
	# The JSON lines on standard input, 25 at a time; prints how often it got which code.
	post() { # RESOURCE
		jq -rc --arg url "$url/$1" --arg ca "$CLUSTER_CA" --arg token "$CLUSTER_TOKEN" --arg out "$dir/$1" '
			"url = \($url | tojson)", "cacert = \($ca | tojson)", "output = \($out + "." + .metadata.name | tojson)",
			"header = \("Authorization: Bearer " + $token | tojson)", "header = \"Content-Type: application/json\"",
			"data = \(tojson | tojson)", "write-out = \"%{http_code}\\n\"", "no-progress-meter", "next"' | sed '$d' >"$dir/$1.curl"
		curl --no-progress-meter --parallel --parallel-max 25 -K "$dir/$1.curl" | sort | uniq -c | xargs
	}
	definitions=$(jq -nc 'range(500) | {apiVersion: "lifecycle.keptn.sh/v1", kind: "KeptnTaskDefinition",
		metadata: {name: "task-\(.)"}, spec: {container: {name: "task", image: "promote"}}}')
	contexts=$(jq -nc 'range(25) | . as $n | {apiVersion: "lifecycle.keptn.sh/v1", kind: "KeptnAppContext",
		metadata: {name: "app-\(.)"}, spec: {promotionTasks: [range(20) | "task-\($n * 20 + .)"]}}')
	[ "$(post keptntaskdefinitions <<<"$definitions")" = "500 201" ]
	[ "$(post keptnappcontexts <<<"$contexts")" = "25 201" ] || {
		jq -r 'select(.kind == "Status").message' "$dir"/keptnappcontexts.app-*
		return 1
	}
}

@test "two hundred undefined tasks are rejected in time, with a hundred findings" {
	promotes podtato "$(seq -s, -f task-%g 200)" >"$BATS_TEST_TMPDIR/podtato"
	run -1 --separate-stderr kubectl apply -f "$BATS_TEST_TMPDIR/podtato"
	[ "$(grep -c '^\* spec.promotionTasks' <<<"$stderr")" -eq 100 ]
}
