#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2317 # what bats and lib.bash set, and functions that are called by name
# The promotion tasks that a policy gives to contexts which name none: who writes them, whose they
# are, and that no client sees a difference that it would correct.

load lib

setup_file() {
	shared_up
}

setup() {
	namespace
	{
		definition tag
		definition notify
	} | apply
}

teardown() {
	show_log main
	kubectl delete promotionpolicy --all
	is_called main || register main
}

# gives TASKS [SPEC]: the policy of the namespace $ns, and the webhook knows it
gives() {
	kubectl apply -f - <<-EOF
		apiVersion: promogate.dev/v1alpha1
		kind: PromotionPolicy
		metadata: {name: $ns}
		spec:
		  namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: $ns}}
		  validationActions: [Deny]
		  promotionTasks: {default: [$1]}
		  ${2-}
	EOF
	eventually would_be "$1"
}

# What a context without a list would get now.
would_be() { # TASKS
	[[ $(context probe '{}' | kubectl create --dry-run=server -o json -f - | tasks_of) == "$1" ]]
}

knows_policies() {
	[[ $(metric main promogate_cache_objects 'resource="promotionpolicies"') -eq 1 ]]
}

tasks_of() {
	jq -r '.spec.promotionTasks | if . then join(", ") else "null" end'
}

tasks() { # NAME
	kubectl get keptnappcontext -n "$ns" "$1" -o json | tasks_of
}

mark() { # NAME
	stored "$1" '.metadata.annotations["promogate.dev/defaulted-tasks"]'
}

version() { # NAME
	stored "$1" .metadata.resourceVersion
}

# Each client, with its real field manager and its real type of patch. apply_as CLIENT [FLAG...]
apply_as() {
	local client=$1
	shift
	case $client in
	kubectl) kubectl apply "$@" ;;
	server-side) kubectl apply --server-side "$@" ;;
	# Flux: server-side apply, and it takes over what others own.
	flux) kubectl apply --server-side --field-manager=kustomize-controller --force-conflicts "$@" ;;
	# Argo CD: kubectl's three-way merge patch under its own name.
	argocd) kubectl apply --field-manager=argocd-controller "$@" ;;
	esac
}

# What the client would change. diff_as CLIENT FILE
diff_as() {
	case $1 in
	kubectl) kubectl diff -f "$2" ;;
	server-side) kubectl diff --server-side -f "$2" ;;
	flux) kubectl diff --server-side --field-manager=kustomize-controller --force-conflicts -f "$2" ;;
	argocd) kubectl diff --field-manager=argocd-controller -f "$2" ;;
	esac
}

# The client applies it again and again: nothing is written, and it sees no difference.
is_at_rest() { # CLIENT FILE
	local before
	before=$(version podtato)
	for _ in 1 2; do
		says '' apply_as "$1" -f "$2"
	done
	same "$before" "$(version podtato)"
	run -0 diff_as "$1" "$2"
}

# The whole life of a default with one client.
has_no_drift() { # CLIENT
	local client=$1 file=$BATS_TEST_TMPDIR/podtato before
	gives tag
	context podtato '{metadata: {a: b}}' '{team: one}' >"$file"
	says '' apply_as "$client" -f "$file"
	same "tag $ns" "$(tasks podtato) $(mark podtato)"
	is_at_rest "$client" "$file"

	# Nothing is written automatically; the next write gets the new default.
	before=$(version podtato)
	gives 'tag, notify'
	same "$before" "$(version podtato)"
	context podtato '{metadata: {a: b}}' '{team: two}' >"$file"
	says '' apply_as "$client" -f "$file"
	same "tag, notify $ns" "$(tasks podtato) $(mark podtato)"
	is_at_rest "$client" "$file"

	# A person edits the list: it is theirs.
	kubectl patch keptnappcontext -n "$ns" podtato --type=merge -p '{"spec":{"promotionTasks":["notify"]}}'
	same "notify null" "$(tasks podtato) $(mark podtato)"
	is_at_rest "$client" "$file"
	same "notify null" "$(tasks podtato) $(mark podtato)"
	gives tag
	context podtato '{metadata: {a: b}}' '{team: three}' >"$file"
	says '' apply_as "$client" -f "$file"
	same "notify null" "$(tasks podtato) $(mark podtato)"
}

@test "no drift with kubectl's client-side apply" {
	has_no_drift kubectl
}

@test "no drift with server-side apply" {
	has_no_drift server-side
}

@test "no drift with Flux" {
	has_no_drift flux
}

@test "no drift with Argo CD" {
	has_no_drift argocd
}

