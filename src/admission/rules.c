#include "admission/rules.h"

#include "base/mem.h"

/* Pieces of the examples. */
#define CONTEXT                                                                                    \
	"apiVersion: lifecycle.keptn.sh/v1\n"                                                      \
	"kind: KeptnAppContext\n"                                                                  \
	"metadata: {name: podtato-head, namespace: podtato-dev}\n"

#define CONTEXT_ON_FAILURE(value)                                                                  \
	"apiVersion: lifecycle.keptn.sh/v1\n"                                                      \
	"kind: KeptnAppContext\n"                                                                  \
	"metadata:\n"                                                                              \
	"  name: podtato-head\n"                                                                   \
	"  namespace: podtato-dev\n"                                                               \
	"  annotations: {promogate.dev/on-failure: " value "}\n"

#define DEFINITION(name)                                                                           \
	"---\n"                                                                                    \
	"apiVersion: lifecycle.keptn.sh/v1\n"                                                      \
	"kind: KeptnTaskDefinition\n"                                                              \
	"metadata: {name: " name ", namespace: podtato-dev}\n"                                     \
	"spec:\n"

#define CONTAINER "  container: {name: task, image: podtato-head/promote:v1}\n"

#define OPEN_PULL_REQUEST DEFINITION("open-pull-request") CONTAINER

#define RESTS_ON_ANOTHER_OBJECT                                                                    \
	"only a warning on a dry run, and for GitOps engines, which apply a context before the "   \
	"definitions that it names (`--lenient-managers`)"

