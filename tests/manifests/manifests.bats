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
		NetworkPolicy/promogate-webhook
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
		NetworkPolicy/promogate-reconciler
		PodDisruptionBudget/promogate-reconciler
		Role/promogate-reconciler
		RoleBinding/promogate-reconciler
		ServiceAccount/promogate-reconciler
	EOF
}

@test "an overlay names an image by digest, and what it takes to pull it, as README.md says" {
	mkdir "$dir/manifests/overlay"
	sed -n '/^    resources: \[..\/cluster\]$/,/^$/s/^    //p' "$dir/manifests/README.md" |
		sed "s/sha256:….*/sha256:$(printf '%064d' 1)/; s/\.\.\/cluster/..\/webhook, ..\/reconciler/" \
			>"$dir/manifests/overlay/kustomization.yaml"
	run -0 kinds overlay
	[ "$(grep -c "image: registry.example.com/promogate@sha256:0*1\$" "$dir/built.yaml")" -eq 2 ]
	[ "$(grep -c '^imagePullSecrets:$' "$dir/built.yaml")" -eq 2 ]
}

@test "both programs are of one image, which is not pulled where a node has it" {
	run -0 sed -nE 's/^ +(image|imagePullPolicy): //p' "$dir"/manifests/{webhook,reconciler}/server/deployment.yaml
	[ "${lines[0]}" = "${lines[2]}" ]
	[ "${lines[1]} ${lines[3]}" = "IfNotPresent IfNotPresent" ]
}

# Of what `kinds` built: the objects without the recommended labels, and their versions.
unlabelled() {
	awk '
		function done() { if (kind && missing) print kind "/" name ": " missing }
		/^---$/ { done(); kind = ""; inside = "" }
		/^kind:/ { kind = $2; missing = 5 }
		/^[a-z]/ { inside = $1 == "metadata:" }
		inside && /^  [a-z]/ { labels = $1 == "labels:" }
		inside && /^  name:/ { name = $2 }
		inside && labels && /^    app.kubernetes.io\/(name|instance|component|part-of|version):/ { missing-- }
		END { done() }
	' "$dir/built.yaml"
}

@test "each object has the recommended labels, and all have the version of the image" {
	local folder
	mkdir "$dir/manifests/overlay"
	for folder in webhook reconciler policy acts monitoring certificates; do
		printf 'resources: [../%s]\n' "$folder" | sed '/acts\|monitoring\|certificates/s/resources/components/' \
			>"$dir/manifests/overlay/kustomization.yaml"
		kinds overlay
		[[ -z $(unlabelled) ]] || { unlabelled && return 1; }
		cat "$dir/built.yaml" >>"$dir/all.yaml"
	done
	run -0 sed -nE 's/^ +app.kubernetes.io\/version: //p; s/^ +image: .*://p' "$dir/all.yaml"
	[[ $(sort -u <<<"$output" | wc -l) == 1 ]]
	# And so have pods, but no selector, which could never change.
	[[ $(grep -c '^        app.kubernetes.io/version:' "$dir/all.yaml") == 2 ]]
	[[ $(grep -c '^ *app.kubernetes.io/version:' "$dir/all.yaml") == $(($(grep -c '^kind:' "$dir/all.yaml") + 2)) ]]
}

@test "monitoring/ selects the pods of both programs, and the Services that it has" {
	mkdir "$dir/manifests/overlay"
	printf 'components: [../monitoring]\n' >"$dir/manifests/overlay/kustomization.yaml"
	run -0 kinds overlay
	diff - <(echo "$output") <<-'EOF'
		Service/promogate-reconciler-metrics
		Service/promogate-webhook-metrics
		ServiceMonitor/promogate-reconciler
		ServiceMonitor/promogate-webhook
	EOF
}

@test "containers-only/ takes the ConfigMaps of all namespaces from the reconciler, and nothing else" {
	mkdir "$dir/manifests/overlay"
	printf 'resources: [../reconciler]\n' >"$dir/manifests/overlay/kustomization.yaml"
	kubectl kustomize "$dir/manifests/overlay" >"$dir/with.yaml"
	printf 'components: [../containers-only]\n' >>"$dir/manifests/overlay/kustomization.yaml"
	run -1 diff "$dir/with.yaml" <(kubectl kustomize "$dir/manifests/overlay")
	run -0 grep '^[<>]' <<<"$output"
	diff - <(sort <<<"$output") <<-'EOF'
		<   - ""
		<   - configmaps
		<   - create
		<   - get
		<   resources:
		<   verbs:
		< - apiGroups:
	EOF
}

