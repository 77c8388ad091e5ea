#!/usr/bin/env bats
# shellcheck disable=SC2154 # what bats and lib.bash set
# What both programs asked of the API servers of all files before this one, which is the last, and what
# their roles grant.

load lib

setup_file() {
	shopt -s nullglob
	running=("$E2E_DIR"/clusters/*/audit.log)
	logs=("${running[@]}" "$E2E_DIR"/audit/*.log)
	((${#running[@]} > 0)) || return 0
	printf '%s\n' "${logs[@]}" >"$BATS_FILE_TMPDIR/logs"
	cluster_use "$(basename "$(dirname "${running[0]}")")"
	# In a namespace that another file may not have created.
	kubectl apply -k "$root/manifests/reconciler/access"
	kubectl apply -f "$root/manifests/certificates/roles.yaml"
	kubectl get -o json -f "$root/manifests/webhook/access/rbac.yaml" -f "$root/manifests/reconciler/access/rbac.yaml" \
		-f "$root/manifests/certificates/roles.yaml" >"$BATS_FILE_TMPDIR/roles.json"
}

setup() {
	roles=$BATS_FILE_TMPDIR/roles.json
	[[ -s $roles ]] || skip "needs the audit logs of other files: bats tests/e2e"
	mapfile -t logs <"$BATS_FILE_TMPDIR/logs"
}

rights() { # [--all-used] ROLES
	python3 -B "$BATS_TEST_DIRNAME/rights.py" "$@" "${logs[@]}"
}

changed() { # JQ-EXPRESSION: the roles with one change
	jq "$1" "$roles" >"$BATS_TEST_TMPDIR/changed.json"
	printf '%s\n' "$BATS_TEST_TMPDIR/changed.json"
}

@test "a request that no role grants is found, and a right that is too wide" {
	run -1 rights "$(changed '(.items[].rules[]? | select(.resources == ["namespaces"]).verbs) -= ["watch"]')"
	[[ $output == *"watch   namespaces"*"NOT GRANTED"* ]]
	run -1 rights "$(changed '(.items[] | select(.kind == "ClusterRole")).rules += [{apiGroups: [""], resources: ["secrets"], verbs: ["get"]}]')"
	[[ $output == *"get     secrets"*"any namespace"*"TOO WIDE"* ]]
	run -1 rights "$(changed '(.items[] | select(.kind == "ClusterRole")).rules += [{apiGroups: ["batch"], resources: ["jobs"], verbs: ["*"]}]')"
	[[ $output == *"jobs.batch"*"TOO WIDE"* ]]
	run -1 rights --all-used "$(changed '(.items[] | select(.kind == "ClusterRole")).rules += [{apiGroups: ["batch"], resources: ["cronjobs"], verbs: ["get"]}]')"
	[[ $output == *"get     cronjobs.batch"*"NOT USED"* ]]
}

@test "the roles grant what the programs ask for, and nothing else" {
	only=()
	# Other runs do not use every right.
	[[ $BATS_SUITE_TEST_NUMBER != "$(bats --count "$BATS_TEST_DIRNAME")" ]] || only=(--all-used)
	run rights "${only[@]}" "$roles"
	printf '# %s\n' "${lines[@]}" >&3
	[[ $status -eq 0 ]]
}
