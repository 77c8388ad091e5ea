#include "admission/rules.h"

#include "base/mem.h"

/* Pieces of the examples. */
#define CONTEXT                                                                                    \
	"apiVersion: lifecycle.keptn.sh/v1\n"                                                      \
	"kind: KeptnAppContext\n"                                                                  \
	"metadata: {name: podtato-head, namespace: podtato-dev}\n"

#define PROMOTES(tasks) CONTEXT "spec:\n  promotionTasks: " tasks "\n"

#define CONTEXT_ON_FAILURE(value)                                                                  \
	"apiVersion: lifecycle.keptn.sh/v1\n"                                                      \
	"kind: KeptnAppContext\n"                                                                  \
	"metadata:\n"                                                                              \
	"  name: podtato-head\n"                                                                   \
	"  namespace: podtato-dev\n"                                                               \
	"  annotations: {promogate.dev/on-failure: " value "}\n"

#define DEFINITION_IN(namespace, name)                                                             \
	"---\n"                                                                                    \
	"apiVersion: lifecycle.keptn.sh/v1\n"                                                      \
	"kind: KeptnTaskDefinition\n"                                                              \
	"metadata: {name: " name ", namespace: " namespace "}\n"                                   \
							   "spec:\n"

#define DEFINITION(name)        DEFINITION_IN("podtato-dev", name)
#define SHARED_DEFINITION(name) DEFINITION_IN("keptn-system", name)

#define POLICY(settings)                                                                           \
	"---\n"                                                                                    \
	"apiVersion: promogate.dev/v1alpha1\n"                                                     \
	"kind: PromotionPolicy\n"                                                                  \
	"metadata: {name: production}\n"                                                           \
	"spec:\n"                                                                                  \
	"  namespaceSelector: {}\n"                                                                \
	"  validationActions: [Deny]\n" settings

#define ONE_POLICY(selector, settings)                                                             \
	"apiVersion: promogate.dev/v1alpha1\n"                                                     \
	"kind: PromotionPolicy\n"                                                                  \
	"metadata: {name: production}\n"                                                           \
	"spec:\n"                                                                                  \
	"  namespaceSelector: " selector "\n"                                                      \
	"  validationActions: [Audit]\n" settings

#define CONTAINER "  container: {name: task, image: podtato-head/promote:v1}\n"

#define OPEN_PULL_REQUEST DEFINITION("open-pull-request") CONTAINER

#define AUDIT_TRAIL SHARED_DEFINITION("audit-trail") CONTAINER

#define ALSO_PROMOTES(tasks) "---\n" PROMOTES(tasks)

#define DELETES "# kubectl delete keptntaskdefinition open-pull-request -n podtato-dev\n"

#define USED_BY_ANOTHER_OBJECT                                                                     \
	"only a warning on a dry run, and for GitOps engines, which decide the order of objects "  \
	"(`--lenient-managers`, `--lenient-users`; a deletion has no manager)"

#define DEPENDS_ON_ANOTHER_OBJECT                                                                  \
	"only a warning on a dry run, and for GitOps engines, which apply a context before the "   \
	"definitions that it names (`--lenient-managers`, `--lenient-users`)"

