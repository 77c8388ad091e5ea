#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154,SC2317 # what a pod expands, what bats and lib.bash set, and functions that are called by name
# Both programs as pods of the image, installed from the manifests with limits of 32 Mi of memory.

load lib

setup_file() {
	node_up
	[[ ! ${obstacle-} ]] || return 0
	eval "$("$localcluster" env)"
	image_build
	"$localcluster" load "$IMAGE/image.tar"
	kubectl create --save-config -k "$root/manifests/crds"
	overlay=$BATS_FILE_TMPDIR/manifests/small
	cp -r "$root/manifests" "$BATS_FILE_TMPDIR"
	"$root/certs/make" --out "$BATS_FILE_TMPDIR/manifests/cluster/tls"
	mkdir "$overlay"
	cat >"$overlay/kustomization.yaml" <<-'EOT'
		resources: [../cluster]
		patches:
		- target: {kind: Deployment}
		  patch: |-
		    - op: replace
		      path: /spec/template/spec/containers/0/resources
		      value: {requests: {memory: 32Mi}, limits: {memory: 32Mi}}
	EOT
	kubectl apply -k "$overlay"
	kubectl apply -f "$root/manifests/monitoring/services.yaml"
	kubectl create namespace app
}

teardown_file() {
	node_down
}

setup() {
	node_use
}

pods() { # JSONPATH of a pod
	kubectl get pods -n promogate-system -o jsonpath="{range .items[*]}$1{'\n'}{end}"
}

no_restarts() {
	same $'0\n0\n0\n0' "$(pods '{.status.containerStatuses[0].restartCount}')"
}

context() { # NAME TASKS
	cat <<-EOF
		{"apiVersion": "lifecycle.keptn.sh/v1", "kind": "KeptnAppContext",
		"metadata": {"$3": "$1", "namespace": "app"}, "spec": {"promotionTasks": [$2]}}
	EOF
}

apply_context() { # NAME TASKS
	context "$1" "$2" name | kubectl apply -f -
}

definition() { # NAME SCRIPT
	kubectl apply -f - <<-EOF
		apiVersion: lifecycle.keptn.sh/v1
		kind: KeptnTaskDefinition
		metadata: {name: $1, namespace: app}
		spec:
		  retries: 0
		  ttlSecondsAfterFinished: 3600
		  container: {name: task, image: "localhost/busybox:1", command: [sh, -c, '$2']}
	EOF
}

# The process of a program, as the node sees it.
process_status() { # PROGRAM FIELD
	# shellcheck disable=SC2016 # by the other shell
	"$localcluster" node sh -c 'for pid in $(pgrep -f "^promogate-$1"); do
		sed -n "s/^$2:[[:space:]]*//p" "/proc/$pid/status"; done' sh "$1" "$2" | sort -u
}

@test "one kubectl apply brings both to serving, with two replicas each" {
	kubectl wait -n promogate-system --for=condition=Available deployment --all --timeout=120s
	same $'Running\nRunning\nRunning\nRunning' "$(pods '{.status.phase}')"
	no_restarts
}

# All that the manifests have, with their versions; an event or a heartbeat changes none of them.
versions() {
	kubectl get -k "$BATS_FILE_TMPDIR/manifests/small" -o json |
		jq -r '.items[] | select(.kind != "Deployment") | "\(.kind) \(.metadata.name) \(.metadata.resourceVersion)"'
	kubectl get deployments -n promogate-system -o json | jq -r '.items[].metadata.generation'
}

@test "applying again changes nothing" {
	before=$(versions)
	kubectl apply -k "$BATS_FILE_TMPDIR/manifests/small"
	same "$before" "$(versions)"
}

@test "the restricted Pod Security Standard holds for what runs, and is enforced" {
	run -0 kubectl label namespace promogate-system --dry-run=server --overwrite \
		pod-security.kubernetes.io/enforce=restricted pod-security.kubernetes.io/enforce-version=latest
	[[ $output != *Warning* ]]
	run -1 kubectl run -n promogate-system shell --image=localhost/busybox:1
	[[ $output == *'violates PodSecurity "restricted:latest"'* ]]
}

