#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2317 # what bats and lib.bash set, and functions that are called by name
# Updates and deletes: existing faults do not block updates, and a deletion is always allowed.

load lib

setup_file() {
	shared_up
	# An object from before the webhook, with every kind of fault.
	unregister
	export old=e2e-30-updates-old
	kubectl create namespace "$old"
	ns=$old faulty | kubectl create -f -
	ns=$old context fixed '{promotionTasks: [a, a]}' | apply
	ns=$old context deleted '{promotionTasks: [a, a]}' | apply
	ns=$old context finalized '{promotionTasks: [a, a]}' | apply
	register main
}

setup() {
	namespace
}

teardown() {
	show_log main
}

faulty() {
	context faulty '{promotionTasks: [a, a, B]}' '{promogate.dev/on-failure: Abort}'
}

missing() { # INDEX NAME NAMESPACE
	printf 'spec.promotionTasks[%s]: Not found: "%s": no KeptnTaskDefinition of this name in "%s" or "keptn-system"; create it first, or correct the name' \
		"$@"
}

twice() { # INDEX NAME
	printf 'spec.promotionTasks[%s]: Duplicate value: "%s": already listed at spec.promotionTasks[0]; each task runs once per version' "$@"
}

not_a_name() { # INDEX NAME
	printf 'spec.promotionTasks[%s]: Invalid value: "%s": must be a lowercase RFC 1123 subdomain of at most 253 characters' "$@"
}

abort='metadata.annotations[promogate.dev/on-failure]: Unsupported value: "Abort": supported values: "Block", "Warn"'

@test "a label change of an object with existing faults is allowed, with warnings" {
	warnings="Warning: $abort
Warning: $(missing 0 a "$old")
Warning: $(twice 1 a)
Warning: $(not_a_name 2 B)"
	says "$warnings" kubectl label -n "$old" keptnappcontext faulty team=a
	says "$warnings" kubectl label -n "$old" keptnappcontext faulty team-
}

@test "existing faults may move in their list" {
	says "Warning: $abort
Warning: $(not_a_name 0 B)
Warning: $(missing 1 a "$old")
Warning: spec.promotionTasks[2]: Duplicate value: \"a\": already listed at spec.promotionTasks[1]; each task runs once per version" \
		kubectl patch -n "$old" keptnappcontext faulty --type=merge -p '{"spec":{"promotionTasks":["B","a","a"]}}'
	says "Warning: $abort
Warning: $(missing 0 a "$old")
Warning: $(twice 1 a)
Warning: $(not_a_name 2 B)" \
		kubectl patch -n "$old" keptnappcontext faulty --type=merge -p '{"spec":{"promotionTasks":["a","a","B"]}}'
}

@test "a new fault is rejected, and existing faults are not in the message" {
	refused "Warning: $abort
Warning: $(missing 0 a "$old")
Warning: $(twice 1 a)
Warning: $(not_a_name 2 B)
The KeptnAppContext \"faulty\" is invalid: $(not_a_name 3 C)" \
		kubectl patch -n "$old" keptnappcontext faulty --type=merge -p '{"spec":{"promotionTasks":["a","a","B","C"]}}'
}

@test "an existing fault with another value is a new fault" {
	run --separate-stderr kubectl annotate -n "$old" keptnappcontext faulty --overwrite promogate.dev/on-failure=Retry
	[ "$status" -eq 1 ]
	[ "$(tail -n 1 <<<"$stderr")" = 'The KeptnAppContext "faulty" is invalid: metadata.annotations[promogate.dev/on-failure]: Unsupported value: "Retry": supported values: "Block", "Warn"' ]
}

@test "a repeated fault is a new fault" {
	run --separate-stderr kubectl patch -n "$old" keptnappcontext faulty --type=merge -p '{"spec":{"promotionTasks":["a","a","B","a"]}}'
	[ "$status" -eq 1 ]
	[ "$(tail -n 1 <<<"$stderr")" = "The KeptnAppContext \"faulty\" is invalid: $(twice 3 a)" ]
}

@test "a fault that was fixed cannot come back" {
	ns=$old definition good | says '' apply
	ns=$old context fixed '{promotionTasks: [good]}' | says '' apply
	ns=$old context fixed '{promotionTasks: [a, a]}' | refused "$(invalid fixed "$(missing 0 a "$old")" "$(twice 1 a)")" apply
}