@test "acts/ has a policy with its binding, and the roles to bind" {
	run -0 kinds acts
	diff - <(echo "$output") <<-'EOF'
		ClusterRole/promogate-abort
		ClusterRole/promogate-retry
		ValidatingAdmissionPolicy/promogate-acts
		ValidatingAdmissionPolicyBinding/promogate-acts
	EOF
}

@test "acts/ is a component that an overlay can name" {
	mkdir "$dir/manifests/overlay"
	printf 'resources: [../crds]\ncomponents: [../acts]\n' >"$dir/manifests/overlay/kustomization.yaml"
	run -0 kinds overlay
	[[ $output == *ValidatingAdmissionPolicy/promogate-acts* ]]
}

@test "only HTTPS is open to everybody; each policy selects its pods and names ports that they have" {
	for program in webhook reconciler; do
		kinds "$program/server" >"$dir/kinds"
		grep "NetworkPolicy/promogate-$program" "$dir/kinds"
		awk '/^kind:/ { mine = $2 == "NetworkPolicy" } mine' "$dir/built.yaml" >"$dir/policy.yaml"
		awk '/^kind:/ { mine = $2 == "Deployment" } mine' "$dir/built.yaml" >"$dir/deployment.yaml"
		grep -A2 'podSelector:' "$dir/policy.yaml" | grep "app.kubernetes.io/name: promogate-$program"
		sed -n '/^  template:/,$p' "$dir/deployment.yaml" | grep "app.kubernetes.io/name: promogate-$program"
		while read -r port; do
			grep "name: $port\$" "$dir/deployment.yaml"
		done < <(sed -n 's/^ *- port: //p' "$dir/policy.yaml")
		# A rule begins with its `from`, if it has one.
		run -0 sed -n '/^  ingress:/,/^  podSelector:/s/^  - \([a-z]*\):$/\1/p' "$dir/policy.yaml"
		[[ $program == webhook ]] && expected=$'ports\nfrom' || expected=from
		[[ $output == "$expected" ]]
	done
}

@test "cluster/ has both, the kind PromotionPolicy, the certificate of certs/make, and its CA in both registrations" {
	local both
	kinds policy >"$dir/both"
	kinds webhook >>"$dir/both"
	kinds reconciler >>"$dir/both"
	both=$({ cat "$dir/both" && echo Secret/promogate-webhook-tls; } | sort)
	"$root/certs/make" --out "$dir/manifests/cluster/tls"
	run -0 kinds cluster
	diff <(echo "$both") <(echo "$output")
	# In YAML, long base64 is a block of lines; here it is the last key of its map.
	for kind in MutatingWebhookConfiguration ValidatingWebhookConfiguration; do
		awk -v kind="$kind" '
			/^kind:/ { mine = $2 == kind }
			mine && /^    service:/ { print bundle; inside = 0; bundle = "" }
			inside { bundle = bundle $1 }
			mine && /^    caBundle:/ { inside = 1 }
		' "$dir/built.yaml" >"$dir/bundles"
		[ -s "$dir/bundles" ]
		while read -r bundle; do
			base64 -d <<<"$bundle" | cmp - "$dir/manifests/cluster/tls/ca.crt"
		done <"$dir/bundles"
	done
}

@test "kept/ has both and what the leader needs to keep the certificates, and no Secret" {
	{
		kinds policy
		kinds webhook
		kinds reconciler
		printf '%s/promogate-reconciler-certificates\n' Role RoleBinding ClusterRole ClusterRoleBinding
	} >"$dir/both"
	run -0 kinds kept
	diff <(sort "$dir/both") <(echo "$output")
	grep -- '- --webhook-certificates=keep' "$dir/built.yaml"
	# The webhook's pods get what they serve, and not the key of the CA.
	run -0 sed -n '/ secretName: promogate-webhook-tls/,/^---/p; /^ *secret:/,/secretName/p' "$dir/built.yaml"
	[[ $output == *tls.crt*tls.key* && $output != *ca.key* ]]
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
		--
		  clientConfig:
		    caBundle: Q0E=
		    url: https://127.0.0.1:4711/validate
		--
		  clientConfig:
		    caBundle: Q0E=
		    url: https://127.0.0.1:4711/validate
	EOF
}
