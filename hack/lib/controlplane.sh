# shellcheck shell=bash disable=SC2154
# Starts the processes of a cluster with the flags that they need here, and waits until they work.
# Expects $dir, $root, the settings, say and die.

files=$root/hack/localcluster.d
patience=180 # seconds for each thing that is waited for: four in all on an idle machine

# Sets $daemons. The real node comes first, because the others run in its network.
choose_daemons() {
	daemons=(etcd kube-apiserver kube-controller-manager kube-scheduler)
	case $node in
	kwok) daemons+=(kwok) ;;
	real) daemons=(node "${daemons[@]}") ;;
	esac
}

# Waits until COMMAND succeeds; fails with the end of NAME's log if NAME exits or time is up.
wait_until() { # NAME WHAT SECONDS COMMAND...
	local name=$1 what=$2 deadline=$((SECONDS + $3))
	shift 3
	until "$@" >/dev/null 2>&1; do
		process_alive "$name" || die_with_log "$name" "$name exited before $what"
		((SECONDS < deadline)) || die_with_log "$name" "timed out waiting until $what"
		sleep 0.1
	done
}

die_with_log() { # NAME MESSAGE
	printf 'hack/localcluster: %s; the end of %s:\n' "$2" "$dir/logs/$1.log" >&2
	process_log "$1" | tail -n 20 | sed 's/^/    /' >&2
	exit 1
}

kubectl() {
	KUBECACHEDIR=$dir/kubectl KUBERC=off "${enter[@]}" "$dir/bin/kubectl" --kubeconfig "$dir/kubeconfig" \
		--request-timeout 15s "$@"
}

api_ready() { # FLAG...
	kubectl get --raw /readyz "$@"
}

namespace_ready() {
	kubectl --namespace default get serviceaccount default
}

# The Lease shows that KWOK simulates the node now; the node's status only that it did once.
node_ready() {
	local ready='{.status.conditions[?(@.type=="Ready")].status}'
	node_lease get || return 1
	[[ $(kubectl get node node-1 --output jsonpath="{.spec.taints}$ready") == True ]]
}

node_lease() { # VERB FLAG...
	kubectl --namespace kube-node-lease "$1" lease node-1 "${@:2}"
}

# Starts NAME with START-COMMAND and waits until it listens on the port in VARIABLE. Tries another
# port if another process took that one first.
start_on_port() { # NAME VARIABLE START-COMMAND
	local name=$1 variable=$2 attempts=5 deadline=$((SECONDS + patience))
	while ((attempts-- > 0)); do
		[[ $node == real ]] || choose_port "$variable"
		"$3"
		while process_alive "$name" && ((SECONDS < deadline)); do
			! process_listens "$name" "${!variable}" || return 0
			sleep 0.05
		done
		process_log "$name" | grep -q 'address already in use' || break
	done
	die_with_log "$name" "$name did not start"
}

start_etcd() {
	local url=http://127.0.0.1:$etcd_port
	process_start etcd --name=localcluster --data-dir="$dir/etcd" --unsafe-no-fsync \
		--listen-client-urls="$url" --advertise-client-urls="$url" \
		--listen-peer-urls=http://127.0.0.1:0 --log-level=warn
}

start_apiserver() {
	local flags=(
		--etcd-servers="http://127.0.0.1:$etcd_port"
		--secure-port="$api_port"
		--endpoint-reconciler-type=none
		--service-cluster-ip-range=10.0.0.0/24
		--authorization-mode=Node,RBAC
		--allow-privileged
		--client-ca-file="$dir/pki/ca.crt"
		--tls-cert-file="$dir/pki/apiserver.crt"
		--tls-private-key-file="$dir/pki/apiserver.key"
		--token-auth-file="$dir/pki/tokens.csv"
		--service-account-issuer=https://kubernetes.default.svc
		--service-account-key-file="$dir/pki/service-account.pub"
		--service-account-signing-key-file="$dir/pki/service-account.key"
		# So that benchmarks measure the webhook, not the API server's queue.
		--max-requests-inflight=1600
		--max-mutating-requests-inflight=800
	)
	case $node in
	kwok) flags+=(--bind-address=127.0.0.1 --advertise-address=127.0.0.1) ;;
	# It listens at the address of the Service "kubernetes" too, and calls webhooks at the addresses of
	# their pods, because there is no kube-proxy.
	real)
		flags+=(--bind-address=0.0.0.0 --advertise-address=10.0.0.1 --enable-aggregator-routing
			--enable-admission-plugins=NodeRestriction
			--kubelet-preferred-address-types=InternalIP
			--kubelet-client-certificate="$dir/pki/admin.crt"
			--kubelet-client-key="$dir/pki/admin.key")
		;;
	esac
	if [[ -n $emulated_version ]]; then
		flags+=(--emulated-version="kube=$emulated_version")
	fi
	if [[ -n $audit ]]; then
		flags+=(--audit-policy-file="$files/audit-policy.yaml"
			--audit-log-path="$dir/audit.log")
	fi
	process_start kube-apiserver "${flags[@]}"
}

