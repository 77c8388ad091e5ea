#!/usr/bin/env bats
# shellcheck disable=SC2154 # what bats and lib.bash set
# Invalid reviews and hostile clients, straight at the webhook's port. It never allows what it could
# not read, and after each of them it answers as before.

load lib

setup_file() {
	shared_up
}

setup() {
	home=$(process_home main)
	pid=$(cat "$home/pid")
	url=https://127.0.0.1:$(webhook_port main)
	cd "$BATS_TEST_TMPDIR" || return
}

# The same process still answers correctly.
teardown() {
	show_log main
	[ "$(cat "$home/pid")" -eq "$pid" ]
	! process_ended main
	review '{"uid": "after"}' >after
	[ "$(post /validate after)" = 200 ]
	[ "$(jq -c .response answer)" = '{"uid":"after","allowed":true}' ]
}

# A valid review with the given JSON merged into its request.
review() { # REQUEST
	jq -cn --argjson with "$1" '{kind: "AdmissionReview", apiVersion: "admission.k8s.io/v1", request: ({
		uid: "u", operation: "CREATE", name: "podtato", namespace: "default",
		resource: {group: "lifecycle.keptn.sh", version: "v1", resource: "keptnappcontexts"},
		object: {metadata: {name: "podtato", namespace: "default"}, spec: {}}} * $with)}'
}

# Prints the HTTP status; the answer is in the file "answer".
post() { # PATH FILE [CURL-ARGUMENT...]
	curl -sS --max-time 20 --cacert "$home/tls/ca.crt" -H 'Content-Type: application/json' \
		--data-binary "@$2" -o answer -w '%{http_code}' "${@:3}" "$url$1"
}

# refused_with STATUS MESSAGE FILE [CURL-ARGUMENT...]: both webhooks reject it, with a Status
refused_with() {
	local path
	for path in /validate /mutate; do
		[ "$(post "$path" "$3" "${@:4}")" = "$1" ]
		jq -e --argjson code "$1" '.kind == "Status" and .status == "Failure" and .code == $code and (has("response") | not)' answer
		same "$2" "$(jq -r .message answer | cut -c1-200)"
	done
}

@test "a uid of 1 MiB" {
	review '{}' | jq -c --rawfile uid <(head -c 1048576 /dev/zero | tr '\0' u) '.request.uid = $uid' >body
	refused_with 400 'not an AdmissionReview: request.uid: longer than 253 bytes' body
}

@test "a hundred thousand nested brackets" {
	head -c 100000 /dev/zero | tr '\0' '[' >body
	refused_with 400 'not an AdmissionReview: JSON nested too deeply at byte 64' body
	{
		head -c 100000 /dev/zero | tr '\0' '['
		head -c 100000 /dev/zero | tr '\0' ']'
	} >value
	printf '{"request":%s}' "$(<value)" >body
	refused_with 400 'not an AdmissionReview: JSON nested too deeply at byte 74' body
}

@test "duplicate keys, at any depth" {
	review '{}' | sed 's/"spec":{}/"spec":{"promotionTasks":["a"],"promotionTasks":[]}/' >body
	refused_with 400 'not an AdmissionReview: not strict JSON: duplicate key "promotionTasks"' body
	review '{}' | sed 's/"uid":"u"/"uid":"u","uid":"v"/' >body
	refused_with 400 'not an AdmissionReview: not strict JSON: duplicate key "uid"' body
}

@test "invalid UTF-8" {
	review '{"name": "@@"}' | sed 's/@@/\xff\xfe/' >body
	refused_with 400 'not an AdmissionReview: not JSON: invalid UTF-8 at byte 111' body
	review '{"name": "@@"}' | sed 's/@@/\xed\xa0\x80/' >body
	refused_with 400 'not an AdmissionReview: not JSON: invalid UTF-8 at byte 111' body
}

@test "a zero byte, within a string and after the end" {
	review '{"name": "@@"}' | sed 's/@@/\x00/' >body
	refused_with 400 'not an AdmissionReview: not JSON: control character in a string at byte 111' body
	{
		review '{}'
		printf '\0'
	} >body
	refused_with 400 'not an AdmissionReview: not JSON: trailing data at byte 304' body
}

@test "trailing data" {
	{
		review '{}'
		review '{}'
	} >body
	refused_with 400 'not an AdmissionReview: not JSON: trailing data at byte 304' body
}

