# shellcheck shell=bash disable=SC2154
# What hack/run-local changes in the cluster: Keptn's kinds, accounts, webhook configurations. Expects
# $root, $dir, $namespace, $kubeconfig, $context, say and die.

registrations=validatingwebhookconfiguration,mutatingwebhookconfiguration

# Always the cluster of `up`, even if KUBECONFIG or the current context changed since.
kubectl() {
	KUBECONFIG=$kubeconfig KUBECACHEDIR=$dir/kubectl command kubectl --context "$context" \
		--request-timeout 15s "$@"
}

choose_cluster() {
	local file files
	IFS=: read -ra files <<<"${KUBECONFIG:-${HOME:-}/.kube/config}"
	kubeconfig=
	for file in "${files[@]}"; do
		kubeconfig+=${kubeconfig:+:}$(realpath -m "$file")
	done
	context=$(KUBECONFIG=$kubeconfig command kubectl config current-context 2>/dev/null) ||
		die "no cluster: set KUBECONFIG, or run hack/localcluster up and eval its env"
}

# The context's cluster entry of the kubeconfig.
cluster_entry() {
	kubectl config view --minify --raw --flatten --output json | jq '.clusters[0].cluster'
}

is_loopback() { # URL
	[[ $1 =~ ^https?://(localhost|127(\.[0-9]+){3}|\[::1\])(:|/|$) ]]
}

check_cluster() { # FORCE
	local server service
	server=$(cluster_entry | jq -r .server)
	say "cluster: context $context, $server"
	is_loopback "$server" || [[ -n $1 ]] || die "$server is not on this machine.
Its API server would call https://127.0.0.1, not reach this webhook, and reject every change of a
KeptnAppContext. If it runs here, under another name, add --force. To run the webhook in the
cluster, see manifests/README.md."
	kubectl get --raw /readyz >/dev/null || die "$server is not ready"
	service=$(kubectl get "$registrations" --ignore-not-found --output json \
		--field-selector metadata.name=promogate |
		jq -r '[.items[].webhooks[].clientConfig.service // empty][0] // empty | "\(.namespace)/\(.name)"')
	[[ -z $service || -n $1 ]] || die "Promogate is installed in this cluster (Service $service).
To replace its webhook configurations and permissions, add --force."
}

# kubectl wait fails at once for a new CRD that has no conditions yet.
wait_until_established() { # CRD...
	local end=$((SECONDS + 30))
	until kubectl wait crd "$@" --for=condition=Established --timeout=10s >/dev/null 2>&1; do
		((SECONDS < end)) || die "the CRDs are not established: $*"
		sleep 0.2
	done
}

# Creates only the CRDs that are missing: Keptn's own are never changed.
create_crds() {
	local there missing names
	there=$(kubectl get crd --output name)
	missing=$(kubectl create -k "$root/manifests/crds" --dry-run=client --output json |
		jq --slurp --arg there "$there" '($there | split("\n")) as $there | [.[] | .items[]? // . |
			select("customresourcedefinition.apiextensions.k8s.io/" + .metadata.name | IN($there[]) | not)]')
	if [[ $missing == '[]' ]]; then
		say "CRDs: Keptn's kinds exist already"
		return
	fi
	jq '{apiVersion: "v1", kind: "List", items: .}' <<<"$missing" |
		kubectl create --save-config --filename - >/dev/null
	mapfile -t names < <(jq -r '.[].metadata.name' <<<"$missing")
	wait_until_established "${names[@]}"
	say "CRDs: created ${names[*]%%.*}"
}

# Promogate's own kind.
apply_policy_kind() {
	kubectl apply -f "$root/manifests/policy/promotionpolicies.yaml" >/dev/null
	wait_until_established promotionpolicies.promogate.dev
}

# Writes a kubeconfig for the service account NAME to $dir/NAME.kubeconfig; returns 1 if it changed.
write_account() { # NAME
	local name=$1
	kubectl create token "$name" --namespace "$namespace" --duration=24h >"$dir/$name.token.part"
	mv "$dir/$name.token.part" "$dir/$name.token"
	cluster_entry | jq --arg token "$dir/$name.token" --arg name "$name" '{
		apiVersion: "v1", kind: "Config", "current-context": $name,
		clusters: [{name: "cluster", cluster: .}],
		users: [{name: $name, user: {tokenFile: $token}}],
		contexts: [{name: $name, context: {cluster: "cluster", user: $name}}]
	}' >"$dir/$name.kubeconfig.part"
	if cmp -s "$dir/$name.kubeconfig.part" "$dir/$name.kubeconfig"; then
		rm "$dir/$name.kubeconfig.part"
	else
		mv "$dir/$name.kubeconfig.part" "$dir/$name.kubeconfig"
		return 1
	fi
}

apply_access() {
	kubectl apply -f "$root/manifests/policy/roles.yaml" >/dev/null
	kubectl apply -k "$root/manifests/webhook/access" >/dev/null
	kubectl apply -k "$root/manifests/reconciler/access" >/dev/null
}

# This deletes the namespace with the reconciler's Lease and ConfigMap, which takes a while.
delete_access() {
	local part
	for part in reconciler webhook; do
		kubectl delete -k "$root/manifests/$part/access" --ignore-not-found \
			--request-timeout 120s >/dev/null
	done
	kubectl delete -f "$root/manifests/policy/roles.yaml" --ignore-not-found >/dev/null
}

register() { # PORT
	rm -rf "$dir/manifests"
	cp -r "$root/manifests" "$dir/manifests"
	printf 'endpoint=%s\ncaBundle=%s\n' "127.0.0.1:$1" \
		"$(base64 -w0 <"$dir/tls/ca.crt")" >"$dir/manifests/local/endpoint.env"
	kubectl apply -k "$dir/manifests/local" >/dev/null
}

unregister() {
	kubectl delete "$registrations" promogate --ignore-not-found >/dev/null
}

is_registered() { # PORT
	kubectl get "$registrations" --output json | jq -e --arg url "https://127.0.0.1:$1/" \
		'[.items[].webhooks[].clientConfig.url // empty] | length > 1 and all(startswith($url))' \
		>/dev/null
}

try_context() { # PROMOTION-TASKS, as YAML
	kubectl create --dry-run=server --output json --filename - 2>&1 <<-EOF
		apiVersion: lifecycle.keptn.sh/v1
		kind: KeptnAppContext
		metadata: {name: run-local-probe, namespace: $namespace}
		spec: {promotionTasks: $1}
	EOF
}

# The API server follows each of the two webhook configurations after a moment. Leaves its answer in
# $answer.
is_called() {
	answer=$(try_context '[]') && [[ $answer == *resolved-on-failure* ]] || return 1
	! answer=$(try_context '[twice, twice]') && [[ $answer == *'Duplicate value: "twice"'* ]]
}