@test "an object with faults can be deleted" {
	says '' kubectl delete -n "$old" keptnappcontext deleted
	refused 'Error from server (NotFound): keptnappcontexts.lifecycle.keptn.sh "deleted" not found' \
		kubectl get -n "$old" keptnappcontext deleted
}

@test "an object that is being deleted gets no new faults, and is removed despite its own" {
	says "Warning: $(missing 0 a "$old")
Warning: $(twice 1 a)" kubectl patch -n "$old" keptnappcontext finalized --type=merge -p '{"metadata":{"finalizers":["promogate.dev/test"]}}'
	says '' kubectl delete -n "$old" keptnappcontext finalized --wait=false
	# Its faults cause no warning, unless what is validated is edited.
	calls=$(metric main promogate_admission_requests_total)
	says '' kubectl label -n "$old" keptnappcontext finalized deleted=soon
	[ "$(metric main promogate_admission_requests_total)" -eq "$calls" ]
	refused "Warning: $(missing 0 a "$old")
Warning: $(twice 1 a)
The KeptnAppContext \"finalized\" is invalid: $(not_a_name 2 C)" kubectl patch -n "$old" keptnappcontext finalized \
		--type=merge -p '{"spec":{"promotionTasks":["a","a","C"]}}'
	run -1 --separate-stderr kubectl annotate -n "$old" keptnappcontext finalized promogate.dev/on-failure=Abort
	[ "$(tail -n 1 <<<"$stderr")" = "The KeptnAppContext \"finalized\" is invalid: $abort" ]
	says '' kubectl patch -n "$old" keptnappcontext finalized --type=merge -p '{"metadata":{"finalizers":null}}'
	refused 'Error from server (NotFound): keptnappcontexts.lifecycle.keptn.sh "finalized" not found' \
		kubectl get -n "$old" keptnappcontext finalized
}

@test "a status update does not call the webhook" {
	calls=$(metric main promogate_admission_requests_total)
	before=$(ns=$old stored faulty .metadata.annotations)
	says '' kubectl patch -n "$old" keptnappcontext faulty --subresource=status --type=merge -p '{"status":{"status":"seen"}}'
	[ "$(metric main promogate_admission_requests_total)" -eq "$calls" ]
	[ "$(ns=$old stored faulty .status.status)" = seen ]
	[ "$(ns=$old stored faulty .metadata.annotations)" = "$before" ]
}

@test "a context whose definition was deleted can be changed, with a warning" {
	{
		definition notify
		promotes podtato notify
	} | says '' apply
	eventually cache_caught_up main keptnappcontexts
	says "Warning: KeptnTaskDefinition \"notify\" is in use by $ns/podtato; remove the task there first" \
		kubectl delete -n "$ns" keptntaskdefinition notify
	# Waits until the webhook's watch has it too.
	relabelled() {
		kubectl label -n "$ns" keptnappcontext podtato --overwrite "n=$RANDOM$RANDOM" 2>&1 | grep Warning
	}
	eventually relabelled
	context podtato '{promotionTasks: [notify], metadata: {stage: dev}}' | says "Warning: $(missing 0 notify "$ns")" apply
	[ "$(stored podtato .spec.metadata.stage)" = dev ]
}

@test "a context is rejected once its definition is deleted" {
	{
		definition notify
		promotes podtato notify
	} | says '' apply
	kubectl delete -n "$ns" keptnappcontext/podtato keptntaskdefinition/notify
	# Waits until the webhook's watch has it too.
	refused_now() {
		! promotes podtato notify | kubectl create -f - || {
			kubectl delete -n "$ns" keptnappcontext podtato
			return 1
		}
	}
	eventually refused_now
	promotes podtato notify | refused "$(invalid podtato "$(missing 0 notify "$ns")")" apply
	definition notify | says '' apply
	promotes podtato notify | says '' apply
}

@test "a definition that was broken and fixed is seen in its current state" {
	definition notify | says '' apply
	eventually cache_caught_up main
	# Before a context uses it: after that, PG202 denies it.
	definition notify '{retries: 1}' | says '' apply
	refused_now() {
		! promotes podtato notify | kubectl create -f - || {
			kubectl delete -n "$ns" keptnappcontext podtato
			return 1
		}
	}
	eventually refused_now
	promotes podtato notify | refused "$(invalid podtato "spec.promotionTasks[0]: Invalid value: \"notify\": \
KeptnTaskDefinition \"notify\" in \"$ns\" can't run: it has no runtime: set one of container, deno, python")" apply
	# A finding that depends on another object is confirmed by a live look-up first.
	definition notify | says '' apply
	promotes podtato notify | says '' apply
}