/* Prose and YAML, wrapped by hand. */
/* clang-format off */
static const struct rule rules[RULE_COUNT] = {
	[PG100] = {
		.id = "PG100",
		.severity = SEVERITY_ERROR,
		.finds = "a field whose type differs from Keptn's CRD",
		.why = "A field of another type cannot be validated, so the request is denied. Where "
		       "Keptn's own CRDs are installed, the API server rejects such a field itself.",
		.rejected = PROMOTES("open-pull-request") OPEN_PULL_REQUEST,
		.fixed = PROMOTES("[open-pull-request]") OPEN_PULL_REQUEST,
	},
	[PG101] = {
		.id = "PG101",
		.severity = SEVERITY_ERROR,
		.softened = DEPENDS_ON_ANOTHER_OBJECT,
		.finds = "a promotion task without a KeptnTaskDefinition in the context's namespace or "
			 "in Keptn's",
		.why = "The promotion would wait for a task that does not exist, and a misspelt name "
		       "would show only after the deployment.",
		.rejected = PROMOTES("[open-pr]") OPEN_PULL_REQUEST,
		.fixed = PROMOTES("[open-pull-request]") OPEN_PULL_REQUEST,
	},
	[PG102] = {
		.id = "PG102",
		.severity = SEVERITY_ERROR,
		.finds = "a promotion task that is listed twice",
		.why = "Each task runs once per version, so a second entry can only be a mistake. "
		       "Keptn's own controller would start both and track one.",
		.rejected = PROMOTES("[open-pull-request, open-pull-request]") OPEN_PULL_REQUEST,
		.fixed = PROMOTES("[open-pull-request]") OPEN_PULL_REQUEST,
	},
	[PG103] = {
		.id = "PG103",
		.severity = SEVERITY_ERROR,
		.finds = "a promotion task whose name is not a valid object name",
		.why = "No KeptnTaskDefinition can have this name: names of objects are RFC 1123 "
		       "subdomains of lowercase letters, digits, `-` and `.`, and each part begins and "
		       "ends with a letter or digit.",
		.rejected = PROMOTES("[Open_Pull_Request]") OPEN_PULL_REQUEST,
		.fixed = PROMOTES("[open-pull-request]") OPEN_PULL_REQUEST,
	},
	[PG104] = {
		.id = "PG104",
		.severity = SEVERITY_ERROR,
		.finds = "more promotion tasks than `--max-promotion-tasks` allows (32 by default), or "
			 "than a policy's `promotionTasks.max`",
		.why = "All of them start at once, each as a Job with a pod of its own. What a policy "
		       "adds counts for its own `max`. The example is from a webhook that allows two.",
		.rejected = PROMOTES("[open-pull-request, notify, tag]") OPEN_PULL_REQUEST
			DEFINITION("notify") CONTAINER
			DEFINITION("tag") CONTAINER,
		.fixed = PROMOTES("[open-pull-request, tag-and-notify]") OPEN_PULL_REQUEST
			DEFINITION("tag-and-notify") CONTAINER,
	},
	[PG105] = {
		.id = "PG105",
		.severity = SEVERITY_ERROR,
		.softened = DEPENDS_ON_ANOTHER_OBJECT,
		.finds = "a promotion task whose KeptnTaskDefinition can't run",
		.why = "Its Job could not be created, or its pod would never start. A definition has "
		       "exactly one of `container`, `deno` and `python`. A container has a name and an "
		       "image. A function has code: `inline`, `httpRef`, `configMapRef`, or a "
		       "`functionRef` that leads to a definition with code, without a cycle. A timeout, "
		       "if there is one, is a duration of at least a second.",
		.rejected = PROMOTES("[open-pull-request]")
			DEFINITION("open-pull-request")
			"  python:\n"
			"    parameters: {map: {base: main}}\n",
		.fixed = PROMOTES("[open-pull-request]")
			DEFINITION("open-pull-request")
			"  python:\n"
			"    configMapRef: {name: open-pull-request}\n"
			"    parameters: {map: {base: main}}\n",
	},
	[PG106] = {
		.id = "PG106",
		.severity = SEVERITY_WARNING,
		.finds = "a promotion task that is a post-deployment task too",
		.why = "It runs after the deployment, and again in the promotion. That may be "
		       "intended; more often the task was moved and the old entry was left.",
		.rejected = CONTEXT
			"spec:\n"
			"  postDeploymentTasks: [open-pull-request]\n"
			"  promotionTasks: [open-pull-request]\n"
			OPEN_PULL_REQUEST,
		.fixed = PROMOTES("[open-pull-request]") OPEN_PULL_REQUEST,
	},
	[PG107] = {
		.id = "PG107",
		.severity = SEVERITY_WARNING,
		.finds = "a pre- or post-deployment task without a KeptnTaskDefinition",
		.why = "Keptn runs these phases, so Promogate only warns. But a deployment that waits "
		       "for a task that does not exist never reaches its promotion.",
		.rejected = CONTEXT
			"spec:\n"
			"  preDeploymentTasks: [check-entry]\n"
			"  promotionTasks: [open-pull-request]\n"
			OPEN_PULL_REQUEST,
		.fixed = CONTEXT
			"spec:\n"
			"  preDeploymentTasks: [check-entry]\n"
			"  promotionTasks: [open-pull-request]\n"
			OPEN_PULL_REQUEST
			DEFINITION("check-entry") CONTAINER,
	},
	[PG108] = {
		.id = "PG108",
		.severity = SEVERITY_WARNING,
		.finds = "a span link that is not a W3C traceparent",
		.why = "The trace of this stage would not be linked to that of the previous stage, and "
		       "no error would be reported.",
		.rejected = CONTEXT
			"spec:\n"
			"  spanLinks: [4bf92f3577b34da6a3ce929d0e0e4736]\n",
		.fixed = CONTEXT
			"spec:\n"
			"  spanLinks: [00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01]\n",
	},
	[PG110] = {
		.id = "PG110",
		.severity = SEVERITY_ERROR,
		.finds = "a value of the annotation `promogate.dev/on-failure` that is neither `Block` "
			 "nor `Warn`",
		.why = "The annotation decides whether a failed promotion task fails the deployment. "
		       "Any other value would silently be ignored, and the cluster's default would "
		       "apply.",
		.rejected = CONTEXT_ON_FAILURE("Abort"),
		.fixed = CONTEXT_ON_FAILURE("Warn"),
	},
	[PG111] = {
		.id = "PG111",
		.severity = SEVERITY_ERROR,
		.finds = "a choice of what a failed task means that a policy does not allow",
		.why = "`promogate.dev/on-failure` chooses for all tasks, `promogate.dev/optional-tasks` "
		       "chooses `Warn` for those that it lists. A policy's `onFailure.allowed`, or that of "
		       "its `onFailure.tasks`, limits both. Promotions skip a choice that is not allowed. "
		       "A name in `promogate.dev/optional-tasks` that is not one of the promotion tasks is "
		       "a warning, with or without a policy.",
		.rejected = CONTEXT_ON_FAILURE("Warn")
			"spec:\n  promotionTasks: [open-pull-request]\n"
			OPEN_PULL_REQUEST
			POLICY("  onFailure: {allowed: [Block]}\n"),
		.fixed = CONTEXT_ON_FAILURE("Block")
			"spec:\n  promotionTasks: [open-pull-request]\n"
			OPEN_PULL_REQUEST
			POLICY("  onFailure: {allowed: [Block]}\n"),
	},
	[PG112] = {
		.id = "PG112",
		.severity = SEVERITY_ERROR,
		.finds = "promotion tasks without one that a policy requires",
		.why = "A context that promotes at all must list each task in a policy's "
		       "`promotionTasks.required`. One without promotion tasks is a final stage and "
		       "needs none. A task that a policy adds does not count.",
		.rejected = PROMOTES("[open-pull-request]") OPEN_PULL_REQUEST AUDIT_TRAIL
			POLICY("  promotionTasks: {required: [{name: audit-trail, source: Shared}]}\n"),
		.fixed = PROMOTES("[open-pull-request, audit-trail]") OPEN_PULL_REQUEST AUDIT_TRAIL
			POLICY("  promotionTasks: {required: [{name: audit-trail, source: Shared}]}\n"),
	},
	[PG113] = {
		.id = "PG113",
		.severity = SEVERITY_ERROR,
		.finds = "a promotion task that a policy does not allow",
		.why = "Where a policy has `promotionTasks.allowed`, each promotion task must match one of "
		       "its names; `*` in a name matches any text.",
		.rejected = PROMOTES("[deploy]") DEFINITION("deploy") CONTAINER
			POLICY("  promotionTasks: {allowed: [\"open-*\", audit-trail]}\n"),
		.fixed = PROMOTES("[open-pull-request]") OPEN_PULL_REQUEST
			POLICY("  promotionTasks: {allowed: [\"open-*\", audit-trail]}\n"),
	},
	[PG114] = {
		.id = "PG114",
		.severity = SEVERITY_ERROR,
		.softened = DEPENDS_ON_ANOTHER_OBJECT,
		.finds = "a `Shared` task of a policy that the context's namespace hides, or that can't "
			 "run in Keptn's",
		.why = "A definition in the context's namespace hides the one of the same name in Keptn's, "
		       "so anybody could satisfy a policy with a task that does nothing. A task that is "
		       "required or added with `source: Shared` always runs Keptn's, and the other one "
		       "would only mislead.",
		.rejected = PROMOTES("[audit-trail]") AUDIT_TRAIL DEFINITION("audit-trail") CONTAINER
			POLICY("  promotionTasks: {required: [{name: audit-trail, source: Shared}]}\n"),
		.fixed = PROMOTES("[audit-trail]") AUDIT_TRAIL
			POLICY("  promotionTasks: {required: [{name: audit-trail, source: Shared}]}\n"),
	},
	[PG201] = {
		.id = "PG201",
		.severity = SEVERITY_ERROR,
		.softened = USED_BY_ANOTHER_OBJECT,
		.finds = "deleting a KeptnTaskDefinition that is in use",
		.why = "An application uses a definition if one of its tasks has this name, or leads to "
		       "it by a `functionRef`; one in Keptn's namespace is used by every namespace that "
		       "does not define its name. A task that a policy requires or adds is a use, too. "
		       "`definitions.deletion` of the policies that match the application decides: "
		       "without one that says `Deny`, it is a warning. It is never more than a warning "
		       "where another definition of this name is used instead.",
		.rejected = DELETES DEFINITION("open-pull-request") CONTAINER
			POLICY("  definitions: {deletion: Deny}\n")
			ALSO_PROMOTES("[open-pull-request]"),
		.fixed = DELETES DEFINITION("open-pull-request") CONTAINER
			POLICY("  definitions: {deletion: Deny}\n")
			ALSO_PROMOTES("[]"),
	},
	[PG202] = {
		.id = "PG202",
		.severity = SEVERITY_ERROR,
		.softened = USED_BY_ANOTHER_OBJECT,
		.finds = "a KeptnTaskDefinition with which a promotion task in use could not run any more",
		.why = "It can't run itself, or what it is the `functionRef` of can't; or it hides a good "
		       "one in Keptn's namespace. A task that could not run before is no reason to deny. "
		       "It is a warning where a policy says `definitions.missing: Warn`.",
		.rejected = DEFINITION("open-pull-request")
			"  deno: {}\n"
			ALSO_PROMOTES("[open-pull-request]")
			SHARED_DEFINITION("open-pull-request") CONTAINER,
		.fixed = OPEN_PULL_REQUEST
			ALSO_PROMOTES("[open-pull-request]")
			SHARED_DEFINITION("open-pull-request") CONTAINER,
	},
	[PG203] = {
		.id = "PG203",
		.severity = SEVERITY_ERROR,
		.finds = "a new KeptnTaskDefinition of the name of a task that a policy takes from "
			 "Keptn's namespace",
		.why = "The policy requires or adds this task with `source: Shared`: nothing in the "
		       "application's namespace can take its place. It is a warning where the policy "
		       "does not deny at admission.",
		.rejected = DEFINITION("audit-trail") CONTAINER
			POLICY("  promotionTasks: {added: [{name: audit-trail, source: Shared}]}\n"),
		.fixed = DEFINITION("audit-trail-of-podtato") CONTAINER
			POLICY("  promotionTasks: {added: [{name: audit-trail, source: Shared}]}\n"),
	},
	[PG301] = {
		.id = "PG301",
		.severity = SEVERITY_ERROR,
		.finds = "a field of a policy that differs from its schema",
		.why = "The API server rejects such a field itself, unless the CRD of another version of "
		       "Promogate is installed. A policy that can't be read counts as absent.",
		.rejected = ONE_POLICY("{}", "  onFailure: {default: Retry}\n"),
		.fixed = ONE_POLICY("{}", "  onFailure: {default: Warn}\n"),
	},
	[PG302] = {
		.id = "PG302",
		.severity = SEVERITY_ERROR,
		.finds = "a selector of a policy that is not valid",
		.why = "A key or value that is not valid in a label, or an operator without its values, can "
		       "match nothing: the policy would silently do nothing.",
		.rejected = ONE_POLICY("{matchLabels: {env: \"prod, staging\"}}", ""),
		.fixed = ONE_POLICY(
			"{matchExpressions: [{key: env, operator: In, values: [prod, staging]}]}", ""),
	},
	[PG303] = {
		.id = "PG303",
		.severity = SEVERITY_ERROR,
		.finds = "a name of a task in a policy that no KeptnTaskDefinition can have",
		.why = "Only `onFailure.tasks[].names` and `promotionTasks.allowed` take a `*`, which matches "
		       "any text. There are no other wildcards and no regular expressions.",
		.rejected = ONE_POLICY("{}", "  promotionTasks: {allowed: [\"open-.*\"]}\n"),
		.fixed = ONE_POLICY("{}", "  promotionTasks: {allowed: [\"open-*\"]}\n"),
	},
	[PG304] = {
		.id = "PG304",
		.severity = SEVERITY_ERROR,
		.finds = "a default of `onFailure` that the same policy does not allow",
		.why = "Such a default would be skipped. What a policy allows for a task is the `allowed` of "
		       "the first entry of `onFailure.tasks` that matches and has one, else "
		       "`onFailure.allowed`.",
		.rejected = ONE_POLICY("{}",
			"  onFailure:\n"
			"    allowed: [Block]\n"
			"    tasks: [{names: [notify], default: Warn}]\n"),
		.fixed = ONE_POLICY("{}",
			"  onFailure:\n"
			"    allowed: [Block]\n"
			"    tasks: [{names: [notify], default: Warn, allowed: [Block, Warn]}]\n"),
	},
	[PG305] = {
		.id = "PG305",
		.severity = SEVERITY_ERROR,
		.finds = "a required or default task that the same policy forbids",
		.why = "No application could satisfy the policy: what it requires or writes as a default must "
		       "be in its `promotionTasks.allowed`, and a default must list what is required. A task "
		       "that the policy adds need not be allowed.",
		.rejected = ONE_POLICY("{}",
			"  promotionTasks: {required: [{name: audit-trail}], allowed: [\"open-*\"]}\n"),
		.fixed = ONE_POLICY("{}",
			"  promotionTasks: {required: [{name: audit-trail}], allowed: [\"open-*\", audit-trail]}\n"),
	},
	[PG306] = {
		.id = "PG306",
		.severity = SEVERITY_ERROR,
		.finds = "a `max` of a policy below the number of its own tasks",
		.why = "`promotionTasks.max` counts what the policy adds, and must leave room for what it "
		       "requires or writes as a default.",
		.rejected = ONE_POLICY("{}",
			"  promotionTasks: {default: [open-pull-request], added: [{name: audit-trail}], max: 1}\n"),
		.fixed = ONE_POLICY("{}",
			"  promotionTasks: {default: [open-pull-request], added: [{name: audit-trail}], max: 2}\n"),
	},
};
/* clang-format on */

