#!/usr/bin/env bats
# The output of kustomize for manifests/. It needs no cluster; cluster.bats has one.

bats_require_minimum_version 1.5.0

setup() {
	root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	dir=$BATS_TEST_TMPDIR
	cp -r "$root/manifests" "$dir"
}

# kinds FOLDER: what it builds, as sorted kind/name
kinds() {
	kubectl kustomize "$dir/manifests/$1" >"$dir/built.yaml"
	awk '
		/^[a-zA-Z]+:/ { key = $1 }
		key == "kind:" { kind = $2 }
		key == "metadata:" && /^  name:/ { print kind "/" $2 }
	' "$dir/built.yaml" | sort
}

@test "crds/ has Keptn's kinds, each with the label that distinguishes them from Keptn's own" {
	run -0 kinds crds
	[ "${#lines[@]}" -eq 5 ]
	[ "$(grep -c '^    app.kubernetes.io/managed-by: promogate$' "$dir/built.yaml")" -eq 5 ]
}

@test "webhook/ has everything but the certificate" {
	run -0 kinds webhook
	diff - <(echo "$output") <<-'EOF'
		ClusterRole/promogate-webhook
		ClusterRoleBinding/promogate-webhook
		Deployment/promogate-webhook
		MutatingWebhookConfiguration/promogate
		Namespace/promogate-system
		PodDisruptionBudget/promogate-webhook
		Service/promogate-webhook
		ServiceAccount/promogate-webhook
		ValidatingWebhookConfiguration/promogate
	EOF
	run -1 grep caBundle "$dir/built.yaml"
}

@test "reconciler/ has everything but the namespace" {
	run -0 kinds reconciler
	diff - <(echo "$output") <<-'EOF'
		ClusterRole/promogate-reconciler
		ClusterRoleBinding/promogate-reconciler
		Deployment/promogate-reconciler
		PodDisruptionBudget/promogate-reconciler
		Role/promogate-reconciler
		RoleBinding/promogate-reconciler
		ServiceAccount/promogate-reconciler
	EOF
}

@test "cluster/ has both, the certificate of certs/make, and its CA in both registrations" {
	local both
	kinds webhook >"$dir/both"
	kinds reconciler >>"$dir/both"
	both=$({ cat "$dir/both" && echo Secret/promogate-webhook-tls; } | sort)
	"$root/certs/make" --out "$dir/manifests/cluster/tls"
	run -0 kinds cluster
	diff <(echo "$both") <(echo "$output")
	# In YAML, long base64 is a block of lines; here it is the last key of its map.
	for kind in MutatingWebhookConfiguration ValidatingWebhookConfiguration; do
		awk -v kind="$kind" '
			/^kind:/ { mine = $2 == kind }
			mine && /^    service:/ { bundle = 0 }
			bundle { print }
			mine && /^    caBundle:/ { bundle = 1 }
		' "$dir/built.yaml" | base64 -di | cmp - "$dir/manifests/cluster/tls/ca.crt"
	done
}

@test "cluster/ does not build without a certificate" {
	rm -rf "$dir/manifests/cluster/tls"
	run -1 kubectl kustomize "$dir/manifests/cluster"
	[[ $output == *tls.crt* ]]
}

@test "local/ has the account and the registrations, by URL" {
	printf 'endpoint=127.0.0.1:4711\ncaBundle=Q0E=\n' >"$dir/manifests/local/endpoint.env"
	run -0 kinds local
	diff - <(echo "$output") <<-'EOF'
		ClusterRole/promogate-webhook
		ClusterRoleBinding/promogate-webhook
		MutatingWebhookConfiguration/promogate
		Namespace/promogate-system
		ServiceAccount/promogate-webhook
		ValidatingWebhookConfiguration/promogate
	EOF
	run -0 grep -A2 clientConfig "$dir/built.yaml"
	diff - <(echo "$output") <<-'EOF'
		  clientConfig:
		    caBundle: Q0E=
		    url: https://127.0.0.1:4711/mutate
		--
		  clientConfig:
		    caBundle: Q0E=
		    url: https://127.0.0.1:4711/validate
	EOF
}
