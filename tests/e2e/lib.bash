# shellcheck shell=bash disable=SC2034,SC2154
# Functions of the end-to-end tests: a control plane, webhooks as processes beside it, objects to
# apply, and checks of the outcome.
#
#   PROMOGATE_WEBHOOK=FILE        the program under test (build/release/promogate-webhook)
#   KEPTN_CRDS=DIR                Keptn's own CRDs in place of manifests/crds
#   E2E_EMULATED_VERSION=1.34     use an older Kubernetes
#   E2E_PATIENCE=SECONDS          how long to wait for a condition (120, so that a busy machine has time)

bats_require_minimum_version 1.8.0

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
program=$(realpath "${PROMOGATE_WEBHOOK:-$root/build/release/promogate-webhook}")
patience=${E2E_PATIENCE:-120}
mutating=mutate.keptnappcontext.promogate.dev
validating=validate.keptnappcontext.promogate.dev

# eventually COMMAND...: waits until it succeeds, else shows its last output
eventually() {
	local end=$((SECONDS + patience)) said
	until said=$("$@" 2>&1); do
		if ((SECONDS >= end)); then
			printf 'never came true: %s\n%s\n' "$*" "$said"
			return 1
		fi
		sleep 0.1
	done
}

# --- control planes -----------------------------------------------------------------------------

cluster_up() { # NAME [OPTION...]
	local name=$1
	shift
	[[ -z ${E2E_EMULATED_VERSION-} || $* == *--emulated-version* ]] ||
		set -- "$@" --emulated-version "$E2E_EMULATED_VERSION"
	"$root/hack/localcluster" --dir "$E2E_DIR/clusters/$name" up --audit "$@"
	cluster_use "$name"
	kubectl apply -f "$root/manifests/webhook/access/namespace.yaml" \
		-f "$root/manifests/webhook/access/rbac.yaml"
	kubectl create namespace keptn-system --dry-run=client -o yaml | kubectl apply -f -
}

# Keeps its audit log for 95-rights.bats.
cluster_down() { # NAME
	mkdir -p "$E2E_DIR/audit"
	cp "$E2E_DIR/clusters/$1/audit.log" "$E2E_DIR/audit/$1.log"
	"$root/hack/localcluster" --dir "$E2E_DIR/clusters/$1" down
}

cluster_use() { # NAME
	cluster=$E2E_DIR/clusters/$1
	eval "$("$root/hack/localcluster" --dir "$cluster" env)"
	export cluster
}

