#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2317 # what bats and lib.bash set, and functions that are called by name
# What is accepted, and each rule with the words that a person sees.

load lib

setup_file() {
	shared_up
}

setup() {
	namespace
}

teardown() {
	show_log main
}

nowhere() {
	printf 'no KeptnTaskDefinition of this name in "%s" or "keptn-system"' "$ns"
}

# Is refused because its one task, a definition with this SPEC, can't run.
cannot_run() { # SPEC WHY
	definition broken "$1" | says '' apply
	promotes podtato broken | refused "$(invalid podtato "spec.promotionTasks[0]: Invalid value: \"broken\": \
KeptnTaskDefinition \"broken\" in \"$ns\" can't run: $2")" apply
}

@test "a context whose tasks are defined is accepted without a warning" {
	definition notify | says '' apply
	says '' apply <<<"$(promotes podtato notify)"
	[[ $output == "keptnappcontext.lifecycle.keptn.sh/podtato created" ]]
}

@test "a context without tasks is accepted, and one without a spec" {
	context empty '{}' | says '' apply
	kubectl create -f - <<-EOF
		apiVersion: lifecycle.keptn.sh/v1
		kind: KeptnAppContext
		metadata: {name: bare, namespace: $ns}
	EOF
}

@test "a definition in keptn-system serves every namespace" {
	ns=keptn-system definition "shared-$BATS_TEST_NUMBER" | says '' apply
	promotes podtato "shared-$BATS_TEST_NUMBER" | says '' apply
}

@test "a definition in another namespace does not" {
	ns=default definition "elsewhere-$BATS_TEST_NUMBER" | says '' apply
	promotes podtato "elsewhere-$BATS_TEST_NUMBER" | refused "$(invalid podtato \
		"spec.promotionTasks[0]: Not found: \"elsewhere-$BATS_TEST_NUMBER\": $(nowhere); create it first, or correct the name")" apply
}

@test "in keptn-system only keptn-system is named" {
	ns=keptn-system promotes podtato nobody-has-this | refused "$(invalid podtato \
		'spec.promotionTasks[0]: Not found: "nobody-has-this": no KeptnTaskDefinition of this name in "keptn-system"; create it first, or correct the name')" apply
}

@test "PG100: a field that is not a list is refused by the kind's schema" {
	context podtato '{promotionTasks: notify}' | refused \
		'The KeptnAppContext "podtato" is invalid: spec.promotionTasks: Invalid value: "string": spec.promotionTasks in body must be of type array: "string"' \
		kubectl create --validate=false -f -
	context podtato '{promotionTasks: [7]}' | refused \
		'The KeptnAppContext "podtato" is invalid: spec.promotionTasks[0]: Invalid value: "integer": spec.promotionTasks[0] in body must be of type string: "integer"' \
		kubectl create --validate=false -f -
}

@test "D4, PG101: a task without a definition" {
	promotes podtato notify | refused "$(invalid podtato \
		"spec.promotionTasks[0]: Not found: \"notify\": $(nowhere); create it first, or correct the name")" apply
}

@test "PG101: a name that is nearly right is suggested" {
	definition open-pull-request | says '' apply
	promotes podtato open-pr | refused "$(invalid podtato \
		"spec.promotionTasks[0]: Not found: \"open-pr\": $(nowhere); did you mean \"open-pull-request\"?")" apply
}

@test "D3, PG102: a task that is listed twice" {
	definition notify | says '' apply
	promotes podtato 'notify, notify' | refused "$(invalid podtato \
		'spec.promotionTasks[1]: Duplicate value: "notify": already listed at spec.promotionTasks[0]; each task runs once per version')" apply
}

@test "PG103: a name that is not a valid object name" {
	promotes podtato Notify_All | refused "$(invalid podtato \
		'spec.promotionTasks[0]: Invalid value: "Notify_All": must be a lowercase RFC 1123 subdomain of at most 253 characters')" apply
}

@test "PG104: more tasks than --max-promotion-tasks" {
	for i in $(seq 33); do definition "task-$i"; done | says '' apply
	promotes podtato "$(seq -s, -f task-%g 32)" | says '' apply
	promotes podtato "$(seq -s, -f task-%g 33)" | refused "$(invalid podtato \
		'spec.promotionTasks: Too many: 33: must have at most 32 items; combine several tasks into one')" apply
}

