#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2317 # what bats and lib.bash set, and functions that are called by name
# What others write: Jobs that are forged, resumed or relabelled, and admission policies that change what
# Promogate creates (docs/security.md).

load lib
load lib-promotion

setup_file() {
	promotion_up
}

setup() {
	cluster_use promotion
	promoter_leads
	namespace
	policy=e2e-trust-$ns
}

teardown() {
	show_log promoter
	kubectl delete keptnappversions --all --all-namespaces
	kubectl delete --ignore-not-found "validatingadmissionpolicybinding/$policy" "validatingadmissionpolicy/$policy"
	unmutate
}

# Commits are rejected in $ns: to separate creation and commit.
no_commits() {
	kubectl apply -f - <<-EOF
		apiVersion: admissionregistration.k8s.io/v1
		kind: ValidatingAdmissionPolicy
		metadata: {name: "$policy"}
		spec:
		  failurePolicy: Fail
		  matchConstraints:
		    namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: "$ns"}}
		    resourceRules: [{apiGroups: [lifecycle.keptn.sh], apiVersions: ["*"], operations: [UPDATE], resources: [keptnappversions/status]}]
		  validations: [{expression: "object.status.promotionStatus != 'Progressing'", message: not yet}]
		---
		apiVersion: admissionregistration.k8s.io/v1
		kind: ValidatingAdmissionPolicyBinding
		metadata: {name: "$policy"}
		spec: {policyName: "$policy", validationActions: [Deny]}
	EOF
	refused_now() {
		! kubectl patch -n "$ns" keptnappversion "$1" --subresource=status --type=merge --dry-run=server \
			-p '{"status":{"promotionStatus":"Progressing"}}'
	}
	eventually refused_now "$1"
}

commits_again() {
	kubectl delete "validatingadmissionpolicybinding/$policy" "validatingadmissionpolicy/$policy"
}

# Waits until a commit has been tried.
tried_to_commit() {
	calls | grep -E 'patch keptnappversions/status (403|422)'
}

# mutate EXPRESSION: changes each new Job in $ns.
mutate() {
	kubectl get --raw /apis/admissionregistration.k8s.io/v1 | grep -q mutatingadmissionpolicies ||
		skip "this API server has no MutatingAdmissionPolicy"
	kubectl apply -f - <<-EOF
		apiVersion: admissionregistration.k8s.io/v1
		kind: MutatingAdmissionPolicy
		metadata: {name: "$policy"}
		spec:
		  failurePolicy: Fail
		  reinvocationPolicy: Never
		  matchConstraints:
		    namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: "$ns"}}
		    resourceRules: [{apiGroups: [batch], apiVersions: ["*"], operations: [CREATE], resources: [jobs]}]
		  mutations:
		  - patchType: ApplyConfiguration
		    applyConfiguration: {expression: '$1'}
		---
		apiVersion: admissionregistration.k8s.io/v1
		kind: MutatingAdmissionPolicyBinding
		metadata: {name: "$policy"}
		spec: {policyName: "$policy"}
	EOF
	mutates() {
		local now
		now=$(probe)
		[[ $now && $now != "$plain" ]]
	}
	eventually mutates
}

# A Job as the API server would create it; nothing if it can't at the moment.
probe() {
	kubectl create job probe -n "$ns" --image=i --dry-run=client -o json | kubectl create --dry-run=server -o json -f - |
		jq -c '[.metadata.labels["app.kubernetes.io/managed-by"], .spec.ttlSecondsAfterFinished]'
}

unmutate() {
	kubectl delete --ignore-not-found "mutatingadmissionpolicybinding/$policy" "mutatingadmissionpolicy/$policy" 2>/dev/null || true
}

# forge NAME TASK HOW: a user with the role edit creates a Job that looks like that of podtato-1.
forge() {
	local uid
	uid=$(kav podtato-1 .metadata.uid)
	kubectl create --as="system:serviceaccount:$ns:default" -f - <<-EOF
		apiVersion: batch/v1
		kind: Job
		metadata:
		  name: $1
		  namespace: $ns
		  labels: {app.kubernetes.io/managed-by: promogate}
		  ownerReferences: [{apiVersion: lifecycle.keptn.sh/v1, kind: KeptnAppVersion, name: podtato-1, uid: "$uid", controller: true}]
		spec:
		  template:
		    metadata: {annotations: {promogate.dev/play: $3}}
		    spec:
		      restartPolicy: Never
		      containers:
		      - {name: task, image: forged, env: [{name: PROMOGATE_ID, value: "$uid/$2"}, {name: KEPTN_CONTEXT, value: '{"appName":"podtato"}'}]}
	EOF
}

@test "a Job that somebody else created is not believed, whatever it says, and is deleted" {
	plays notify hang | apply
	kubectl create rolebinding edit -n "$ns" --clusterrole=edit --serviceaccount="$ns:default"
	version podtato-1 podtato 1.0.0 notify | kubectl create -f -
	forge notify-1-bcdfghjk notify succeed
	forge notify-1-bcdfghjm notify hang
	kubectl wait -n "$ns" --for=condition=Complete --timeout=60s job/notify-1-bcdfghjk
	deliver podtato-1
	promoted podtato-1 Progressing
	[[ $(job_of podtato-1 notify) != notify-1-bcdfghj[km] ]]
	kubectl wait -n "$ns" --for=delete --timeout=60s job/notify-1-bcdfghjk job/notify-1-bcdfghjm
	lets_end notify fail
	promoted podtato-1 Failed
	items_are podtato-1 'notify Failed'
}

