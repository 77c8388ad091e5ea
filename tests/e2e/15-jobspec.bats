#!/usr/bin/env bats
# Jobs of src/job/spec.c on a real API server: each scenario of tests/corpus/jobspec is valid, and Jobs
# run and are deleted as they should.

bats_require_minimum_version 1.5.0

root=$BATS_TEST_DIRNAME/../..
localcluster=$root/hack/localcluster

setup_file() {
	export PROMOGATE_CLUSTER_DIR=$BATS_FILE_TMPDIR/cluster
	export MADE=$BATS_FILE_TMPDIR/made
	local writer=build/release/tests/unit/job/spec_test
	mkdir "$MADE"
	"$localcluster" up
	make -s -C "$root" "$writer"
	(cd "$root" && "$writer" "$MADE")
	eval "$("$localcluster" env)"
	kubectl create namespace podtato-dev
	kubectl create -f "$root/manifests/crds/keptnappversions.yaml"
	kubectl wait --for=condition=Established --timeout=60s \
		crd/keptnappversions.lifecycle.keptn.sh
}

teardown_file() {
	"$localcluster" down
}

setup() {
	eval "$("$localcluster" env)"
	kubectl config set-context --current --namespace=podtato-dev >/dev/null
}

uid_of() { # KIND/NAME
	kubectl get "$1" -o jsonpath='{.metadata.uid}'
}

# The file with the named Job.
file_of() { # NAME
	local files=("$MADE"/*.job.json) f
	for f in "${files[@]}"; do
		if grep -q "\"name\":\"$1\"" "$f"; then
			printf '%s\n' "$f"
			return
		fi
	done
	return 1
}

create_version() {
	kubectl create -f - <<-'END'
		apiVersion: lifecycle.keptn.sh/v1
		kind: KeptnAppVersion
		metadata: {name: podtato-head-1.0.0-6b86b273}
		spec: {appName: podtato-head, version: 1.0.0, workloads: []}
	END
}

# The Job, and its ConfigMap if it has one, with the uids of their owners in this cluster.
create_job() { # NAME
	local file uid
	file=$(file_of "$1")
	uid=$(uid_of keptnappversion/podtato-head-1.0.0-6b86b273)
	sed "s/0f3c2a4e-0000-4000-8000-000000000001/$uid/g" "$file" | kubectl create -f -
	if [[ -f ${file%.job.json}.configmap.json ]]; then
		sed "s/the-uid-of-the-job/$(uid_of "job/$1")/" "${file%.job.json}.configmap.json" |
			kubectl create -f -
	fi
}

release() { # NAME UID
	kubectl patch job "$1" --type=merge -p "{\"metadata\":{\"uid\":\"$2\"},
		\"spec\":{\"suspend\":false,\"parallelism\":1,\"ttlSecondsAfterFinished\":null}}"
}

@test "each Job and ConfigMap is valid, without a warning" {
	local files=("$MADE"/*.json) f
	((${#files[@]} > 30))
	for f in "${files[@]}"; do
		run -0 --separate-stderr \
			kubectl create --dry-run=server --validate=strict -f "$f"
		[[ -z $stderr ]]
	done
}

@test "a Job with a ConfigMap waits, runs, and is deleted with the ConfigMap" {
	local job=notify-1-bbbbbbbb
	create_version
	create_job "$job"
	kubectl wait --for=condition=Suspended --timeout=60s "job/$job"
	[[ -z $(kubectl get pods -o name) ]]
	# Somebody resumes it, and gives it a TTL: no pod starts, and it does not end.
	kubectl patch job "$job" --type=merge -p '{"spec":{"suspend":false,"ttlSecondsAfterFinished":0}}'
	kubectl wait --for=condition=Suspended=False --timeout=60s "job/$job"
	[[ -z $(kubectl get pods -o name) ]]

	run -1 release "$job" 00000000-0000-4000-8000-000000000000
	[[ $output == *"metadata.uid: Invalid value"*"field is immutable" ]]
	release "$job" "$(uid_of "job/$job")"
	kubectl wait --for=condition=Complete --timeout=60s "job/$job"
	[[ $(kubectl get jobs,pods,configmaps -o name -l promogate.dev/app=podtato-head |
		wc -l) == 3 ]]

	kubectl patch job "$job" --type=merge -p "{\"metadata\":{\"uid\":\"$(uid_of "job/$job")\",
		\"annotations\":{\"promogate.dev/outcome\":\"Succeeded\"}},
		\"spec\":{\"ttlSecondsAfterFinished\":0}}"
	kubectl wait --for=delete --timeout=60s "job/$job"
	kubectl wait --for=delete --timeout=60s "configmap/$job"
}

@test "a container runs, and its Job is deleted with the version" {
	local job=a-1-bbbbbbbb
	create_job "$job"
	release "$job" "$(uid_of "job/$job")"
	kubectl wait --for=condition=Complete --timeout=60s "job/$job"
	kubectl delete keptnappversion podtato-head-1.0.0-6b86b273
	kubectl wait --for=delete --timeout=60s "job/$job"
}
