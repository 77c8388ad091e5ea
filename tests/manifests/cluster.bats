#!/usr/bin/env bats
# The manifests on a real API server, in a cluster of their own: kinds are deleted here.
#
#   KEPTN_CRDS=DIR   Keptn's own CRDs (lifecycle-operator/config/crd/bases of its sources), to
#                    compare ours with; without it that test is skipped

bats_require_minimum_version 1.5.0

plurals=(keptnapps keptnappcontexts keptnappversions keptntaskdefinitions keptnconfigs)

setup_file() {
	root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	cluster=$BATS_FILE_TMPDIR/cluster
	samples=$BATS_TEST_DIRNAME/samples
	export root cluster samples
	"$root/hack/localcluster" --dir "$cluster" up
	eval "$("$root/hack/localcluster" --dir "$cluster" env)"
	make_kinds "$root/manifests/crds"
}

teardown_file() {
	"$root/hack/localcluster" --dir "$cluster" down
}

# Each test has a new namespace, and no webhook configuration of the previous one.
setup() {
	ns=test-$BATS_TEST_NUMBER
	kubectl create namespace "$ns"
}

teardown() {
	kubectl delete validatingwebhookconfiguration,mutatingwebhookconfiguration promogate --ignore-not-found
}

# eventually COMMAND...: waits until it succeeds: the API server's caches follow a write after a moment
eventually() {
	local end=$((SECONDS + 120))
	until "$@"; do
		((SECONDS < end)) || return 1
		sleep 0.1
	done
}