@test "an empty body, half a body, and a body that is not JSON" {
	: >body
	refused_with 400 'not an AdmissionReview: not JSON: nothing at byte 0' body
	review '{}' | head -c 100 >body
	refused_with 400 'not an AdmissionReview: not JSON: unterminated string at byte 100' body
	echo 'kind: AdmissionReview' >body
	refused_with 400 'not an AdmissionReview: not JSON: malformed number at byte 0' body
}

@test "JSON that is not a review" {
	echo '[]' >body
	refused_with 400 'not an AdmissionReview: the body: must be an AdmissionReview object, not array' body
	echo '{}' >body
	refused_with 400 'not an AdmissionReview: kind: must be "AdmissionReview"' body
	review '{}' | sed 's#k8s.io/v1"#k8s.io/v1beta1"#' >body
	refused_with 400 'not an AdmissionReview: apiVersion: must be "admission.k8s.io/v1"' body
	review '{"object": null}' >body
	refused_with 400 'not an AdmissionReview: request.object: must be an object, not null' body
	review '{"operation": "create"}' >body
	refused_with 400 'not an AdmissionReview: request.operation: must be CREATE, UPDATE, DELETE or CONNECT' body
	review '{"uid": ""}' >body
	refused_with 400 'not an AdmissionReview: request.uid: missing' body
	review '{"options": {"fieldManager": 7}}' >body
	refused_with 400 'not an AdmissionReview: request.options.fieldManager: must be a string, not number' body
}

@test "an object that no schema has seen" {
	# An API server never sends this; it is denied all the same.
	for object in '{"spec": {"promotionTasks": "a"}}' '{"spec": {"promotionTasks": [[]]}}' '{"spec": []}' \
		'{"metadata": {"annotations": []}}' '{"metadata": {"annotations": {"promogate.dev/on-failure": 7}}}'; do
		jq -cn --argjson object "$object" --argjson review "$(review '{}')" '$review | .request.object = $object' >body
		[ "$(post /validate body)" = 200 ]
		[ "$(jq -c '[.response.allowed, .response.status.code]' answer)" = '[false,422]' ]
		[ "$(post /mutate body)" = 200 ]
	done
}

@test "a key that differs in case is another key" {
	review '{"object": {"spec": {"PromotionTasks": ["a", "a"], "promotiontasks": [7]}}}' >body
	[ "$(post /validate body)" = 200 ]
	[ "$(jq -c .response answer)" = '{"uid":"u","allowed":true}' ]
	review '{}' | sed 's/"object"/"Object"/' >body
	refused_with 400 'not an AdmissionReview: request.object: must be an object, not null' body
}

@test "a body over the limit" {
	review '{}' | jq -c --rawfile x <(head -c $((7 * 1024 * 1024)) /dev/zero | tr '\0' x) '.request.object.x = $x' >body
	refused_with 413 'the body is over 7340032 bytes' body
}

@test "a body as large as the largest update" {
	review '{}' | jq -c --rawfile x <(head -c $((3 * 1024 * 1024)) /dev/zero | tr '\0' x) \
		'.request.operation = "UPDATE" | .request.object.x = $x | .request.oldObject = .request.object' >body
	[ "$(post /validate body)" = 200 ]
	[ "$(jq -c .response answer)" = '{"uid":"u","allowed":true}' ]
}

@test "a thousand faults" {
	review '{}' | jq -c '.request.object.spec.promotionTasks = [range(5000) | "Task\(.)"]' >body
	[ "$(post /validate body)" = 200 ]
	[ "$(jq -c '[.response.allowed, (.response.status.details.causes | length)]' answer)" = '[false,100]' ]
}

@test "wrong method, type and path" {
	review '{}' >body
	[ "$(post /validate body -X PUT)" = 405 ]
	same '/validate accepts POST' "$(jq -r .message answer)"
	[ "$(post /validate body -H 'Content-Type: text/plain')" = 415 ]
	same '/validate accepts a body of type application/json' "$(jq -r .message answer)"
	[ "$(post /nothing body)" = 404 ]
	[ "$(post /validate/ body)" = 404 ]
}

@test "hostile clients" {
	run -0 env HOSTILE_ADDRESS="${url#https://}" HOSTILE_CA="$home/tls/ca.crt" python3 "$root/tests/hostile/hostile.py" nested_brackets bad_json a_gibibyte_announced \
		invalid_lengths ambiguous_framing chunked bad_chunks malformed_requests wrong_path_method_or_type pipelined \
		hangs_up_early hangs_up_hard truncated_handshakes noise_instead_of_tls noise_after_the_handshake
	[[ $output != *'not ok'* ]]
}
