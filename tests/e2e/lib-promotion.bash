# shellcheck shell=bash disable=SC2034,SC2154
# What the tests of promotion share, on top of lib.bash: a control plane with reconcilers beside it,
# versions that are delivered as Keptn's operator does it, tasks that end as a test wants them to,
# and what the API server's audit log says of it all.
#
#   PROMOGATE_RECONCILER=FILE     the program under test (build/release/promogate-reconciler)

reconciler_program=$(realpath "${PROMOGATE_RECONCILER:-$root/build/release/promogate-reconciler}")
reconciler_user=system:serviceaccount:promogate-system:promogate-reconciler

# --- control plane and reconcilers ----------------------------------------------------------------

# The control plane that these files share, and in it the reconciler "promoter", leading, as the file
# before left it. What other files' reconcilers were told by flags is over.
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

# Until it serves; whether it leads is another question.
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

# Lets go of the Lease, and ends in good order.
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

# The reconciler "promoter" leads, with these flags and no others.
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

# --- a proxy that ends somebody at a chosen call (cut.py) -----------------------------------------

# Starts it, and lets this reconciler go through it from its next start on.
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

# Ends PID at a call that is yet to come: MODE is one of cut.py's.
cut_at() { # NUMBER MODE PID
	rm -f "$cut/fired" "$cut/go" "$cut/calls"
	echo "$@" >"$cut/plan.part"
	mv "$cut/plan.part" "$cut/plan"
}

# --- objects ------------------------------------------------------------------------------------

# The spec of a task that is tried once.
once='{retries: 0, container: {name: task, image: promote}}'

# plays NAME HOW [SPEC]: a definition whose pods end so (hack/localcluster.d/stages.yaml). Of what
# hangs, a test says when it ends: lets_end.
plays() {
	cat <<-EOF
		---
		apiVersion: lifecycle.keptn.sh/v1
		kind: KeptnTaskDefinition
		metadata: {name: $1, namespace: $ns, annotations: {promogate.dev/play: $2}}
		spec: ${3:-$once}
	EOF
}

# version NAME APP VERSION TASKS [REVISION]: as the operator makes it, not delivered yet
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

# The operator's last write, where it does not promote itself.
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

# Ends what hangs, once it runs: the pods of this task.
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

# What a version is like: kav NAME JQ-EXPRESSION
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
		--timeout="${E2E_PATIENCE:-60}s" || {
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

# The name of the Job that a version's item names.
job_of() { # NAME TASK
	kav "$1" ".status.promotionTaskStatus // [] | .[] | select(.definitionName == \"$2\").name"
}

job() { # NAME JQ-EXPRESSION
	kubectl get -n "$ns" job "$1" -o json | jq -r "$2"
}

# "reason type" of each Event about a version, once
events() { # NAME
	kubectl get events -n "$ns" -o json |
		jq -r --arg name "$1" '.items[] | select(.involvedObject.name == $name) | "\(.reason) \(.type)"' | sort
}

# What an Event about a version says.
event_says() { # NAME REASON
	kubectl get events -n "$ns" -o json | jq -r --arg name "$1" --arg reason "$2" \
		'.items[] | select(.involvedObject.name == $name and .reason == $reason).message'
}

# has_event NAME REASON TEXT: an Event about this version says this
has_event() {
	local said
	said=$(event_says "$1" "$2")
	printf '%s\n' "$said"
	[[ $said == *"$3"* ]]
}

# Whatever was to be done in this namespace about what was written until now has been done, or waits
# for something: a later version of another application has been promoted. The reconciler takes
# things in the order in which they come.
others_are_promoted() {
	local name=other-$RANDOM$RANDOM
	plays "$name" succeed | kubectl create -f -
	delivered "$name" "$name" 1 "$name"
	promoted "$name"
}

# --- the audit log --------------------------------------------------------------------------------

# What was asked in $ns: audited JQ-EXPRESSION. The last line may be half written.
audited() {
	grep -hF "\"namespace\":\"$ns\"" "$cluster"/audit*.log |
		jq -Rr "fromjson? | select(.stage == \"ResponseComplete\") | $1"
}

by_reconciler='select((.userAgent // "") | startswith("promogate-reconciler/"))'

# Names of the Jobs that were ever created, by the reconciler; of a task, where one is named.
jobs_created() { # [TASK]
	audited 'select(.objectRef.resource == "jobs" and .verb == "create" and .responseStatus.code == 201) | .objectRef.name' |
		grep -E "^${1-.*}-[0-9]+-[a-z0-9]+\$" | sort
}

# Names of the Jobs that were ever changed: unsuspended first, and perhaps given a TTL later. What is
# not committed is never changed, only deleted.
jobs_changed() { # [TASK]
	audited 'select(.objectRef.resource == "jobs" and .objectRef.subresource == null and .verb == "patch" and
		.responseStatus.code == 200) | .objectRef.name' | grep -E "^${1-.*}-[0-9]+-[a-z0-9]+\$" | sort -u
}

# Names of the Jobs that ever ran: which had a pod that was given to a node, or played by it.
jobs_ran() { # [TASK]
	audited 'select(.objectRef.resource == "pods" and (.objectRef.subresource == "binding" or .objectRef.subresource == "status") and
		.responseStatus.code < 300) | .objectRef.name' | sed -E 's/-[a-z0-9]{5}$//' |
		grep -E "^${1-.*}-[0-9]+-[a-z0-9]+\$" | sort -u
}

# Of each task of each version in $ns exactly one Job ever ran, and it is the one that the item
# names, where nobody retries; of a version that is retired none did. Another was never changed
# either, let alone unsuspended.
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

# ran_once VERSION TASK...: the same of these tasks, whatever else there is
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

# Nothing is left over in $ns: every Job has run and may be collected.
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

# What the reconciler asked in $ns, how often: "COUNT VERB RESOURCE CODE".
calls() {
	audited "$by_reconciler | \"\(.verb) \(.objectRef.resource)\(if .objectRef.subresource then \"/\" + .objectRef.subresource else \"\" end) \(.responseStatus.code)\"" |
		sort | uniq -c | sed -E 's/^ +//'
}

# What it wrote in $ns, with which outcome.
writes() {
	calls | grep -vE '^[0-9]+ (get|list|watch) ' || true
}

# What the audit log is to say may come a moment later: until it says what was asked last.
audit_caught_up() {
	local mark=mark-$RANDOM$RANDOM
	kubectl get -n "$ns" configmap "$mark" --ignore-not-found
	eventually grep -qF "$mark" "$cluster"/audit*.log
}