# make_kinds DIR: creates the five kinds of a folder, and waits until they can be used
make_kinds() {
	local plural
	for plural in "${plurals[@]}"; do
		kubectl create -f "$1"/*"$plural.yaml"
	done
	# Established does not mean yet that every version is served.
	for plural in $(served); do
		eventually kubectl get "$plural"
	done
}

make_policies() {
	kubectl apply -k "$root/manifests/policy"
	eventually kubectl get promotionpolicies
}

# served: every plural.version.group that the cluster's CRDs serve
served() {
	kubectl get crd -o json | jq -r '.items[].spec | . as $s | .versions[] | select(.served) |
		"\($s.names.plural).\(.name).\($s.group)"' | sort
}

# Sends unknown fields, which kubectl would otherwise reject.
create() {
	kubectl create -n "$ns" --validate=false -f "$1"
}

create_samples() {
	create "$samples/accepted.yaml"
	kubectl replace -n "$ns" --validate=false --subresource=status -f "$samples/accepted.yaml"
}

# is OBJECT EXPRESSION: whether the jq expression holds for the stored object
is() {
	kubectl get -n "$ns" "$1" -o json | jq -e "$2" >/dev/null || {
		kubectl get -n "$ns" "$1" -o json | jq 'del(.metadata)'
		echo "not true: $2"
		return 1
	}
}

@test "the schemas are structural, without a warning" {
	run -0 kubectl get crd -o json
	[ "$(jq '.items | length' <<<"$output")" -eq 5 ]
	diff /dev/null <(jq -r '.items[] | .metadata.name as $n | .status.conditions[] |
		select((.type == "Established" or .type == "NamesAccepted") and .status == "True" | not) |
		"\($n): \(.type) \(.reason): \(.message)"' <<<"$output")
}

@test "what Keptn accepts is accepted, and read back in every version" {
	create_samples
	for resource in $(served); do
		kubectl get -n "$ns" "$resource" -o json | jq -e '.items | length > 0'
	done
}

@test "defaults are Keptn's" {
	create_samples
	is keptnapp/defaults '.spec.revision == 1'
	is keptnappversion/defaults-1 '.spec.revision == 1'
	is keptnappversion/defaults-1 '.status | [to_entries[] | select(.value == "Pending") | .key] == [
		"postDeploymentEvaluationStatus", "postDeploymentStatus", "preDeploymentEvaluationStatus",
		"preDeploymentStatus", "promotionStatus", "status", "workloadOverallStatus"]'
	is keptnappversion/beta-2 '.status.promotionTaskStatus == [{status: "Pending"}]'
	for name in empty nulls; do
		is keptntaskdefinition/$name '.spec == {retries: 10, timeout: "5m", ttlSecondsAfterFinished: 300}'
	done
	is keptntaskdefinition/container '.spec.container.ports[0].protocol == "TCP"'
	is keptnconfig/defaults '.spec == {blockDeployment: true, keptnAppCreationRequestTimeoutSeconds: 30,
		observabilityTimeout: "5m", restApiEnabled: false}'
	# Defaults are inside the spec: without a spec there are none.
	is keptnconfig/no-spec 'has("spec") | not'
}

@test "unknown fields are pruned" {
	create_samples
	is keptnappcontext/misspelled '.spec == {promotionTasks: ["b"]} and (has("unknown") | not)'
	is keptnappversion/full-3 '.status.promotionTaskStatus[0] | has("endTime") and (has("reason") | not)'
	is keptntaskdefinition/container '.spec.container | has("imagePullPolicy") and (has("imagePullPolcy") | not)'
	# Known to v1beta1 and older, but not to the storage version.
	is keptntaskdefinition.v1beta1.lifecycle.keptn.sh/beta '.spec | has("python") and (has("function") | not)'
}

@test "what Keptn rejects is rejected" {
	run -1 create "$samples/refused.yaml"
	[[ $output != *" created"* ]]
	[ "$(grep -c '^Error from server (Invalid)' <<<"$output")" -eq "$(grep -c '^kind:' "$samples/refused.yaml")" ]
}

@test "a version lists its columns, and has a short name" {
	create_samples
	run -0 kubectl get -n "$ns" kav full-3 --output=wide
	read -ra columns <<<"${lines[0]}"
	[ "${columns[*]}" = "NAME APPNAME VERSION PHASE PREDEPLOYMENTSTATUS PREDEPLOYMENTEVALUATIONSTATUS \
WORKLOADOVERALLSTATUS POSTDEPLOYMENTSTATUS POSTDEPLOYMENTEVALUATIONSTATUS PROMOTIONSTATUS" ]
	read -ra values <<<"${lines[1]}"
	[ "${values[*]}" = "full-3 full 3 Completed Succeeded Warning Deprecated Unknown Progressing Failed" ]
}

@test "the webhook's account may read what its rules need, and nothing else" {
	make_policies
	kubectl apply -k "$root/manifests/local"
	can_i() {
		kubectl auth can-i "$@" --as=system:serviceaccount:promogate-system:promogate-webhook -n "$ns"
	}
	eventually can_i get keptntaskdefinitions.lifecycle.keptn.sh
	for verb in get list watch; do
		can_i "$verb" keptntaskdefinitions.lifecycle.keptn.sh
		can_i "$verb" keptnappcontexts.lifecycle.keptn.sh
		can_i "$verb" namespaces
	done
	for verb in list watch; do
		can_i "$verb" promotionpolicies.promogate.dev
		can_i "$verb" keptnconfigs.options.keptn.sh
	done
	for verb in create update patch delete; do
		run -1 can_i "$verb" keptntaskdefinitions.lifecycle.keptn.sh
		run -1 can_i "$verb" keptnappcontexts.lifecycle.keptn.sh
		run -1 can_i "$verb" promotionpolicies.promogate.dev
		run -1 can_i "$verb" namespaces
	done
	for resource in keptnappversions.lifecycle.keptn.sh secrets configmaps jobs.batch; do
		run -1 can_i get "$resource"
	done
}

@test "the reconciler's account may do what a promotion needs, and nothing else" {
	make_policies
	kubectl apply -k "$root/manifests/webhook/access"
	kubectl apply -k "$root/manifests/reconciler/access"
	can_i() {
		kubectl auth can-i -n "$ns" "$@" \
			--as=system:serviceaccount:promogate-system:promogate-reconciler
	}
	# may VERBS RESOURCE [FLAG]: these, and no other that there is
	may() {
		local verbs=$1 verb
		shift
		for verb in get list watch create update patch delete deletecollection; do
			if [[ " $verbs " == *" $verb "* ]]; then
				run -0 can_i "$verb" "$@"
			else
				run -1 can_i "$verb" "$@"
			fi
		done
	}
	eventually can_i create jobs.batch
	eventually can_i create leases.coordination.k8s.io -n promogate-system
	may 'list watch patch' keptnappversions.lifecycle.keptn.sh
	may patch keptnappversions.lifecycle.keptn.sh --subresource=status
	may update keptnappversions.lifecycle.keptn.sh --subresource=finalizers
	may 'get list watch' keptntaskdefinitions.lifecycle.keptn.sh
	may 'list watch' keptnappcontexts.lifecycle.keptn.sh
	may 'list watch' keptnconfigs.options.keptn.sh
	may 'get list watch' promotionpolicies.promogate.dev
	may patch promotionpolicies.promogate.dev --subresource=status
	may 'list watch' namespaces
	may 'get list watch create patch delete' jobs.batch
	may '' jobs.batch --subresource=status
	may update jobs.batch --subresource=finalizers
	may 'get create' configmaps
	may create events
	for resource in secrets pods serviceaccounts leases.coordination.k8s.io \
		keptnapps.lifecycle.keptn.sh; do
		may '' "$resource"
	done
	may create leases.coordination.k8s.io -n promogate-system
	may create leases.coordination.k8s.io/another -n promogate-system
	may 'get create update' leases.coordination.k8s.io/promogate-reconciler -n promogate-system
}

@test "with the webhook down, only changes of contexts stop" {
	create_samples
	# No process listens on port 1.
	cp -r "$root/manifests" "$BATS_TEST_TMPDIR"
	"$root/certs/make" --out "$BATS_TEST_TMPDIR/tls"
	printf 'endpoint=127.0.0.1:1\ncaBundle=%s\n' "$(base64 -w0 <"$BATS_TEST_TMPDIR/tls/ca.crt")" \
		>"$BATS_TEST_TMPDIR/manifests/local/endpoint.env"
	kubectl apply -k "$BATS_TEST_TMPDIR/manifests/local"

	# refused_by WEBHOOK: whether a change of a context fails because the webhook is down
	refused_by() {
		run kubectl annotate -n "$ns" keptnappcontext full --overwrite "moment=$RANDOM"
		[[ $status -ne 0 && $output == *"\"$1.keptnappcontext.promogate.dev\""* ]]
	}
	eventually refused_by validate
	for version in v1 v1beta1; do
		run -1 create - <<-EOF
			apiVersion: lifecycle.keptn.sh/$version
			kind: KeptnAppContext
			metadata: {name: new-$version}
		EOF
		[[ $output == *'"validate.keptnappcontext.promogate.dev"'*'127.0.0.1:1/validate'* ]]
	done
	kubectl patch -n "$ns" keptnappcontext full --subresource=status --type=merge -p '{"status":{"status":"x"}}'
	kubectl delete -n "$ns" keptnappcontext beta
	kubectl annotate -n "$ns" keptntaskdefinition empty a=b

	# The other one only writes an annotation, and stops nothing.
	kubectl delete validatingwebhookconfiguration promogate
	eventually kubectl annotate -n "$ns" keptnappcontext full --overwrite moment=now
	kubectl get mutatingwebhookconfiguration promogate
}

@test "everything applies, and the pods satisfy the Pod Security Standard of their namespace" {
	cp -r "$root/manifests" "$BATS_TEST_TMPDIR"
	"$root/certs/make" --out "$BATS_TEST_TMPDIR/manifests/cluster/tls"
	# Twice: the API server's defaults must not make the second time fail.
	for _ in 1 2; do
		run -0 kubectl apply -k "$BATS_TEST_TMPDIR/manifests/cluster"
		[[ $output != *Warning* ]]
	done
	for kind in mutating validating; do
		kubectl get "${kind}webhookconfiguration" promogate -o jsonpath='{.webhooks[0].clientConfig.caBundle}' |
			base64 -d | cmp - "$BATS_TEST_TMPDIR/manifests/cluster/tls/ca.crt"
	done
	for name in promogate-webhook promogate-reconciler; do
		kubectl get -n promogate-system deployment "$name" -o json |
			jq '.spec.template | .apiVersion = "v1" | .kind = "Pod" | .metadata.name = "one"' |
			kubectl create -n promogate-system --dry-run=server -f -
	done
	kubectl delete -k "$BATS_TEST_TMPDIR/manifests/cluster" --wait=false
}

# observe DIR OUT: a folder's kinds, the samples as they store them, and their error messages
observe() {
	mkdir "$2"
	kubectl delete crd --all
	make_kinds "$1"
	kubectl get crd -o json | jq -S '
		# The alpha versions that manifests/README.md leaves out.
		def both($kind): (.name | startswith("v1alpha") | not) or
			($kind == "KeptnApp" or $kind == "KeptnAppVersion" | not);
		def essence: walk(if type == "object" then
			(if (.description | type) == "string" then del(.description) else . end) |
			(if (.required | type) == "array" then .required |= sort else . end) else . end);
		[.items[].spec | del(.conversion) | .names.kind as $kind |
			.versions |= (map(select(both($kind))) | sort_by(.name) | map(
				(.schema.openAPIV3Schema.properties) |= del(.apiVersion, .kind, .metadata)))] |
		essence' >"$2/schemas"
	create_samples
	for resource in $(served | grep -vE '^keptnapp(version)?s\.v1alpha'); do
		kubectl get -n "$ns" "$resource" -o json | jq -S '.items[] |
			del(.metadata | .uid, .resourceVersion, .creationTimestamp, .managedFields)'
	done >"$2/objects"
	create "$samples/refused.yaml" >"$2/refusals" 2>&1 || true
}

@test "Keptn's own CRDs define, store and refuse the same" {
	[ -n "${KEPTN_CRDS-}" ] || skip "KEPTN_CRDS does not name a folder with Keptn's CRDs"
	observe "$KEPTN_CRDS" "$BATS_TEST_TMPDIR/theirs"
	observe "$root/manifests/crds" "$BATS_TEST_TMPDIR/ours"
	diff -r "$BATS_TEST_TMPDIR/theirs" "$BATS_TEST_TMPDIR/ours"
}
