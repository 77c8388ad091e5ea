#include "reconciler/app_policy.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/mem.h"
#include "policy/check.h"

void app_policy_init(
	struct app_policy *p, const struct cache *cache, const char *ns, const char *app)
{
	*p = (struct app_policy){.cache = cache, .subject = cache_subject(cache, ns, app)};
	p->known = cache_match(cache, &p->subject, &p->match);
}

void app_policy_release(struct app_policy *p)
{
	policy_match_release(&p->match);
}

const char *app_policy_namespace(const struct app_policy *p, const char *task)
{
	const char *ns = p->subject.namespace;

	return decide_shared(&p->match, task) ? cache_resolver(p->cache, ns).keptn_namespace : ns;
}

enum on_failure app_policy_on_failure(
	const struct app_policy *p, const char *task, struct buf *decided_by)
{
	const struct failure_question question = {.match = &p->match,
		.subject = &p->subject,
		.task = task,
		.definition =
			cache_definition_choice(p->cache, app_policy_namespace(p, task), task),
		.config = cache_block_deployment(p->cache),
		.point = POLICY_AT_PROMOTION};
	const struct failure_decision decision = decide_failure(&question);

	failure_decision_text(&decision, decided_by);
	return decision.value;
}

/* The rules about the tasks of a version; a choice that is not allowed is skipped instead. */
static bool refuses(enum policy_rule rule)
{
	return rule == POLICY_RULE_MAX || rule == POLICY_RULE_REQUIRED ||
	       rule == POLICY_RULE_ALLOWED;
}

static void add_violation(void *ctx, const struct violation *v)
{
	struct buf *to = ctx;

	if (!refuses(v->rule))
		return;
	(void)buf_addf(to, "%s%s: ", to->len ? "; " : "", v->field);
	fielderr_body(to, v->type, v->value, v->detail);
}

static void check(
	const struct app_policy *p, const char *const *names, size_t count, struct buf *to)
{
	struct subject version = p->subject;

	version.tasks[PROMOTION_TASKS] = (struct subject_tasks){true, names, count};
	for (size_t i = 0; i < p->match.count; i++)
		if (policy_denies_at(p->match.at[i], POLICY_AT_PROMOTION))
			policy_check(p->match.at[i], &version, NULL, add_violation, to);
}

char *app_policy_refusal(const struct app_policy *p, const struct view_task *tasks, size_t ntasks)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(LIMIT_MESSAGE_BYTES);
	const char **names;
	size_t nown = 0;

	if (!p->known)
		return xasprintf("the labels of the namespace \"%s\" are not known yet",
			p->subject.namespace);
	if (ntasks > LIMIT_VERSION_TASKS)
		return xasprintf("policies add tasks to its own up to %zu, and %d is the most: "
				 "let policies add fewer",
			ntasks, LIMIT_VERSION_TASKS);
	if (p->match.count == 0 || ntasks == 0)
		return NULL;
	names = xcalloc(ntasks, sizeof(*names));
	for (size_t i = 0; i < ntasks; i++)
		if (tasks[i].kind == VIEW_OWN)
			names[nown++] = tasks[i].name;
	if (nown > 0)
		check(p, names, nown, &text);
	free(names);
	return text.len ? xstrdup(buf_str(&text)) : NULL;
}
