# shellcheck shell=bash disable=SC2034,SC2154
# Functions of the promotion tests, in addition to lib.bash: a control plane with reconcilers beside
# it, versions that are delivered as Keptn's operator does it, tasks that end as the test wants, and
# checks of the API server's audit log.
#
#   PROMOGATE_RECONCILER=FILE     the program under test (build/release/promogate-reconciler)

reconciler_program=$(realpath "${PROMOGATE_RECONCILER:-$root/build/release/promogate-reconciler}")
reconciler_user=system:serviceaccount:promogate-system:promogate-reconciler

# --- control plane and reconcilers ----------------------------------------------------------------

# The control plane that these files share, with the reconciler "promoter" as the leader. Flags of the
# reconcilers of earlier files have no effect any more.
promotion_up() {
	if [[ ! -e $E2E_DIR/promotion ]]; then
		[[ -x $reconciler_program ]] || {
			echo "no $reconciler_program: make builds it" >&2
			return 1
		}
		cluster_up promotion
		promotion_kinds_create
		kubectl apply -k "$root/manifests/reconciler/access"
		touch "$E2E_DIR/promotion"
	fi
	cluster_use promotion
}

promotion_kinds_create() {
	local plural
	kinds_create
	for plural in keptnapps keptnappversions; do
		kubectl create -f "${KEPTN_CRDS:-$root/manifests/crds}"/*"$plural.yaml"
		eventually kubectl get "$plural.v1.lifecycle.keptn.sh"
	done
}

# Starts it and waits until it serves; it need not lead yet.
reconciler_start() { # NAME [FLAG...]
	local name=$1 home
	shift
	home=$(process_home "$name")
	[[ -e $home/kubeconfig ]] || process_identify "$name" promogate-reconciler
	process_start "$name" "$reconciler_program" --kubeconfig="$home/kubeconfig" \
		--metrics-listen="127.0.0.1:$(cat "$home/plain_port" 2>/dev/null || echo 0)" \
		--namespace=promogate-system --identity="$name" "$@"
}

reconciler_leads() { # NAME
	local said
	said=$(jq -Rr 'fromjson? | .msg | select(. == "leading" or . == "stopped leading")' "$(process_home "$1")/log" | tail -n 1)
	[[ $said == leading ]] && process_ready "$1"
}

# Ends it gracefully: it releases the Lease.
reconciler_stop() { # NAME
	process_runs "$1" || return 0
	process_signal "$1" TERM
	eventually process_ended "$1"
	same 0 "$(cat "$(process_home "$1")/exit")" || {
		tail -n 50 "$(process_home "$1")/log"
		return 1
	}
}

process_runs() { # NAME
	[[ -e $(process_home "$1")/pid ]] && ! process_ended "$1"
}

# Makes the reconciler "promoter" lead, with exactly these flags.
promoter_leads() { # [FLAG...]
	local home
	home=$(process_home promoter)
	if process_runs promoter && [[ $(cat "$home/flags") == "$*" ]]; then
		eventually reconciler_leads promoter
		return
	fi
	reconciler_stop promoter
	reconciler_start promoter "$@"
	printf '%s\n' "$*" >"$home/flags"
	eventually reconciler_leads promoter
}

# --- a proxy that kills a process at a chosen call (cut.py) ---------------------------------------

# Starts the proxy; the reconciler uses it from its next start.
cut_through() { # NAME
	local home
	home=$(process_home "$1")
	cut=$home/cut
	rm -rf "$cut"
	mkdir -p "$cut"
	process_identify "$1" promogate-reconciler
	python3 "$BATS_TEST_DIRNAME/cut.py" 0 "${CLUSTER_SERVER##*:}" "$cluster/pki/apiserver.crt" "$cluster/pki/apiserver.key" \
		"$CLUSTER_CA" "$cut" </dev/null >"$cut/log" 2>&1 3>&- 4>&- &
	echo $! >"$cut/pid"
	eventually test -s "$cut/port"
	sed -i "s#$CLUSTER_SERVER#https://127.0.0.1:$(cat "$cut/port")#" "$home/kubeconfig"
}

cut_end() {
	[[ ! -e ${cut-}/pid ]] || kill "$(cat "$cut/pid")"
}

# Sets what happens to PID at a later call: MODE is one of cut.py's.
cut_at() { # NUMBER MODE PID
	rm -f "$cut/fired" "$cut/go" "$cut/calls"
	echo "$@" >"$cut/plan.part"
	mv "$cut/plan.part" "$cut/plan"
}

# --- a webhook for Jobs that accepts connections and never answers --------------------------------

# The API server calls it for each Job that is created in a namespace, and rejects the Job after a while.
jobs_hang() { # NAMESPACE SECONDS
	python3 -c '
import socket, ssl, sys, threading
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
server = socket.create_server(("127.0.0.1", 0), backlog=1000)
print(server.getsockname()[1], flush=True)
def read(connection):
    with context.wrap_socket(connection, server_side=True) as tls:
        while tls.recv(65536):
            pass
while True:
    threading.Thread(target=read, args=(server.accept()[0],), daemon=True).start()
' "$cluster/pki/apiserver.crt" "$cluster/pki/apiserver.key" >"$BATS_TEST_TMPDIR/hangs.port" 2>/dev/null </dev/null 3>&- 4>&- &
	echo $! >"$BATS_TEST_TMPDIR/hangs.pid"
	eventually test -s "$BATS_TEST_TMPDIR/hangs.port"
	kubectl apply -f - <<-EOF
		apiVersion: admissionregistration.k8s.io/v1
		kind: ValidatingWebhookConfiguration
		metadata: {name: e2e-hangs}
		webhooks:
		- name: hangs.promogate.dev
		  clientConfig: {url: "https://127.0.0.1:$(cat "$BATS_TEST_TMPDIR/hangs.port")/", caBundle: $(base64 -w0 "$CLUSTER_CA")}
		  namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: "$1"}}
		  rules: [{apiGroups: [batch], apiVersions: [v1], operations: [CREATE], resources: [jobs]}]
		  failurePolicy: Fail
		  sideEffects: None
		  admissionReviewVersions: [v1]
		  timeoutSeconds: $2
	EOF
	hangs() {
		! timeout 2 kubectl create job probe -n "$1" --image=i --dry-run=server
	}
	eventually hangs "$1"
}

jobs_hang_no_more() {
	kubectl delete --ignore-not-found validatingwebhookconfiguration/e2e-hangs
	[[ ! -e $BATS_TEST_TMPDIR/hangs.pid ]] || kill "$(cat "$BATS_TEST_TMPDIR/hangs.pid")" || true
}

# --- objects ------------------------------------------------------------------------------------

# The spec of a task without retries.
once='{retries: 0, container: {name: task, image: promote}}'

# plays NAME HOW [SPEC]: a definition whose pods end HOW (hack/localcluster.d/stages.yaml). A test
# ends pods that hang with lets_end.
plays() {
	cat <<-EOF
		---
		apiVersion: lifecycle.keptn.sh/v1
		kind: KeptnTaskDefinition
		metadata: {name: $1, namespace: $ns, annotations: {promogate.dev/play: $2}}
		spec: ${3:-$once}
	EOF
}

# version NAME APP VERSION TASKS [REVISION]: a version as the operator creates it, not delivered yet
version() {
	cat <<-EOF
		---
		apiVersion: lifecycle.keptn.sh/v1
		kind: KeptnAppVersion
		metadata: {name: $1, namespace: $ns}
		spec:
		  appName: $2
		  version: "$3"
		  revision: ${5:-1}
		  promotionTasks: [$4]
		  metadata: {stage: dev}
	EOF
}

# keptn_config NAME BLOCK
keptn_config() {
	cat <<-EOF
		---
		apiVersion: options.keptn.sh/v1alpha1
		kind: KeptnConfig
		metadata: {name: $1, namespace: keptn-system}
		spec: {blockDeployment: $2}
	EOF
}

# The operator's last write with its promotion off.
deliver() { # NAME [END]
	local at=${2:-$(date -u +%FT%TZ)}
	kubectl patch -n "$ns" keptnappversion "$1" --subresource=status --type=merge -p "$(jq -nc --arg at "$at" '{status: {
		preDeploymentStatus: "Succeeded", preDeploymentEvaluationStatus: "Succeeded",
		workloadOverallStatus: "Succeeded", postDeploymentStatus: "Succeeded",
		postDeploymentEvaluationStatus: "Succeeded", promotionStatus: "Pending",
		currentPhase: "Completed", status: "Succeeded", startTime: $at, endTime: $at}}')"
}

# delivered NAME APP VERSION TASKS [REVISION]: a version, and its delivery
delivered() {
	version "$@" | kubectl create -f -
	deliver "$1"
}

# Ends the hanging pods of this task once they run.
lets_end() { # TASK HOW
	ends_now() {
		[[ $(kubectl annotate pods -n "$ns" -l "promogate.dev/task=$1" --field-selector=status.phase=Running \
			--overwrite "promogate.dev/play=$2") == *annotated* ]]
	}
	eventually ends_now "$1" "$2"
}

annotate() { # NAME ANNOTATION...
	kubectl annotate -n "$ns" keptnappversion "$1" --overwrite "${@:2}"
}

# --- outcomes -------------------------------------------------------------------------------------

# kav NAME JQ-EXPRESSION: a value of a version
kav() {
	kubectl get -n "$ns" keptnappversion "$1" -o json | jq -r "$2"
}

# promotionStatus, status and currentPhase, as in "Succeeded Succeeded Completed"
state() { # NAME
	kav "$1" '.status | "\(.promotionStatus) \(.status) \(.currentPhase)"'
}

# Waits for a promotionStatus.
promoted() { # NAME [STATE]
	kubectl wait -n "$ns" "keptnappversion/$1" --for="jsonpath={.status.promotionStatus}=${2:-Succeeded}" \
		--timeout="${patience}s" || {
		kav "$1" .status
		kubectl get -n "$ns" jobs,pods
		return 1
	}
}

has_ended() { # NAME
	[[ $(kav "$1" .status.promotionStatus) =~ ^(Succeeded|Failed|Warning|Deprecated)$ ]]
}

# "task state" of each item, sorted by task
items() { # NAME
	kav "$1" '.status.promotionTaskStatus // [] | sort_by(.definitionName)[] | "\(.definitionName) \(.status)"'
}

items_are() { # NAME "TASK STATE"...
	same "$(printf '%s\n' "${@:2}")" "$(items "$1")"
}

# The Job name in a version's item.
job_of() { # NAME TASK
	kav "$1" ".status.promotionTaskStatus // [] | .[] | select(.definitionName == \"$2\").name"
}

job() { # NAME JQ-EXPRESSION
	kubectl get -n "$ns" job "$1" -o json | jq -r "$2"
}

# "reason type" of each Event about a version, without repetitions
events() { # NAME
	kubectl get events -n "$ns" -o json |
		jq -r --arg name "$1" '.items[] | select(.involvedObject.name == $name) | "\(.reason) \(.type)"' | sort
}

# The message of an Event about a version.
event_says() { # NAME REASON
	kubectl get events -n "$ns" -o json | jq -r --arg name "$1" --arg reason "$2" \
		'.items[] | select(.involvedObject.name == $name and .reason == $reason).message'
}

# has_event NAME REASON TEXT: whether an Event about this version contains this text
has_event() {
	local said
	said=$(event_says "$1" "$2")
	printf '%s\n' "$said"
	[[ $said == *"$3"* ]]
}

# Waits until the reconciler has processed everything that was written in this namespace so far: a later
# version of another application has been promoted, and the reconciler works in order of arrival.
others_are_promoted() {
	local name=other-$RANDOM$RANDOM
	plays "$name" succeed | kubectl create -f -
	delivered "$name" "$name" 1 "$name"
	promoted "$name"
}

# --- the audit log --------------------------------------------------------------------------------

# audited JQ-EXPRESSION: values of the audit log of $ns. The last line may be incomplete.
audited() {
	grep -hF "\"namespace\":\"$ns\"" "$cluster"/audit*.log |
		jq -Rr "fromjson? | select(.stage == \"ResponseComplete\") | $1"
}

by_reconciler='select((.userAgent // "") | startswith("promogate-reconciler/"))'

# Names of all Jobs that the reconciler ever created; of one task, if given.
jobs_created() { # [TASK]
	audited 'select(.objectRef.resource == "jobs" and .verb == "create" and .responseStatus.code == 201) | .objectRef.name' |
		grep -E "^${1-.*}-[0-9]+-[a-z0-9]+\$" | sort
}

# Names of all Jobs that were ever patched: released first, and perhaps given a TTL later. A Job that
# is not committed is never patched, only deleted.
jobs_changed() { # [TASK]
	audited 'select(.objectRef.resource == "jobs" and .objectRef.subresource == null and .verb == "patch" and
		.responseStatus.code == 200) | .objectRef.name' | grep -E "^${1-.*}-[0-9]+-[a-z0-9]+\$" | sort -u
}

# Names of all Jobs that ever ran: those with a pod that was scheduled or had a status.
jobs_ran() { # [TASK]
	audited 'select(.objectRef.resource == "pods" and (.objectRef.subresource == "binding" or .objectRef.subresource == "status") and
		.responseStatus.code < 300) | .objectRef.name' | sed -E 's/-[a-z0-9]{5}$//' |
		grep -E "^${1-.*}-[0-9]+-[a-z0-9]+\$" | sort -u
}

# For each task of each version in $ns exactly one Job ever ran, the one that the item names (without
# retries); for a superseded version, none did. Other Jobs were never patched either.
all_ran_once() {
	audit_caught_up
	eventually all_ran_once_now
}

all_ran_once_now() {
	local named
	named=$(kubectl get -n "$ns" keptnappversions -o json |
		jq -r '.items[] | select(.status.promotionStatus != "Deprecated") | .spec.promotionTasks as $tasks | .status.promotionTaskStatus as $items |
			$tasks[] | . as $task | [$items[] | select(.definitionName == $task).name] | join("+")' | sort)
	same "$named" "$(jobs_ran)" && same "$named" "$(jobs_changed)"
}

# ran_once VERSION TASK...: the same for these tasks only
ran_once() {
	audit_caught_up
	eventually ran_once_now "$@"
}

ran_once_now() {
	local version=$1 task job
	shift
	for task; do
		job=$(job_of "$version" "$task")
		[[ -n $job ]] && same "$job" "$(jobs_ran "$task")" && same "$job" "$(jobs_changed "$task")" || return 1
	done
}

# Nothing is left over in $ns: every Job has run and has a TTL.
nothing_is_left_over() {
	left_over() {
		kubectl get jobs -n "$ns" -o json | jq -r '.items[] | select(.spec.suspend or .spec.ttlSecondsAfterFinished == null).metadata.name'
	}
	none_is_left() {
		left_over
		[[ -z $(left_over) ]]
	}
	eventually none_is_left
}

# The reconciler's requests in $ns: "COUNT VERB RESOURCE CODE".
calls() {
	audited "$by_reconciler | \"\(.verb) \(.objectRef.resource)\(if .objectRef.subresource then \"/\" + .objectRef.subresource else \"\" end) \(.responseStatus.code)\"" |
		sort | uniq -c | sed -E 's/^ +//'
}

# Its writes in $ns, with their status codes.
writes() {
	calls | grep -vE '^[0-9]+ (get|list|watch) ' || true
}

# The audit log may lag for a moment: waits until it has the last request.
audit_caught_up() {
	local mark=mark-$RANDOM$RANDOM
	kubectl get -n "$ns" configmap "$mark" --ignore-not-found
	eventually grep -qF "$mark" "$cluster"/audit*.log
}
