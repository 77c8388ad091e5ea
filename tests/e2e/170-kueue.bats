#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2317 # what bats and lib.bash set, and functions that are called by name
# Tasks whose definition names a queue of Kueue, beside Kueue's own controller: they wait for their
# quota after the commit, run once, and their outcomes are recorded. In a cluster of their own.

load lib
load lib-promotion
load lib-kueue

setup_file() {
	cluster_up kueue
	promotion_kinds_create
	kubectl apply -k "$root/manifests/reconciler/access"
	kueue_up
	kubectl apply -f - <<-EOF
		apiVersion: kueue.x-k8s.io/v1beta2
		kind: WorkloadPriorityClass
		metadata: {name: urgent}
		value: 1000
	EOF
	reconciler_start queuer
	eventually reconciler_leads queuer
}

setup() {
	cluster_use kueue
	namespace
}

teardown() {
	show_log queuer
	show_log kueue
	kubectl delete keptnappversions,jobs --all --all-namespaces
}

teardown_file() {
	process_kill queuer
	process_kill kueue
	cluster_use kueue
	cluster_down kueue
}

# queued NAME HOW [QUEUE]: a definition that names a queue (q), and needs one CPU
queued() {
	plays "$1" "$2" '{retries: 0, container: {name: task, image: promote, resources: {requests: {cpu: 1}}}}' |
		kubectl label --local -f - -o yaml "kueue.x-k8s.io/queue-name=${3:-q}"
	echo ---
}

by_kueue='select(.user.username == "system:serviceaccount:kueue-system:kueue-controller-manager")'

is_admitted() { # JOB
	kubectl get workloads -n "$ns" -o json | jq -e --arg job "$1" '.items[] |
		select(.metadata.ownerReferences[0].name == $job).status.conditions[] | select(.type == "Admitted" and .status == "True")'
}

# The committed Job of a task, once it has been released to its queue.
waits_in_queue() { # VERSION TASK
	eventually job_is_queued "$(job_of "$1" "$2")"
}

runs() { # VERSION TASK
	eventually job_runs "$(job_of "$1" "$2")"
}

@test "queued tasks wait for their quota after the commit, run one after the other, and are recorded" {
	queues q 1 | apply
	{
		queued a hang
		queued b hang
		plays c succeed
	} | apply
	delivered podtato-1 podtato 1.0.0 'a, b, c'
	eventually items_are podtato-1 'a Progressing' 'b Progressing' 'c Succeeded'
	one_runs() {
		local first second
		first=$(job_of podtato-1 a)
		second=$(job_of podtato-1 b)
		{ job_runs "$first" && job_is_queued "$second"; } || { job_runs "$second" && job_is_queued "$first"; }
	}
	eventually one_runs
	if job_runs "$(job_of podtato-1 a)"; then set -- a b; else set -- b a; fi
	is_admitted "$(job_of podtato-1 "$1")"
	lets_end "$1" succeed
	runs podtato-1 "$2"
	lets_end "$2" fail
	promoted podtato-1 Failed
	items_are podtato-1 "$(printf '%s\n' "$1 Succeeded" "$2 Failed" 'c Succeeded' | sort)"
	ran_in_one_pod podtato-1 a b c
	nothing_is_left_over
}

@test "Kueue resumes no Job before its commit" {
	queues q 1 | apply
	{
		queued a succeed
		queued b succeed
	} | apply
	kubectl create quota -n "$ns" jobs --hard=count/jobs.batch=1
	delivered podtato-1 podtato 1.0.0 'a, b'
	eventually has_event podtato-1 CreateTaskFailed quota
	audit_caught_up
	same '' "$(audited "$by_kueue"' | select(.objectRef.resource == "jobs" and .verb == "patch").objectRef.name')"
	kubectl delete quota -n "$ns" jobs
	promoted podtato-1
	ran_in_one_pod podtato-1 a b
}

@test "a task that Kueue preempts is left to Kueue, and runs to its end once it is resumed" {
	queues q 1 | apply
	queued a hang | apply
	delivered podtato-1 podtato 1.0.0 a
	eventually items_are podtato-1 'a Progressing'
	runs podtato-1 a
	blocker urgent q urgent | apply
	eventually job_runs urgent
	waits_in_queue podtato-1 a
	others_are_promoted
	job_is_queued "$(job_of podtato-1 a)"
	items_are podtato-1 'a Progressing'
	kubectl delete job -n "$ns" urgent
	runs podtato-1 a
	lets_end a succeed
	promoted podtato-1
	ran_once podtato-1 a
	same 2 "$(pods_created "$(job_of podtato-1 a)")"
	same "$(job_of podtato-1 a)" "$(jobs_created a)"
}

@test "a reconciler that is killed while tasks are queued continues with the same Jobs" {
	queues q 1 | apply
	queued a succeed | apply
	blocker first q | apply
	eventually job_runs first
	delivered podtato-1 podtato 1.0.0 a
	eventually items_are podtato-1 'a Progressing'
	waits_in_queue podtato-1 a
	process_kill queuer
	kubectl delete lease -n promogate-system --all
	reconciler_start queuer
	eventually reconciler_leads queuer
	others_are_promoted
	job_is_queued "$(job_of podtato-1 a)"
	kubectl delete job -n "$ns" first
	promoted podtato-1
	ran_in_one_pod podtato-1 a
	same "$(job_of podtato-1 a)" "$(jobs_created a)"
}