kinds_create() {
	local plural
	for plural in keptnappcontexts keptntaskdefinitions keptnconfigs; do
		kubectl create -f "${KEPTN_CRDS:-$root/manifests/crds}"/*"$plural.yaml"
	done
	# Established does not mean yet that every version is served.
	for plural in keptnappcontexts.v1 keptnappcontexts.v1beta1 keptntaskdefinitions.v1; do
		eventually kubectl get "$plural.lifecycle.keptn.sh"
	done
	eventually kubectl get keptnconfigs.v1alpha1.options.keptn.sh
	# Without this kind, a program asks for it again and again, as for each that may still come.
	kubectl apply -k "$root/manifests/policy"
	eventually kubectl get promotionpolicies
}

# --- processes ----------------------------------------------------------------------------------

# A webhook or a reconciler has a name and a folder of that name, with pid, exit (its status, once it
# ended), log, plain_port and a kubeconfig of its service account.
process_home() { # NAME
	printf '%s\n' "$E2E_DIR/processes/$1"
}

# Writes the kubeconfig of its service account.
process_identify() { # NAME SERVICE-ACCOUNT
	local home
	home=$(process_home "$1")
	mkdir -p "$home"
	kubectl create token "$2" -n promogate-system --duration=4h >"$home/token"
	kubeconfig_write "$home"
}

# For the account whose token is in HOME.
kubeconfig_write() { # HOME
	cat >"$1/kubeconfig" <<-EOF
		apiVersion: v1
		kind: Config
		clusters: [{name: local, cluster: {server: "$CLUSTER_SERVER", certificate-authority: "$CLUSTER_CA"}}]
		users: [{name: account, user: {tokenFile: "$1/token"}}]
		contexts: [{name: local, context: {cluster: local, user: account}}]
		current-context: local
	EOF
}

# Starts it and waits until it serves.
process_start() { # NAME COMMAND...
	process_spawn "$@" || return
	eventually process_serves "$1" || {
		cat "$(process_home "$1")/log"
		return 1
	}
}

process_spawn() { # NAME COMMAND...
	local home
	home=$(process_home "$1")
	nothing_crashed || return
	rm -f "$home/exit" "$home/pid"
	[[ ! -e $home/log ]] || mv "$home/log" "$home/log.before"
	(
		# bats waits for every process that inherits its file descriptors.
		exec </dev/null >"$home/log" 2>&1 3>&- 4>&-
		# shellcheck disable=SC2016
		bash -c 'echo $$ >"$0"; exec "$@"' "$home/pid" "${@:2}" && ended=0 || ended=$?
		[[ $ended == 0 || $ended == 137 ]] || process_crashed "$1" "$ended"
		echo "$ended" >"$home/exit"
	) &
}

# Keeps what a process said that ended by itself: tests end one with TERM, INT (0) or KILL (137).
process_crashed() { # NAME STATUS
	{
		printf '%s exited with %s; the end of its log:\n' "$1" "$2"
		tail -n 40 "$(process_home "$1")/log"
	} >>"$E2E_DIR/crashes"
}

# A process that crashed can't be started again, so that no test hides it.
nothing_crashed() {
	[[ ! -e $E2E_DIR/crashes ]] || {
		cat "$E2E_DIR/crashes"
		return 1
	}
}

# Its log names the ports, in case it chose free ones.
process_serves() { # NAME
	local home port plain_port
	home=$(process_home "$1")
	read -r port plain_port < <(jq -Rr 'fromjson? | select(.msg == "serving") | "\(.port) \(.plainPort)"' "$home/log")
	[[ -n $plain_port ]] || return 1
	printf '%s\n' "$port" >"$home/port"
	printf '%s\n' "$plain_port" >"$home/plain_port"
}

# plain NAME PATH: what the plain port answers, a 503 too
plain() {
	curl -sS "http://127.0.0.1:$(cat "$(process_home "$1")/plain_port")$2"
}

process_ready() { # NAME
	curl -fsS "http://127.0.0.1:$(cat "$(process_home "$1")/plain_port")/readyz"
}

process_signal() { # NAME SIGNAL
	kill -s "$2" "$(cat "$(process_home "$1")/pid")"
}

process_ended() { # NAME
	[[ -s $(process_home "$1")/exit ]]
}

process_kill() { # NAME
	[[ -e $(process_home "$1")/pid ]] || return 0
	process_ended "$1" || process_signal "$1" KILL
	eventually process_ended "$1"
}

# --- webhooks -----------------------------------------------------------------------------------

# A webhook's folder also has its port and tls/.
webhook_prepare() { # NAME
	process_identify "$1" promogate-webhook
	"$root/certs/make" --out "$(process_home "$1")/tls"
}

# Starts it and waits until it serves; on the same ports if it ran before.
webhook_start() { # NAME [FLAG...]
	local name=$1 home
	shift
	home=$(process_home "$name")
	[[ -d $home ]] || webhook_prepare "$name"
	process_start "$name" "$program" \
		--tls-cert-file="$home/tls/tls.crt" --tls-key-file="$home/tls/tls.key" \
		--kubeconfig="$home/kubeconfig" \
		--listen="127.0.0.1:$(cat "$home/port" 2>/dev/null || echo 0)" \
		--metrics-listen="127.0.0.1:$(cat "$home/plain_port" 2>/dev/null || echo 0)" \
		--drain-timeout=2s "$@"
}

webhook_port() { # NAME
	cat "$(process_home "$1")/port"
}

# Registers this webhook, and waits until the API server calls it.
register() { # NAME
	local home
	home=$(process_home "$1")
	rm -rf "$home/manifests"
	cp -r "$root/manifests" "$home"
	printf 'endpoint=%s\ncaBundle=%s\n' "127.0.0.1:$(cat "$home/port")" \
		"$(base64 -w0 <"$home/tls/ca.crt")" >"$home/manifests/local/endpoint.env"
	kubectl apply -k "$home/manifests/local"
	eventually is_called "$1"
}

unregister() {
	kubectl delete --ignore-not-found validatingwebhookconfiguration,mutatingwebhookconfiguration \
		promogate
	eventually nobody_is_called
}

# The API server follows a registration after a moment. Every registered webhook rejects this object.
probe() {
	ns=default context probe '{}' '{promogate.dev/on-failure: Probe}' |
		kubectl create --dry-run=server -f - 2>&1
}

nobody_is_called() {
	probe >/dev/null
}

is_called() { # NAME
	local mutated validated
	mutated=$(metric "$1" promogate_admission_requests_total 'webhook="mutate"')
	validated=$(metric "$1" promogate_admission_requests_total 'webhook="validate"')
	[[ $(probe) == *'Unsupported value: "Probe"'* ]] &&
		((mutated < $(metric "$1" promogate_admission_requests_total 'webhook="mutate"'))) &&
		((validated < $(metric "$1" promogate_admission_requests_total 'webhook="validate"')))
}

# metric NAME FAMILY [LABEL...]: the sum of its series that have all these labels, 0 without any.
# Reads the file $metrics if it exists.
metric() {
	local name=$1 family=$2 lines label
	shift 2
	lines=$(if [[ -n ${metrics-} ]]; then cat "$metrics"; else plain "$name" /metrics; fi |
		grep -E "^$family(\{| )") || true
	for label; do
		lines=$(grep -F "$label" <<<"$lines") || true
	done
	awk '{sum += $NF} END {printf "%d\n", sum}' <<<"$lines"
}

# Whether the webhook's cache has as many objects of a resource as the cluster.
cache_caught_up() { # NAME [RESOURCE]
	local resource=${2:-keptntaskdefinitions} known there
	known=$(metric "$1" promogate_cache_objects "resource=\"$resource\"")
	there=$(kubectl get "$resource" --all-namespaces -o name | wc -l)
	echo "it knows $known of $there $resource"
	((known == there))
}

# --- setup of files and tests ---------------------------------------------------------------------

# The control plane and the webhook "main" that the files share, in the state that the last file left.
shared_up() {
	if [[ ! -e $E2E_DIR/shared ]]; then
		[[ -x $program ]] || {
			echo "no $program: make builds it" >&2
			return 1
		}
		cluster_up shared
		kinds_create
		webhook_start main
		eventually process_ready main
		register main
		touch "$E2E_DIR/shared"
	fi
	cluster_use shared
}

# Creates a namespace for the test, $ns.
namespace() {
	local file=${BATS_TEST_FILENAME##*/}
	file=${file%.bats}
	ns=e2e-$file-$BATS_TEST_NUMBER
	kubectl create namespace "$ns"
}