/* Prose and YAML, wrapped by hand. */
/* clang-format off */
static const struct rule rules[RULE_COUNT] = {
	[PG100] = {
		.id = "PG100",
		.severity = SEVERITY_ERROR,
		.finds = "a field of another type than Keptn's CRD gives it",
		.why = "What can't be read can't be judged, so it is not let through. Where Keptn's own "
		       "CRDs are installed, the API server refuses such a field by itself.",
		.rejected = CONTEXT
			"spec:\n"
			"  promotionTasks: open-pull-request\n"
			OPEN_PULL_REQUEST,
		.mended = CONTEXT
			"spec:\n"
			"  promotionTasks: [open-pull-request]\n"
			OPEN_PULL_REQUEST,
	},
	[PG101] = {
		.id = "PG101",
		.severity = SEVERITY_ERROR,
		.softened = RESTS_ON_ANOTHER_OBJECT,
		.finds = "a promotion task without a KeptnTaskDefinition, in the context's namespace or "
			 "in Keptn's",
		.why = "The promotion would wait for a task that nobody defined, long after the person "
		       "who misspelt it has gone home.",
		.rejected = CONTEXT
			"spec:\n"
			"  promotionTasks: [open-pr]\n"
			OPEN_PULL_REQUEST,
		.mended = CONTEXT
			"spec:\n"
			"  promotionTasks: [open-pull-request]\n"
			OPEN_PULL_REQUEST,
	},
	[PG102] = {
		.id = "PG102",
		.severity = SEVERITY_ERROR,
		.finds = "the same promotion task twice",
		.why = "A task runs once for each version, so a second entry can only be a slip. "
		       "Keptn's own controller would start both and follow one.",
		.rejected = CONTEXT
			"spec:\n"
			"  promotionTasks: [open-pull-request, open-pull-request]\n"
			OPEN_PULL_REQUEST,
		.mended = CONTEXT
			"spec:\n"
			"  promotionTasks: [open-pull-request]\n"
			OPEN_PULL_REQUEST,
	},
	[PG103] = {
		.id = "PG103",
		.severity = SEVERITY_ERROR,
		.finds = "a promotion task by a name that no object can have",
		.why = "There will never be a KeptnTaskDefinition of this name: the names of objects "
		       "are RFC 1123 subdomains, of lower-case letters, digits, `-` and `.`.",
		.rejected = CONTEXT
			"spec:\n"
			"  promotionTasks: [Open_Pull_Request]\n"
			OPEN_PULL_REQUEST,
		.mended = CONTEXT
			"spec:\n"
			"  promotionTasks: [open-pull-request]\n"
			OPEN_PULL_REQUEST,
	},
	[PG104] = {
		.id = "PG104",
		.severity = SEVERITY_ERROR,
		.finds = "more promotion tasks than `--max-promotion-tasks` allows, which is 32 unless "
			 "said otherwise",
		.why = "All of them start at once, each as a Job with a pod of its own. The example is "
		       "of a webhook that allows two.",
		.rejected = CONTEXT
			"spec:\n"
			"  promotionTasks: [open-pull-request, notify, tag]\n"
			OPEN_PULL_REQUEST
			DEFINITION("notify") CONTAINER
			DEFINITION("tag") CONTAINER,
		.mended = CONTEXT
			"spec:\n"
			"  promotionTasks: [open-pull-request, tag-and-notify]\n"
			OPEN_PULL_REQUEST
			DEFINITION("tag-and-notify") CONTAINER,
	},
	[PG105] = {
		.id = "PG105",
		.severity = SEVERITY_ERROR,
		.softened = RESTS_ON_ANOTHER_OBJECT,
		.finds = "a promotion task whose KeptnTaskDefinition can't run",
		.why = "Its Job could not be made, or its pod would never start. A definition has "
		       "exactly one of `container`, `deno` and `python`. A container has a name and an "
		       "image. A function has code: `inline`, `httpRef`, `configMapRef`, or a "
		       "`functionRef` that leads to a definition with code, without a cycle. A timeout, "
		       "where there is one, is a duration of at least a second.",
		.rejected = CONTEXT
			"spec:\n"
			"  promotionTasks: [open-pull-request]\n"
			DEFINITION("open-pull-request")
			"  python:\n"
			"    parameters: {map: {base: main}}\n",
		.mended = CONTEXT
			"spec:\n"
			"  promotionTasks: [open-pull-request]\n"
			DEFINITION("open-pull-request")
			"  python:\n"
			"    configMapRef: {name: open-pull-request}\n"
			"    parameters: {map: {base: main}}\n",
	},
	[PG106] = {
		.id = "PG106",
		.severity = SEVERITY_WARNING,
		.finds = "a promotion task that is a post-deployment task too",
		.why = "It runs after the deployment, and again in the promotion. That may be meant; "
		       "more often it was moved, and one entry forgotten.",
		.rejected = CONTEXT
			"spec:\n"
			"  postDeploymentTasks: [open-pull-request]\n"
			"  promotionTasks: [open-pull-request]\n"
			OPEN_PULL_REQUEST,
		.mended = CONTEXT
			"spec:\n"
			"  promotionTasks: [open-pull-request]\n"
			OPEN_PULL_REQUEST,
	},
	[PG107] = {
		.id = "PG107",
		.severity = SEVERITY_WARNING,
		.finds = "a pre- or post-deployment task without a KeptnTaskDefinition",
		.why = "These phases are Keptn's, not Promogate's to guard. But a deployment that waits "
		       "for a task that nobody defined never gets to its promotion.",
		.rejected = CONTEXT
			"spec:\n"
			"  preDeploymentTasks: [check-entry]\n"
			"  promotionTasks: [open-pull-request]\n"
			OPEN_PULL_REQUEST,
		.mended = CONTEXT
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
		.why = "The trace of this stage would not be linked to that of the stage before, and "
		       "nothing would say so.",
		.rejected = CONTEXT
			"spec:\n"
			"  spanLinks: [4bf92f3577b34da6a3ce929d0e0e4736]\n",
		.mended = CONTEXT
			"spec:\n"
			"  spanLinks: [00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01]\n",
	},
	[PG110] = {
		.id = "PG110",
		.severity = SEVERITY_ERROR,
		.finds = "a value of the annotation `promogate.dev/on-failure` that is neither `Block` "
			 "nor `Warn`",
		.why = "The annotation says whether a failed promotion task fails the deployment. One "
		       "that can't be understood would leave that to the default of the cluster, "
		       "without a word.",
		.rejected = CONTEXT_ON_FAILURE("Abort"),
		.mended = CONTEXT_ON_FAILURE("Warn"),
	},
};
/* clang-format on */

const struct rule *rule_get(enum rule_id id)
{
	return &rules[id];
}

const char *severity_name(enum severity severity)
{
	return severity == SEVERITY_ERROR ? "error" : "warning";
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
	(void)buf_addf(to, "\nMended:\n\n```yaml\n%s```\n", rule->mended);
}

/* Prose, wrapped by hand. */
/* clang-format off */
static const char introduction[] =
	"# Rules\n"
	"\n"
	"What Promogate looks for in a KeptnAppContext. An **error** denies the request. A\n"
	"**warning** lets it through, and kubectl prints it. One answer holds all findings, each\n"
	"worded as the API server words its own:\n"
	"\n"
	"    KeptnAppContext \"podtato-head\" is invalid:\n"
	"    * spec.promotionTasks[0]: Not found: \"open-pr\": no KeptnTaskDefinition of this name in\n"
	"      \"podtato-dev\" or \"keptn-system\"; did you mean \"open-pull-request\"?\n"
	"\n"
	"An old fault holds nobody up: on an update, an error that the stored object has already,\n"
	"wherever it moved in its list, is only a warning. An object that is being deleted is\n"
	"always let through.\n"
	"\n"
	"`make docs` writes this page from the table in `src/admission/rules.c`, and the tests judge\n"
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