@test "PG105: a definition without a runtime" {
	cannot_run '{retries: 1}' "it has no runtime: set one of container, deno, python"
}

@test "PG105: a definition with several runtimes" {
	cannot_run '{python: {inline: {code: "1"}}, deno: {inline: {code: "1"}}}' \
		"it has several runtimes: keep one of container, deno, python"
}

@test "PG105: a definition without code" {
	cannot_run '{python: {parameters: {map: {base: main}}}}' \
		"it has no code: set one of inline.code, httpRef.url, configMapRef.name, functionRef.name"
}

@test "PG105: a container without a name and an image" {
	cannot_run '{container: {name: ""}}' \
		"its container has no name: set spec.container.name; its container has no image: set spec.container.image"
}

@test "PG105: a timeout that is not a duration" {
	# Keptn's pattern takes whatever begins with a 0.
	cannot_run '{timeout: 0 minutes, container: {name: task, image: promote}}' \
		"its timeout is not a valid duration: set spec.timeout to a value such as 5m or 1h30m"
}

@test "D16, PG105: a timeout under a second" {
	cannot_run '{timeout: 999ms, container: {name: task, image: promote}}' \
		"its timeout is under a second: set spec.timeout to 1s or more"
}

@test "D24, PG105: a functionRef that does not exist" {
	cannot_run '{deno: {functionRef: {name: parent}}}' 'its functionRef "parent" does not exist: create it first, or correct the name'
}

@test "D24, PG105: a functionRef to a container" {
	definition parent | says '' apply
	cannot_run '{deno: {functionRef: {name: parent}}}' 'its functionRef "parent" is a container and has no code to reference: name a definition with code'
}

@test "D24, PG105: a functionRef in a cycle" {
	definition other '{deno: {functionRef: {name: broken}}}' | says '' apply
	definition broken '{deno: {functionRef: {name: other}}}' | says '' apply
	promotes podtato broken | refused "$(invalid podtato "spec.promotionTasks[0]: Invalid value: \"broken\": \
KeptnTaskDefinition \"broken\" in \"$ns\" can't run: the functionRef \"broken\" of \"other\" is part of a cycle: end the chain at a definition with code")" apply
}

@test "PG105: a broken definition hides a good one in keptn-system" {
	ns=keptn-system definition "hidden-$BATS_TEST_NUMBER" | says '' apply
	# Before a context uses it: after that, PG202 denies it.
	definition "hidden-$BATS_TEST_NUMBER" '{retries: 1}' | says '' apply
	eventually cache_caught_up main
	promotes podtato "hidden-$BATS_TEST_NUMBER" | refused "$(invalid podtato "spec.promotionTasks[0]: Invalid value: \
\"hidden-$BATS_TEST_NUMBER\": KeptnTaskDefinition \"hidden-$BATS_TEST_NUMBER\" in \"$ns\" can't run: \
it has no runtime: set one of container, deno, python")" apply
	says '' kubectl delete -n "$ns" keptntaskdefinition "hidden-$BATS_TEST_NUMBER"
	promotes podtato "hidden-$BATS_TEST_NUMBER" | says '' apply
}

@test "a functionRef to code, of keptn-system too, can run" {
	ns=keptn-system definition "code-$BATS_TEST_NUMBER" '{deno: {inline: {code: "1"}}}' | says '' apply
	definition child "{deno: {functionRef: {name: code-$BATS_TEST_NUMBER}}}" | says '' apply
	promotes podtato child | says '' apply
}

@test "PG106: a task of two phases is warned about" {
	definition notify | says '' apply
	context podtato '{promotionTasks: [notify], postDeploymentTasks: [notify]}' | says \
		'Warning: spec.promotionTasks[0]: Duplicate value: "notify": also listed at spec.postDeploymentTasks[0]; the task runs in both phases' apply
}