show_log() { # NAME
	[[ -n ${BATS_TEST_COMPLETED-} || ! -e $(process_home "$1")/log ]] || tail -n 5 "$(process_home "$1")/log"
}

# --- objects ------------------------------------------------------------------------------------

task='{container: {name: task, image: promote}}'

# definition NAME [SPEC]: a definition that can run, or with this spec
definition() {
	cat <<-EOF
		---
		apiVersion: lifecycle.keptn.sh/v1
		kind: KeptnTaskDefinition
		metadata: {name: $1, namespace: $ns}
		spec: ${2:-$task}
	EOF
}

# context NAME SPEC [ANNOTATIONS]
context() {
	cat <<-EOF
		---
		apiVersion: lifecycle.keptn.sh/v1
		kind: KeptnAppContext
		metadata: {name: $1, namespace: $ns, annotations: ${3:-{\}}}
		spec: $2
	EOF
}

promotes() { # NAME TASKS: "a, b"
	context "$1" "{promotionTasks: [$2]}"
}

# --- outcomes -------------------------------------------------------------------------------------

# kubectl apply of standard input
apply() {
	kubectl apply -f - "$@"
}

same() { # WANT GOT
	diff <(printf '%s\n' "$1") <(printf '%s\n' "$2")
}

# says TEXT COMMAND...: the command succeeds, and its standard error is this text
says() {
	local want=$1
	shift
	run --separate-stderr "$@"
	same "$want" "$stderr"
	[[ $status -eq 0 ]] || {
		printf 'exit %s\n' "$status"
		return 1
	}
}

# refused TEXT COMMAND...: the command fails, and its standard error is this text
refused() {
	local want=$1
	shift
	run --separate-stderr "$@"
	same "$want" "$stderr"
	[[ $status -eq 1 ]] || {
		printf 'exit %s\n' "$status"
		return 1
	}
}

# The message of kubectl apply for a KeptnAppContext with these findings.
invalid() { # NAME FINDING...
	local name=$1
	shift
	if (($# == 1)); then
		printf 'The KeptnAppContext "%s" is invalid: %s' "$name" "$1"
	else
		printf 'The KeptnAppContext "%s" is invalid: ' "$name"
		printf '\n* %s' "$@"
	fi
}

# stored NAME JQ-EXPRESSION: a value of the stored context
stored() {
	kubectl get keptnappcontext -n "$ns" "$1" -o json | jq -r "$2"
}

resolved() { # NAME
	stored "$1" '.metadata.annotations["promogate.dev/resolved-on-failure"]'
}