# As in a cluster, each controller is a user of its own: webhooks recognize the namespace controller
# and the garbage collector by their user names.
start_controller_manager() {
	process_start kube-controller-manager --kubeconfig="$dir/pki/kube-controller-manager.conf" \
		--secure-port=0 --leader-elect=false --use-service-account-credentials=true \
		--service-account-private-key-file="$dir/pki/service-account.key" \
		--root-ca-file="$dir/pki/ca.crt" --kube-api-qps=200 --kube-api-burst=400 \
		${emulated_version:+--emulated-version="kube=$emulated_version"}
}

start_scheduler() {
	process_start kube-scheduler --kubeconfig="$dir/pki/kube-scheduler.conf" \
		--secure-port=0 --leader-elect=false \
		${emulated_version:+--emulated-version="kube=$emulated_version"}
}

# Otherwise a new KWOK would wait until the previous one's Lease expires.
start_kwok() {
	wait_until kube-apiserver "the old Lease of node-1 was deleted" "$patience" \
		node_lease delete --ignore-not-found
	process_start kwok --kubeconfig="$dir/pki/kwok.conf" --config="$files/stages.yaml" \
		--manage-all-nodes=true --node-ip=127.0.0.1 --node-lease-duration-seconds=40 \
		--server-address=127.0.0.1:0
	wait_until kube-apiserver "the node was created" "$patience" kubectl apply -f "$files/node.yaml"
}

write_kubeconfigs() {
	local server=https://127.0.0.1:$api_port name
	write_kubeconfig "$dir/kubeconfig" admin "$server"
	for name in kube-controller-manager kube-scheduler kwok; do
		write_kubeconfig "$dir/pki/$name.conf" "$name" "$server"
	done
}

start_all() {
	binaries_link
	mkdir -p "$dir/logs" "$dir/run"
	pki_make
	say "certificates in $dir/pki"

	if [[ $node == real ]]; then
		node_start
		enter_node
		say "containerd in $dir/node, in a network of its own"
	fi
	start_on_port etcd etcd_port start_etcd
	say "etcd on 127.0.0.1:$etcd_port"

	start_on_port kube-apiserver api_port start_apiserver
	save_settings
	write_kubeconfigs
	wait_for_apiserver
	start_clients
}

# Ends an outage, on the port that the clients know.
resume_apiserver() {
	if process_alive kube-apiserver; then
		wait_for_apiserver
		return
	fi
	process_stop kube-apiserver # one that was just killed may hold its port a moment longer
	start_apiserver
	wait_for_apiserver
	start_clients
}

wait_for_apiserver() {
	wait_until kube-apiserver "/readyz was ok" "$patience" api_ready
	say "kube-apiserver on https://127.0.0.1:$api_port"
}

# Restarts those that run: after a minute without an API server they back off for another minute.
start_clients() {
	process_stop kube-controller-manager kube-scheduler kwok
	start_controller_manager
	start_scheduler
	case $node in
	kwok) start_kwok ;;
	real) start_kubelet ;;
	esac
	wait_until kube-controller-manager "namespace default had its service account" "$patience" \
		namespace_ready
	say "kube-controller-manager: namespace default has its service account"
	case $node in
	kwok) wait_until kwok "the node was ready" "$patience" node_ready ;;
	real) wait_until node "the node was ready" "$patience" kubelet_ready ;;
	esac
	say "kube-scheduler, and node-1 ($node) is Ready"
}

not_running() {
	local name
	for name in "${daemons[@]}"; do
		process_alive "$name" || printf '%s\n' "$name"
	done
}