@test "an author who writes the list with each client keeps it" {
	local client
	gives tag
	for client in kubectl server-side flux argocd; do
		context "$client" '{metadata: {a: b}}' | says '' apply_as "$client" -f -
		same "tag $ns" "$(tasks "$client") $(mark "$client")"
		promotes "$client" notify | says '' apply_as "$client" -f -
		same "notify null" "$(tasks "$client") $(mark "$client")"
		# Without the list again, it gets the default again.
		context "$client" '{}' | says '' apply_as "$client" -f -
		same "tag $ns" "$(tasks "$client") $(mark "$client")"
	done
}

@test "a replacement without list and mark changes nothing" {
	local before
	gives tag
	context podtato '{metadata: {a: b}}' | kubectl create -f -
	before=$(version podtato)
	context podtato '{metadata: {a: b}}' | says '' kubectl replace -f -
	same "tag $ns" "$(tasks podtato) $(mark podtato)"
	same "$before" "$(version podtato)"
}

@test "what no policy gives any more is removed by the next write" {
	gives tag
	context podtato '{}' | says '' apply
	context empty '{promotionTasks: []}' | says '' apply
	kubectl delete promotionpolicy "$ns"
	eventually would_be null
	same "tag $ns" "$(tasks podtato) $(mark podtato)"
	kubectl label -n "$ns" keptnappcontext podtato a=b
	same "null null" "$(tasks podtato) $(mark podtato)"
	same " null" "$(tasks empty) $(mark empty)"
}

@test "a forged mark makes no list Promogate's" {
	gives tag
	context podtato '{promotionTasks: [notify]}' '{promogate.dev/defaulted-tasks: prod}' | says '' apply --server-side
	same "notify null" "$(tasks podtato) $(mark podtato)"
	kubectl annotate -n "$ns" keptnappcontext podtato "promogate.dev/defaulted-tasks=$ns"
	same "notify null" "$(tasks podtato) $(mark podtato)"
}

@test "whoever removes the mark keeps the list" {
	gives tag
	context podtato '{}' | says '' apply
	kubectl annotate -n "$ns" keptnappcontext podtato promogate.dev/defaulted-tasks-
	gives notify
	kubectl label -n "$ns" keptnappcontext podtato a=b
	same "tag null" "$(tasks podtato) $(mark podtato)"
}

@test "a namespace gets its default together with its first context" {
	local first=$ns-first
	kubectl apply -f - <<-EOF
		apiVersion: promogate.dev/v1alpha1
		kind: PromotionPolicy
		metadata: {name: $ns}
		spec:
		  namespaceSelector: {matchLabels: {stage: $ns}}
		  validationActions: [Deny]
		  promotionTasks: {default: [tag]}
	EOF
	eventually knows_policies
	{
		printf '{apiVersion: v1, kind: Namespace, metadata: {name: %s, labels: {stage: %s}}}\n' "$first" "$ns"
		ns=$first definition tag
		ns=$first context podtato '{}'
	} | says '' apply
	same "tag $ns" "$(ns=$first tasks podtato) $(ns=$first mark podtato)"
}

@test "what a failed task means follows the policies, for each task where they differ" {
	gives 'tag, notify' 'onFailure: {tasks: [{names: [notify*], default: Warn}]}'
	context podtato '{}' | says '' apply
	[ "$(resolved podtato)" = 'tag=Block,notify=Warn' ]
	promotes podtato notify | says '' apply
	[ "$(resolved podtato)" = Warn ]
	context podtato '{promotionTasks: [notify]}' '{promogate.dev/on-failure: Block}' | says '' apply
	[ "$(resolved podtato)" = Block ]
}

@test "where /mutate was not asked, a default that is missing is not stored" {
	gives tag
	kubectl delete mutatingwebhookconfiguration promogate
	unmutated() {
		[[ $(promotes probe tag | kubectl create --dry-run=server -o json -f - | jq .metadata.annotations) == null ]]
	}
	eventually unmutated
	run -1 apply < <(context podtato '{}')
	[[ $output == *'defaults were not written, try again'* ]]
	run -1 apply --dry-run=server < <(context podtato '{}')
	[[ $output == *'defaults were not written, try again'* ]]
	promotes podtato tag | says '' apply
	run -1 kubectl patch keptnappcontext -n "$ns" podtato --type=merge -p '{"spec":{"promotionTasks":null}}'
	[[ $output == *'defaults were not written, try again'* ]]
	register main
	context podtato '{}' | says '' apply
	same "tag $ns" "$(tasks podtato) $(mark podtato)"
}