@test "a Job that is resumed before its commit runs no pod, and runs once after it" {
	for task in a b; do plays "$task" succeed; done | apply
	version podtato-1 podtato 1.0.0 'a, b' | kubectl create -f -
	no_commits podtato-1
	deliver podtato-1
	eventually tried_to_commit
	for name in $(kubectl get jobs -n "$ns" -o name); do
		kubectl patch -n "$ns" "$name" --type=merge -p '{"spec":{"suspend":false}}'
		kubectl wait -n "$ns" --for=condition=Suspended=False --timeout=60s "$name"
	done
	same "" "$(kubectl get pods -n "$ns" -o name)"
	same '' "$(jobs_ran)"
	commits_again
	promoted podtato-1
	ran_once podtato-1 a b
	same 2 "$(jobs_created | wc -l)"
}

@test "a Job that is unlocked before its commit is not used, and another one runs" {
	plays notify hang | apply
	version podtato-1 podtato 1.0.0 notify | kubectl create -f -
	no_commits podtato-1
	deliver podtato-1
	eventually tried_to_commit
	unlocked=$(kubectl get jobs -n "$ns" -o jsonpath='{.items[0].metadata.name}')
	kubectl patch -n "$ns" job "$unlocked" --type=merge -p '{"spec":{"suspend":false,"parallelism":1}}'
	commits_again
	promoted podtato-1 Progressing
	[[ $(job_of podtato-1 notify) != "$unlocked" ]]
	kubectl wait -n "$ns" --for=delete --timeout=60s "job/$unlocked"
	lets_end notify succeed
	promoted podtato-1
}

@test "an admission policy that changes a Job's label is reported, and no Jobs pile up" {
	plays notify succeed | apply
	until plain=$(probe) && [[ $plain ]]; do sleep 0.1; done
	mutate 'Object{metadata: Object.metadata{labels: {"app.kubernetes.io/managed-by": "platform-team"}}}'
	delivered podtato-1 podtato 1.0.0 notify
	eventually has_event podtato-1 CreateTaskFailed 'an admission policy changed metadata.labels[app.kubernetes.io/managed-by]'
	for i in 1 2 3 4 5; do annotate podtato-1 "e2e/touch=$i"; done
	ns=default others_are_promoted
	no_jobs() {
		[[ -z $(kubectl get jobs -n "$ns" -o name) ]]
	}
	eventually no_jobs
	same 'Pending Succeeded Completed' "$(state podtato-1)"
	audit_caught_up
	(($(jobs_created | wc -l) <= 8))
	unmutate
	promoted podtato-1
	ran_once podtato-1 notify
}

@test "a TTL from an admission policy is removed before the Job runs" {
	plays notify hang | apply
	until plain=$(probe) && [[ $plain ]]; do sleep 0.1; done
	mutate 'Object{spec: Object.spec{ttlSecondsAfterFinished: 1}}'
	version podtato-1 podtato 1.0.0 notify | kubectl create -f -
	no_commits podtato-1
	deliver podtato-1
	eventually tried_to_commit
	same 1 "$(kubectl get jobs -n "$ns" -o jsonpath='{.items[*].spec.ttlSecondsAfterFinished}')"
	commits_again
	promoted podtato-1 Progressing
	no_ttl() {
		same 'false null' "$(job "$(job_of podtato-1 notify)" '"\(.spec.suspend) \(.spec.ttlSecondsAfterFinished)"')"
	}
	eventually no_ttl
	lets_end notify succeed
	promoted podtato-1
	items_are podtato-1 'notify Succeeded'
	ran_once podtato-1 notify
}

@test "a new leader gives back the Jobs of the former one where a quota is full of them" {
	for task in a b; do plays "$task" succeed; done | apply
	kubectl create quota full -n "$ns" --hard=count/jobs.batch=2
	counted() {
		[[ $(kubectl get quota full -n "$ns" -o jsonpath='{.status.hard.count/jobs\.batch}') == 2 ]]
	}
	eventually counted
	version podtato-1 podtato 1.0.0 'a, b' | kubectl create -f -
	no_commits podtato-1
	deliver podtato-1
	eventually tried_to_commit
	former=$(kubectl get jobs -n "$ns" -o name)
	same 2 "$(wc -l <<<"$former")"
	reconciler_stop promoter
	commits_again
	promoter_leads
	promoted podtato-1
	[[ $(kav podtato-1 '.metadata.annotations["promogate.dev/claim"]') =~ ^[0-9]+-[0-9]+$ ]]
	ran_once podtato-1 a b
	for name in $former; do
		run ! kubectl get -n "$ns" "$name"
	done
}

@test "Jobs that lose their owner or their label while they run are recorded" {
	for task in a b; do plays "$task" hang; done | apply
	delivered podtato-1 podtato 1.0.0 'a, b'
	promoted podtato-1 Progressing
	kubectl patch -n "$ns" job "$(job_of podtato-1 a)" --type=json \
		-p '[{"op": "remove", "path": "/metadata/ownerReferences/0/controller"}]'
	name=$(job_of podtato-1 b)
	kubectl patch -n "$ns" job "$name" --type=json -p '[{"op": "remove", "path": "/metadata/ownerReferences"}]'
	kubectl label -n "$ns" job "$name" app.kubernetes.io/managed-by-
	labelled() {
		same promogate "$(job "$name" '.metadata.labels["app.kubernetes.io/managed-by"]')"
	}
	eventually labelled
	for task in a b; do lets_end "$task" succeed; done
	promoted podtato-1
	items_are podtato-1 'a Succeeded' 'b Succeeded'
}