@test "pods have the priority of what a cluster needs" {
	same "2000000000" "$(pods '{.spec.priority}' | sort -u)"
}

@test "each program's metrics are behind a Service" {
	for program in webhook reconciler; do
		run -0 kubectl get --raw \
			"/api/v1/namespaces/promogate-system/services/promogate-$program-metrics:http-plain/proxy/metrics"
		[[ $output == *promogate_informer_watches_total* ]]
	done
}

@test "a process runs as user 65532, without capabilities, new privileges or unfiltered system calls" {
	for program in webhook reconciler; do
		same "65532 65532 65532 65532" "$(process_status "$program" Uid | tr '\t' ' ')"
		same 0000000000000000 "$(process_status "$program" CapBnd)"
		same 1 "$(process_status "$program" NoNewPrivs)"
		same 2 "$(process_status "$program" Seccomp)"
		# The container runtime's filter, and its own.
		same 2 "$(process_status "$program" Seccomp_filters)"
	done
	run -1 kubectl exec -n promogate-system deploy/promogate-webhook -- sh
	[[ $output == *'"sh": executable file not found'* ]]
}

@test "the webhook is called through its Service: a context that can't be promoted is rejected" {
	definition promote 'exit 0'
	serves() {
		[[ $(apply_context probe '"twice", "twice"' 2>&1) == *'Duplicate value: "twice"'* ]]
	}
	eventually serves
	run -1 apply_context podtato-head '"promte"'
	[[ $output == *'spec.promotionTasks[0]: Not found: "promte"'*'did you mean "promote"?'* ]]
	apply_context podtato-head '"promote"'
	same Block "$(kubectl get keptnappcontext -n app podtato-head \
		-o jsonpath='{.metadata.annotations.promogate\.dev/resolved-on-failure}')"
}

@test "a promotion's Jobs run as pods, and their outcome is recorded" {
	definition promote 'echo "promoted $PROMOGATE_ID"'
	definition notify 'exit 4'
	apply_context podtato-head '"promote", "notify"'
	"$root/hack/demo.d/deliver" app podtato-head 1.0.0
	ended() {
		[[ $(kubectl get keptnappversion -n app podtato-head-1.0.0-6b86b273 -o jsonpath='{.status.promotionStatus}') == Failed ]]
	}
	eventually ended
	uid=$(kubectl get keptnappversion -n app podtato-head-1.0.0-6b86b273 -o jsonpath='{.metadata.uid}')
	same "promoted $uid/promote" "$(kubectl logs -n app -l promogate.dev/task=promote)"
	same 2 "$(kubectl get jobs -n app -o name | wc -l)"
	same "notify Failed
promote Succeeded" "$(kubectl get keptnappversion -n app podtato-head-1.0.0-6b86b273 \
		-o jsonpath='{range .status.promotionTaskStatus[*]}{.definitionName} {.status}{"\n"}{end}' | sort)"
}

@test "32 Mi of memory are enough under load: every call succeeds, and no pod restarts" {
	context load- '"promote"' generateName >"$BATS_TEST_TMPDIR/body.json"
	run -0 "$localcluster" exec timeout 300 h2load --requests=3000 --clients=20 --max-concurrent-streams=2 \
		--data="$BATS_TEST_TMPDIR/body.json" --header="authorization: Bearer $CLUSTER_TOKEN" \
		--header='content-type: application/json' \
		"$CLUSTER_SERVER/apis/lifecycle.keptn.sh/v1/namespaces/app/keptnappcontexts"
	grep -q 'status codes: 3000 2xx, 0 3xx, 0 4xx, 0 5xx' <<<"$output"
	no_restarts
	for program in webhook reconciler; do
		echo "# most memory of a $program: $(process_status "$program" VmHWM | sort -n | tail -n 1)" >&3
	done
}
