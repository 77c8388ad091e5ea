# shellcheck shell=bash disable=SC2154
# Functions of the tests with Kueue, in addition to lib.bash: Kueue's controller beside the control
# plane, as a process with the permissions of its own manifests, and queues.

# Installs Kueue in the cluster that is in use, and starts it.
kueue_up() {
	local built home
	built=$("$root/hack/neighbours/build" kueue)
	home=$(process_home kueue)
	mkdir -p "$home/certs"
	read -r kueue_port kueue_health_port < <(free_ports 2)
	kueue_install "$built" "$home"
	kueue_configure "$home"
	kubectl create token kueue-controller-manager -n kueue-system --duration=4h >"$home/token"
	kubeconfig_write "$home"
	printf '%s\n' "$kueue_health_port" >"$home/health_port"
	kueue_start
}

kueue_start() {
	local home
	home=$(process_home kueue)
	process_spawn kueue "$("$root/hack/neighbours/build" kueue)/kueue" --config="$home/config.yaml" \
		--kubeconfig="$home/kubeconfig" --zap-log-level=2
	kueue_mount_certificate "$home"
	eventually kueue_is_ready
}

kueue_is_ready() {
	nothing_crashed && curl -fsS "http://127.0.0.1:$(cat "$(process_home kueue)/health_port")/readyz"
}

free_ports() { # COUNT
	python3 -c '
import socket, sys
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(int(sys.argv[1]))]
print(*(s.getsockname()[1] for s in sockets))' "$1"
}

# Its manifests without its Deployment and what only that needs. The API server calls the webhooks by
# the name of their Service, which is this machine here, and on the port of the process.
kueue_install() { # BUILT HOME
	cp -r "$1/config" "$2"
	cat >"$2/config/kustomization.yaml" <<-EOF
		apiVersion: kustomize.config.k8s.io/v1beta1
		kind: Kustomization
		namespace: kueue-system
		namePrefix: kueue-
		resources: [components/crd, components/rbac, components/internalcert, components/webhook]
		patches:
		- patch: |-
		    apiVersion: v1
		    kind: Service
		    metadata: {name: webhook-service, namespace: system}
		    spec: {type: ExternalName, externalName: localhost}
	EOF
	kubectl create namespace kueue-system
	kubectl kustomize "$2/config" | kubectl create --dry-run=client -o json -f - |
		jq --argjson port "$kueue_port" '(.. | .clientConfig?.service? | select(.)).port = $port' |
		kubectl apply --server-side -f -
	for kind in workloads clusterqueues localqueues resourceflavors; do
		eventually kubectl get "$kind.kueue.x-k8s.io" --all-namespaces
	done
}

kueue_configure() { # HOME
	cat >"$1/config.yaml" <<-EOF
		apiVersion: config.kueue.x-k8s.io/v1beta2
		kind: Configuration
		health: {healthProbeBindAddress: "127.0.0.1:$kueue_health_port"}
		metrics: {bindAddress: "0"}
		webhook: {host: 127.0.0.1, port: $kueue_port, certDir: "$1/certs"}
		leaderElection: {leaderElect: false}
		featureGates: {VisibilityOnDemand: false}
		integrations: {frameworks: [batch/job, pod]}
	EOF
}

# Kueue makes its certificate, and waits until the kubelet has mounted it, as this does here.
kueue_mount_certificate() { # HOME
	certificate_is_mounted() {
		local secret file
		secret=$(kubectl get secret kueue-webhook-server-cert -n kueue-system -o json)
		jq -e '.data["tls.crt"] and .data["tls.key"] and .data["ca.crt"]' <<<"$secret" || return 1
		for file in ca.crt tls.key tls.crt; do
			jq -r --arg file "$file" '.data[$file]' <<<"$secret" | base64 -d >"$1/certs/$file"
		done
	}
	eventually certificate_is_mounted "$1"
}

# queues NAME CPUS [LOCAL-QUEUE]: a ClusterQueue with this quota, and the namespace's queue (NAME) to it
queues() {
	cat <<-EOF
		---
		apiVersion: kueue.x-k8s.io/v1beta2
		kind: ResourceFlavor
		metadata: {name: any}
		---
		apiVersion: kueue.x-k8s.io/v1beta2
		kind: ClusterQueue
		metadata: {name: $ns-$1}
		spec:
		  namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: "$ns"}}
		  preemption: {withinClusterQueue: LowerPriority}
		  resourceGroups:
		  - coveredResources: [cpu]
		    flavors:
		    - name: any
		      resources: [{name: cpu, nominalQuota: $2}]
		---
		apiVersion: kueue.x-k8s.io/v1beta2
		kind: LocalQueue
		metadata: {name: ${3:-$1}, namespace: $ns}
		spec: {clusterQueue: $ns-$1}
	EOF
}

# blocker NAME QUEUE [PRIORITY-CLASS]: somebody's own Job, which takes a CPU of the queue until it is deleted
blocker() {
	cat <<-EOF
		---
		apiVersion: batch/v1
		kind: Job
		metadata:
		  name: $1
		  namespace: $ns
		  labels: {kueue.x-k8s.io/queue-name: "$2"${3:+, kueue.x-k8s.io/priority-class: "$3"}}
		spec:
		  suspend: true
		  template:
		    metadata: {annotations: {promogate.dev/play: hang}}
		    spec:
		      restartPolicy: Never
		      containers: [{name: task, image: other, resources: {requests: {cpu: 1}}}]
	EOF
}

# job_runs JOB: Kueue, or whoever released it, has resumed it, and its pod exists
job_runs() {
	kubectl get job -n "$ns" "$1" -o json | jq -e '.spec.suspend == false and .status.active == 1'
}

# job_is_queued JOB: it was released to a queue, and Kueue keeps it suspended
job_is_queued() {
	kubectl get job -n "$ns" "$1" -o json | jq -e '.spec.suspend and .spec.parallelism == 1 and
		.metadata.labels["kueue.x-k8s.io/queue-name"] and .metadata.annotations["promogate.dev/released"]'
}

# How many pods of a Job were ever created. One that runs before Kueue has resumed it is deleted, and
# another one follows.
pods_created() { # JOB
	audited 'select(.objectRef.resource == "pods" and (.objectRef.subresource == "binding" or .objectRef.subresource == "status") and
		.responseStatus.code < 300).objectRef.name' | grep -E "^$1-[a-z0-9]{5}\$" | sort -u | wc -l
}

# ran_in_one_pod VERSION TASK...: once, and never outside of Kueue's quota
ran_in_one_pod() {
	local task
	ran_once "$@"
	for task in "${@:2}"; do
		same "$task 1" "$task $(pods_created "$(job_of "$1" "$task")")"
	done
}