@test "while Kueue is down, queued tasks wait, no Job can be created, and all continues afterwards" {
	queues q 1 | apply
	{
		queued a succeed
		plays b succeed
	} | apply
	blocker first q | apply
	eventually job_runs first
	delivered podtato-1 podtato 1.0.0 a
	eventually items_are podtato-1 'a Progressing'
	waits_in_queue podtato-1 a
	process_kill kueue
	delivered other-1 other 1.0.0 b
	eventually has_event other-1 CreateTaskFailed kueue
	job_is_queued "$(job_of podtato-1 a)"
	kueue_start
	promoted other-1
	kubectl delete job -n "$ns" first
	promoted podtato-1
	ran_in_one_pod podtato-1 a
}

@test "an abort deletes a queued Job, and a retry queues a new one" {
	queues q 1 | apply
	queued a succeed | apply
	blocker first q | apply
	eventually job_runs first
	delivered podtato-1 podtato 1.0.0 a
	eventually items_are podtato-1 'a Progressing'
	waits_in_queue podtato-1 a
	annotate podtato-1 promogate.dev/abort=1
	promoted podtato-1 Failed
	items_are podtato-1 'a Failed'
	only_the_blocker() {
		same job.batch/first "$(kubectl get jobs -n "$ns" -o name)" &&
			same 1 "$(kubectl get workloads -n "$ns" -o name | wc -l)"
	}
	eventually only_the_blocker
	annotate podtato-1 promogate.dev/retry=2
	is_second() {
		[[ $(job_of podtato-1 a) == a-2-* ]]
	}
	eventually is_second
	waits_in_queue podtato-1 a
	kubectl delete job -n "$ns" first
	promoted podtato-1
	same "$(job_of podtato-1 a)" "$(jobs_ran a)"
}

@test "a version is deleted with its queued Jobs, and nothing hangs" {
	queues q 1 | apply
	queued a succeed | apply
	blocker first q | apply
	eventually job_runs first
	delivered podtato-1 podtato 1.0.0 a
	eventually items_are podtato-1 'a Progressing'
	waits_in_queue podtato-1 a
	kubectl delete keptnappversion -n "$ns" podtato-1 --timeout=60s
	gone() {
		same '' "$(kubectl get jobs -n "$ns" -l promogate.dev/task=a -o name)" &&
			same 1 "$(kubectl get workloads -n "$ns" -o name | wc -l)"
	}
	eventually gone
}

@test "queued Jobs take no room under the limit on running Jobs, and what Kueue resumes does" {
	process_kill queuer
	kubectl delete lease -n promogate-system --all
	reconciler_start queuer --max-running-jobs=1
	eventually reconciler_leads queuer
	queues q 1 | apply
	{
		queued a hang
		plays b succeed
	} | apply
	blocker first q | apply
	eventually job_runs first
	delivered podtato-1 podtato 1.0.0 a
	eventually items_are podtato-1 'a Progressing'
	waits_in_queue podtato-1 a
	delivered other-1 other 1.0.0 b
	promoted other-1
	kubectl delete job -n "$ns" first
	runs podtato-1 a
	delivered third-1 third 1.0.0 b
	eventually has_event third-1 JobLimitReached ''
	lets_end a succeed
	promoted podtato-1
	promoted third-1
	ran_in_one_pod podtato-1 a
}

@test "the time in the queue does not count for a task's timeout" {
	queues q 1 | apply
	plays a succeed '{retries: 0, timeout: 3s, container: {name: task, image: promote, resources: {requests: {cpu: 1}}}}' |
		kubectl label --local -f - -o yaml kueue.x-k8s.io/queue-name=q | apply
	blocker first q | apply
	eventually job_runs first
	delivered podtato-1 podtato 1.0.0 a
	eventually items_are podtato-1 'a Progressing'
	waits_in_queue podtato-1 a
	queued_for() { # SECONDS
		(($(date +%s) - $(date -d "$(job "$(job_of podtato-1 a)" .metadata.creationTimestamp)" +%s) > $1))
	}
	eventually queued_for 4
	items_are podtato-1 'a Progressing'
	kubectl delete job -n "$ns" first
	promoted podtato-1
	ran_in_one_pod podtato-1 a
}

# Kueue follows its queues after a moment.
kueue_sets_the_default() {
	[[ $(kubectl create job probe -n "$ns" --image=i --dry-run=server -o json |
		jq -r '.metadata.labels["kueue.x-k8s.io/queue-name"]') == default ]]
}

@test "in a namespace with a default queue, tasks wait in the queue that their definition names" {
	queues full 0 default | apply
	queues q 1 | apply
	queued a succeed | apply
	eventually kueue_sets_the_default
	delivered podtato-1 podtato 1.0.0 a
	promoted podtato-1
	same q "$(job "$(job_of podtato-1 a)" '.metadata.labels["kueue.x-k8s.io/queue-name"]')"
	ran_in_one_pod podtato-1 a
}

@test "in a namespace with a default queue, tasks without a queue run through it" {
	local cpu='{retries: 0, container: {name: task, image: promote, resources: {requests: {cpu: 1}}}}'
	queues q 1 default | apply
	{
		plays a succeed "$cpu"
		plays b fail "$cpu"
	} | apply
	eventually kueue_sets_the_default
	delivered podtato-1 podtato 1.0.0 'a, b'
	promoted podtato-1 Failed
	items_are podtato-1 'a Succeeded' 'b Failed'
	ran_once podtato-1 a b
	same default "$(job "$(job_of podtato-1 a)" '.metadata.labels["kueue.x-k8s.io/queue-name"]')"
	nothing_is_left_over
}