const struct rule *rule_get(enum rule_id id)
{
	return &rules[id];
}

const char *severity_name(enum severity severity)
{
	static const char *const names[SEVERITY_COUNT] = {
		[SEVERITY_ERROR] = "error",
		[SEVERITY_WARNING] = "warning",
		[SEVERITY_AUDIT] = "audit",
	};

	return names[severity];
}

static void add_rule(struct buf *to, const struct rule *rule)
{
	bool denies = rule->severity == SEVERITY_ERROR;

	(void)buf_addf(to, "\n## %s: %s\n\n", rule->id, rule->finds);
	(void)buf_addf(to, "Severity: **%s**", severity_name(rule->severity));
	if (rule->softened)
		(void)buf_addf(to, "; %s", rule->softened);
	(void)buf_addf(to, ".\n\n%s\n", rule->why);
	(void)buf_addf(to, "\n%s:\n\n```yaml\n%s```\n", denies ? "Rejected" : "Warned about",
		rule->rejected);
	(void)buf_addf(to, "\nFixed:\n\n```yaml\n%s```\n", rule->fixed);
}

/* Prose, wrapped by hand. */
/* clang-format off */
static const char introduction[] =
	"# Rules\n"
	"\n"
	"What Promogate validates. An **error** denies the request. A **warning** allows it, and\n"
	"kubectl prints the warning. One response holds all findings, in the format of the API\n"
	"server's own field errors:\n"
	"\n"
	"    KeptnAppContext \"podtato-head\" is invalid:\n"
	"    * spec.promotionTasks[0]: Not found: \"open-pr\": no KeptnTaskDefinition of this name in\n"
	"      \"podtato-dev\" or \"keptn-system\"; did you mean \"open-pull-request\"?\n"
	"\n"
	"Existing faults do not block updates: on an update, an error that the stored object already\n"
	"has, anywhere in the same list, is only a warning, and so is a list that is still too long but\n"
	"not longer than before. While an object is being deleted, a request that changes neither its\n"
	"spec nor its blocking policy is always allowed, and does not even reach the webhook.\n"
	"\n"
	"A finding that names a policy is an error only if that policy denies; otherwise it is a\n"
	"warning, or only recorded for the audit ([policy.md](policy.md)).\n"
	"\n"
	"On a dry run, a warning that would deny the request otherwise says `denied without dry run`.\n"
	"\n"
	"A finding about another object is confirmed by the API server before it denies a request. If\n"
	"the API server can't be asked, the request fails, but only if the answer could deny it. A\n"
	"finding that was not asked about says `not confirmed`. A suggestion is a name in the context's\n"
	"namespace or in Keptn's, also for a user who may not list definitions there.\n"
	"\n"
	"`make docs` writes this page from the table in `src/admission/rules.c`, and the tests check\n"
	"each example.\n"
	"\n"
	"| rule | severity | finds |\n"
	"|---|---|---|\n";
/* clang-format on */

void rules_page(struct buf *to)
{
	(void)buf_add(to, introduction);
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		(void)buf_addf(to, "| %s | %s | %s |\n", rules[i].id,
			severity_name(rules[i].severity), rules[i].finds);
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		add_rule(to, &rules[i]);
}
