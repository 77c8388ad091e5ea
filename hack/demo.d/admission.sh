# shellcheck shell=bash
# The demo's first half: what is accepted, defaulted, rejected and warned about.

tell_admission() {
	local resolved='custom-columns=NAME:.metadata.name,'
	resolved+='ON-FAILURE:.metadata.annotations.promogate\.dev/resolved-on-failure'

	title "What is right is accepted, though its tasks are defined in the same moment"
	show hack/demo.d/together.yaml
	expect accepted "keptnappcontext.lifecycle.keptn.sh/podtato-head created" \
		-- kubectl apply -f hack/demo.d/together.yaml

	title "…and defaulted: it says what a failed promotion will do, unless it is told otherwise"
	expect shown 'Block' -- kubectl get keptnappcontext podtato-head -n podtato-dev -o "$resolved"
	show hack/demo.d/warn.yaml
	expect accepted configured -- kubectl apply -f hack/demo.d/warn.yaml
	expect shown 'Warn' -- kubectl get keptnappcontext podtato-head -n podtato-dev -o "$resolved"

	title "A misspelt task is rejected, with the name that was meant"
	show hack/demo.d/misspelt.yaml
	expect rejected 'spec.promotionTasks[0]: Not found: "open-pull-requst"' \
		'did you mean "open-pull-request"?' -- kubectl apply -f hack/demo.d/misspelt.yaml

	title "So is a task named twice: it runs once for each version"
	show hack/demo.d/twice.yaml
	expect rejected 'spec.promotionTasks[2]: Duplicate value: "open-pull-request"' \
		-- kubectl apply -f hack/demo.d/twice.yaml

	title "So is a task whose definition could never run"
	show hack/demo.d/cannot-run.yaml
	expect rejected 'keptntaskdefinition.lifecycle.keptn.sh/tag-release created' \
		'spec.promotionTasks[0]: Invalid value: "tag-release"' \
		-- kubectl apply -f hack/demo.d/cannot-run.yaml

	title "So is a blocking policy that does not exist"
	show hack/demo.d/bad-policy.yaml
	expect rejected 'metadata.annotations[promogate.dev/on-failure]: Unsupported value: "Abort"' \
		'"Block", "Warn"' -- kubectl apply -f hack/demo.d/bad-policy.yaml

	title "Everything that is wrong is said at once, not one fault for each attempt"
	show hack/demo.d/everything.yaml
	expect rejected 'promotionTasks[0]: Not found' 'promotionTasks[2]: Invalid value' \
		'promotionTasks[3]: Invalid value' 'promotionTasks[4]: Duplicate value' \
		'Unsupported value: "Abort"' -- kubectl apply -f hack/demo.d/everything.yaml

	title "A missing definition may still come: a dry run warns"
	show hack/demo.d/early.yaml
	expect warned 'Not found: "scan-image"' \
		-- kubectl apply --dry-run=server -f hack/demo.d/early.yaml

	title "…and so it does where Flux, Argo CD or Helm decide what is applied first"
	expect warned 'Not found: "scan-image"' -- kubectl apply --server-side \
		--field-manager=kustomize-controller -f hack/demo.d/early.yaml

	title "A fault that was there before does not hold up a change of something else"
	expect warned labeled -- kubectl label keptnappcontext podtato-api -n podtato-dev team=blue
}
