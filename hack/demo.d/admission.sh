# shellcheck shell=bash
# The demo's first half: what the webhook accepts, defaults, rejects and warns about.

show_admission() {
	local resolved='custom-columns=NAME:.metadata.name,'
	resolved+='ON-FAILURE:.metadata.annotations.promogate\.dev/resolved-on-failure'

	title "A valid context is accepted, even if its tasks are created at the same moment"
	show hack/demo.d/together.yaml
	expect accepted "keptnappcontext.lifecycle.keptn.sh/podtato-head created" \
		-- kubectl apply -f hack/demo.d/together.yaml

	title "…and defaulted: an annotation says what a failed promotion will do"
	expect shown 'Block' -- kubectl get keptnappcontext podtato-head -n podtato-dev -o "$resolved"
	show hack/demo.d/warn.yaml
	expect accepted configured -- kubectl apply -f hack/demo.d/warn.yaml
	expect shown 'Warn' -- kubectl get keptnappcontext podtato-head -n podtato-dev -o "$resolved"

	title "A misspelt task is rejected, with a suggestion"
	show hack/demo.d/misspelt.yaml
	expect rejected 'spec.promotionTasks[0]: Not found: "open-pull-requst"' \
		'did you mean "open-pull-request"?' -- kubectl apply -f hack/demo.d/misspelt.yaml

	title "A task listed twice is rejected: each task runs once per version"
	show hack/demo.d/twice.yaml
	expect rejected 'spec.promotionTasks[2]: Duplicate value: "open-pull-request"' \
		-- kubectl apply -f hack/demo.d/twice.yaml

	title "A task whose definition can never run is rejected"
	show hack/demo.d/cannot-run.yaml
	expect rejected 'keptntaskdefinition.lifecycle.keptn.sh/tag-release created' \
		'spec.promotionTasks[0]: Invalid value: "tag-release"' \
		-- kubectl apply -f hack/demo.d/cannot-run.yaml

	title "An unknown blocking policy is rejected"
	show hack/demo.d/bad-policy.yaml
	expect rejected 'metadata.annotations[promogate.dev/on-failure]: Unsupported value: "Abort"' \
		'"Block", "Warn"' -- kubectl apply -f hack/demo.d/bad-policy.yaml

	title "All errors are reported at once, not one per attempt"
	show hack/demo.d/everything.yaml
	expect rejected 'promotionTasks[0]: Not found' 'promotionTasks[2]: Invalid value' \
		'promotionTasks[3]: Invalid value' 'promotionTasks[4]: Duplicate value' \
		'Unsupported value: "Abort"' -- kubectl apply -f hack/demo.d/everything.yaml

	title "A definition may still be created later: a dry run warns"
	show hack/demo.d/early.yaml
	expect warned 'Not found: "scan-image"' \
		-- kubectl apply --dry-run=server -f hack/demo.d/early.yaml

	title "…and so does an apply by Flux, Argo CD or Helm, which decide the order themselves"
	expect warned 'Not found: "scan-image"' -- kubectl apply --server-side \
		--field-manager=kustomize-controller -f hack/demo.d/early.yaml

	title "An existing fault does not block an unrelated update"
	expect warned labeled -- kubectl label keptnappcontext podtato-api -n podtato-dev team=blue
}
