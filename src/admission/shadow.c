#include "admission/shadow.h"

#include "admission/policing.h"
#include "base/mem.h"
#include "base/str.h"

static bool takes_shared(const struct policy_tasks *tasks, const char *name)
{
	for (size_t i = 0; i < tasks->count; i++)
		if (tasks->at[i].shared && str_eq(tasks->at[i].name, name))
			return true;
	return false;
}

struct matching {
	const struct policies *policies; /* one */
	const struct labels *labels;
	bool found;
};

static bool match_app(void *ctx, const struct subject *app)
{
	CLEANUP(policy_match_release) struct policy_match match = {NULL, 0};
	struct matching *m = ctx;

	policies_match(m->policies, m->labels, app, NULL, &match);
	m->found = match.count > 0;
	return !m->found;
}

/* Whether it matches an application of this namespace, one without a context included. */
static bool matches_in(const struct known *k, struct policy *p, const char *ns)
{
	const struct policies one = {.at = &p, .count = 1};
	struct matching m = {&one, lookup_labels(k, ns), false};
	struct subject any = subject_of_app(ns, "");

	if (match_app(&m, &any))
		k->around->contexts(k->around->ctx, ns, match_app, &m);
	return m.found;
}

static void report(
	const struct known *k, const struct policy *p, const char *name, struct findings *to)
{
	const char *message = p->message ? p->message : "";
	struct finding *item = findings_add_as(to, policing_severity(p), PG203, FIELDERR_FORBIDDEN,
		xstrdup("metadata.name"), name,
		"policy \"%s\": takes the task \"%s\" from \"%s\"; use another name%s%s%s", p->name,
		name, k->keptn_namespace, p->message ? " (" : "", message, p->message ? ")" : "");

	if (!item)
		return;
	item->policy = xstrdup(p->name);
	item->audited = p->actions & POLICY_AUDIT;
}

void shadow(const struct known *k, const char *ns, const char *name, struct findings *to)
{
	const struct surroundings *around = k->around;

	if (!around || !around->policies || str_eq(ns, k->keptn_namespace))
		return;
	for (size_t i = 0; i < around->policies->count; i++) {
		struct policy *p = around->policies->at[i];

		if ((takes_shared(&p->required, name) || takes_shared(&p->added, name)) &&
			matches_in(k, p, ns))
			report(k, p, name, to);
	}
}
