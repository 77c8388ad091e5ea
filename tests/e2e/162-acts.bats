#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2317 # what bats and lib.bash set, and functions that are called by name
# manifests/acts: who may retry and abort promotions, decided by the API server.

load lib
load lib-promotion

setup_file() {
	promotion_up
	kubectl apply -k "$root/manifests/acts"
}

teardown_file() {
	cluster_use promotion
	kubectl delete -k "$root/manifests/acts"
}

# jane may retry; abel may abort; both may write versions.
setup() {
	cluster_use promotion
	namespace
	kubectl create rolebinding jane -n "$ns" --clusterrole=promogate-retry --user=jane
	kubectl create rolebinding abel -n "$ns" --clusterrole=promogate-abort --user=abel
	version cart-1 cart 1 '' | kubectl create -f -
	eventually is_in_force
}

as() { # USER ANNOTATION...
	kubectl annotate -n "$ns" keptnappversion cart-1 --overwrite --as="$1" "${@:2}"
}

is_in_force() {
	! as abel promogate.dev/retry=9 --dry-run=server && as jane promogate.dev/retry=9 --dry-run=server &&
		as abel promogate.dev/abort=9 --dry-run=server
}

denied() { # USER ACT
	printf '%s' "Error from server (Forbidden): keptnappversions.lifecycle.keptn.sh \"cart-1\" is forbidden: " \
		"ValidatingAdmissionPolicy 'promogate-acts' with binding 'promogate-acts' denied request: " \
		"user \"$1\" cannot change the annotation promogate.dev/$2 in the namespace \"$ns\": " \
		"this requires the verb \"$2\" on keptnappversions.lifecycle.keptn.sh"
}

@test "each act takes its verb; the denial names the person, the act and the verb" {
	refused "$(denied abel retry)" as abel promogate.dev/retry=1
	refused "$(denied jane abort)" as jane promogate.dev/abort=1
	as jane promogate.dev/retry=1
	as abel promogate.dev/abort=1
	same '1 1' "$(kav cart-1 '.metadata.annotations | "\(.["promogate.dev/retry"]) \(.["promogate.dev/abort"])"')"
}

@test "removing an act takes its verb too, and what is not an act takes none" {
	as jane promogate.dev/retry=1
	refused "$(denied abel retry)" as abel promogate.dev/retry-
	as abel team=shop promogate.dev/retry=1
	as jane promogate.dev/retry-
	kubectl label -n "$ns" keptnappversion cart-1 --as=abel team=shop
}

@test "a version cannot be created with an act that its author may not do" {
	kubectl create role author -n "$ns" --verb=create --resource=keptnappversions.lifecycle.keptn.sh
	kubectl create rolebinding author -n "$ns" --role=author --user=jane --user=abel
	with_act() { # USER
		version cart-2 cart 2 '' | sed 's/metadata: {name: cart-2/&, annotations: {promogate.dev\/retry: "1"}/' |
			kubectl create --as="$1" --dry-run=server -f -
	}
	eventually with_act jane
	run -1 with_act abel
	[[ $output == *'requires the verb "retry"'* ]]
}

@test "kubectl auth can-i answers" {
	kubectl auth can-i retry keptnappversions -n "$ns" --as=jane
	run ! kubectl auth can-i abort keptnappversions -n "$ns" --as=jane
	run ! kubectl auth can-i retry keptnappversions -n default --as=jane
	kubectl auth can-i abort keptnappversions -n "$ns" --as=abel
}

@test "the audit log has the act, and the denial" {
	as jane promogate.dev/retry=7
	run as abel promogate.dev/retry=8
	audit_caught_up
	of() { # USER
		audited "select(.impersonatedUser.username == \"$1\" and .objectRef.name == \"cart-1\" and
			(.requestURI | contains(\"dryRun\") | not) and .verb == \"patch\") | .annotations |
			\"\\(.[\"promogate-acts/retry\"]) \\(has(\"validation.policy.admission.k8s.io/validation_failure\"))\""
	}
	eventually same '7 false' "$(of jane)"
	same '8 true' "$(of abel)"
}

@test "Promogate and Keptn's operator are not hindered" {
	promoter_leads
	plays notify succeed | apply
	delivered shop-1 shop 1 notify
	promoted shop-1
	kubectl get -n "$ns" keptnappversion shop-1 -o json |
		jq '.metadata.annotations.team = "shop"' | kubectl replace -f -
}