@test "PG107: a missing deployment task is warned about" {
	context podtato '{preDeploymentTasks: [check], postDeploymentTasks: [tell]}' | says \
		"Warning: spec.preDeploymentTasks[0]: Not found: \"check\": $(nowhere); create it first, or correct the name
Warning: spec.postDeploymentTasks[0]: Not found: \"tell\": $(nowhere); create it first, or correct the name" apply
}

@test "PG108: a span link that is not a traceparent is warned about" {
	context podtato '{spanLinks: [00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01, nonsense]}' | says \
		'Warning: spec.spanLinks[1]: Invalid value: "nonsense": must be a W3C traceparent: version-trace-parent-flags in lowercase hex, of 2-32-16-2 digits' apply
}

@test "PG110: an unknown blocking policy" {
	context podtato '{}' '{promogate.dev/on-failure: Abort}' | refused "$(invalid podtato \
		'metadata.annotations[promogate.dev/on-failure]: Unsupported value: "Abort": supported values: "Block", "Warn"')" apply
}

@test "all findings come at once, errors as errors and warnings as warnings" {
	definition notify | says '' apply
	context podtato '{preDeploymentTasks: [check], promotionTasks: [notify, Open_PR, notify, tag], spanLinks: [x]}' \
		'{promogate.dev/on-failure: Abort}' | refused \
		"Warning: spec.preDeploymentTasks[0]: Not found: \"check\": $(nowhere); create it first, or correct the name
Warning: spec.spanLinks[0]: Invalid value: \"x\": must be a W3C traceparent: version-trace-parent-flags in lowercase hex, of 2-32-16-2 digits
$(invalid podtato \
			'metadata.annotations[promogate.dev/on-failure]: Unsupported value: "Abort": supported values: "Block", "Warn"' \
			'spec.promotionTasks[1]: Invalid value: "Open_PR": must be a lowercase RFC 1123 subdomain of at most 253 characters' \
			'spec.promotionTasks[2]: Duplicate value: "notify": already listed at spec.promotionTasks[0]; each task runs once per version' \
			"spec.promotionTasks[3]: Not found: \"tag\": $(nowhere); create it first, or correct the name")" apply
}

@test "the answer has a Status that programs can read" {
	run curl -sS --cacert "$CLUSTER_CA" -H "Authorization: Bearer $CLUSTER_TOKEN" -H 'Content-Type: application/yaml' \
		--data-binary "$(promotes podtato 'notify, notify')" \
		"$CLUSTER_SERVER/apis/lifecycle.keptn.sh/v1/namespaces/$ns/keptnappcontexts"
	same "$(jq -S . <<-EOF
		{"apiVersion": "v1", "kind": "Status", "metadata": {}, "status": "Failure", "code": 422, "reason": "Invalid",
		"message": "admission webhook \"$validating\" denied the request: KeptnAppContext \"podtato\" is invalid:\n* spec.promotionTasks[0]: Not found: \"notify\": no KeptnTaskDefinition of this name in \"$ns\" or \"keptn-system\"; create it first, or correct the name\n* spec.promotionTasks[1]: Duplicate value: \"notify\": already listed at spec.promotionTasks[0]; each task runs once per version",
		"details": {"group": "lifecycle.keptn.sh", "kind": "KeptnAppContext", "name": "podtato", "causes": [
		{"reason": "FieldValueNotFound", "field": "spec.promotionTasks[0]", "message": "Not found: \"notify\": no KeptnTaskDefinition of this name in \"$ns\" or \"keptn-system\"; create it first, or correct the name"},
		{"reason": "FieldValueDuplicate", "field": "spec.promotionTasks[1]", "message": "Duplicate value: \"notify\": already listed at spec.promotionTasks[0]; each task runs once per version"}]}}
	EOF
	)" "$(jq -S . <<<"$output")"
}

@test "with several objects, each refusal names the webhook" {
	denial="denied the request: KeptnAppContext \"%s\" is invalid: spec.promotionTasks[0]: Not found: \"notify\": \
$(nowhere); create it first, or correct the name"
	{
		promotes first notify
		promotes second notify
	} | refused "$(for name in first second; do
		# shellcheck disable=SC2059
		printf "Error from server (Invalid): error when creating \"STDIN\": admission webhook \"$validating\" $denial\n" $name
	done)" apply
}
