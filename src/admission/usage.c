#include "admission/usage.h"

#include <stdlib.h>

#include "admission/leads.h"
#include "base/mem.h"
#include "base/str.h"
#include "policy/decide.h"

struct search {
	const struct known *known;
	const struct usage_change *change;
	struct policies enforcing; /* borrows the policies, and owns the array */
	struct strmap names; /* of tasks that may lead to the definition */
	usage_fn *report;
	void *ctx;
};

static bool in_keptn_namespace(const struct search *s)
{
	return str_eq(s->change->namespace, s->known->keptn_namespace);
}

/* --- one task --------------------------------------------------------------------------------- */

/* What is known, with the definition as it is before or after the change. */
struct side {
	struct resolver known;
	const struct usage_change *change;
	const struct taskdef *definition;
};

static struct resolve_found find(const void *ctx, const char *ns, const char *name)
{
	const struct side *side = ctx;

	if (str_eq(name, side->change->name) && str_eq(ns, side->change->namespace))
		return (struct resolve_found){side->definition, .confirmed = true};
	return side->known.find(side->known.ctx, ns, name);
}

static void resolve_side(const struct search *s, const struct taskdef *definition, const char *ns,
	const char *task, struct resolution *ret)
{
	struct side side = {lookup_resolver(s->known, ns), s->change, definition};
	struct resolver resolver = side.known;

	resolver.find = find;
	resolver.ctx = &side;
	resolve(&resolver, task, ret);
	ret->resolver = side.known; /* outlives this call */
}

static bool leads_to(const struct resolution *r, const struct usage_change *change)
{
	for (size_t i = 0; i < r->count; i++)
		if (str_eq(r->chain[i].name, change->name) &&
			str_eq(r->chain[i].namespace, change->namespace))
			return true;
	return false;
}

/* ns: where the task is looked up first. */
static void judge_task(const struct search *s, const char *ns, struct usage *u)
{
	struct resolution before, after;

	resolve_side(s, s->change->from, ns, u->task, &before);
	resolve_side(s, s->change->to, ns, u->task, &after);
	if (!leads_to(&before, s->change) && !leads_to(&after, s->change))
		return;
	u->ran = before.outcome == RESOLVE_RUNS;
	u->before = &before;
	u->after = &after;
	s->report(s->ctx, u);
}

/* --- applications ----------------------------------------------------------------------------- */

static bool has_name(const struct search *s, const struct subject *app)
{
	for (enum task_list list = 0; list < TASK_LIST_COUNT; list++)
		for (size_t i = 0; i < app->tasks[list].count; i++)
			if (strmap_has(&s->names, app->tasks[list].at[i]))
				return true;
	return false;
}

/* A shared task is not looked up in the application's namespace. */
static const char *namespace_of(const struct search *s, const struct usage *u)
{
	bool shared = u->list == PROMOTION_TASKS && decide_shared(u->match, u->task);

	return shared ? s->known->keptn_namespace : u->app->namespace;
}

static void judge_app(const struct search *s, const struct subject *app, bool confirmed)
{
	CLEANUP(policy_match_release) struct policy_match match = {NULL, 0};
	struct usage u = {.app = app, .match = &match, .confirmed = confirmed};

	policies_match(&s->enforcing, lookup_labels(s->known, app->namespace), app, NULL, &match);
	for (u.list = 0; u.list < TASK_LIST_COUNT; u.list++)
		for (size_t i = 0; i < app->tasks[u.list].count; i++) {
			u.task = app->tasks[u.list].at[i];
			if (strmap_has(&s->names, u.task))
				judge_task(s, namespace_of(s, &u), &u);
		}
}

/* The context as the API server has just reported it; NULL: it is gone. */
static const struct subject *latest(
	const struct search *s, const struct subject *app, bool *ret_confirmed)
{
	const struct strmap *live = s->known->confirmed_contexts;
	CLEANUP(free_p) char *key = NULL;

	*ret_confirmed = false;
	if (!live || !live->count)
		return app;
	key = xasprintf("%s/%s", app->namespace, app->name);
	*ret_confirmed = strmap_has(live, key);
	return *ret_confirmed ? strmap_get(live, key) : app;
}

static bool visit_app(void *ctx, const struct subject *cached)
{
	const struct search *s = ctx;
	const struct subject *app;
	bool confirmed;

	if (!has_name(s, cached))
		return true;
	app = latest(s, cached, &confirmed);
	if (app && !app->deleting)
		judge_app(s, app, confirmed);
	return true;
}

static void find_apps(struct search *s)
{
	const struct surroundings *around = s->known->around;
	const char *ns = in_keptn_namespace(s) ? NULL : s->change->namespace;

	if (around)
		around->contexts(around->ctx, ns, visit_app, s);
}

/* --- policies --------------------------------------------------------------------------------- */

static bool selects(const struct policy *p, const struct labels *ns)
{
	return ns ? selector_matches(p->namespaces, ns) : p->namespaces->count == 0;
}

/* The tasks that a policy requires or adds. */
static void judge_policy(
	const struct search *s, const struct policy *p, const struct policy_tasks *tasks)
{
	const struct policy_match match = {&p, 1};
	struct usage u = {.match = &match, .list = PROMOTION_TASKS, .confirmed = true};

	for (size_t i = 0; i < tasks->count; i++) {
		bool shared = tasks->at[i].shared;

		u.task = tasks->at[i].name;
		if (strmap_has(&s->names, u.task))
			judge_task(
				s, shared ? s->known->keptn_namespace : s->change->namespace, &u);
	}
}

static void find_policies(struct search *s)
{
	const struct labels *ns = lookup_labels(s->known, s->change->namespace);

	for (size_t i = 0; i < s->enforcing.count; i++) {
		const struct policy *p = s->enforcing.at[i];

		if (!in_keptn_namespace(s) && !selects(p, ns))
			continue;
		judge_policy(s, p, &p->required);
		judge_policy(s, p, &p->added);
	}
}

static void choose_enforcing(struct search *s)
{
	const struct surroundings *around = s->known->around;
	size_t count = around && around->policies ? around->policies->count : 0;

	s->enforcing.at = xcalloc(count, sizeof(*s->enforcing.at));
	for (size_t i = 0; i < count; i++)
		if (policy_enforces(around->policies->at[i]))
			s->enforcing.at[s->enforcing.count++] = around->policies->at[i];
}

void usage_find(
	const struct known *k, const struct usage_change *change, usage_fn *report, void *ctx)
{
	struct search s = {.known = k,
		.change = change,
		.names = STRMAP_INIT(NULL),
		.report = report,
		.ctx = ctx};

	choose_enforcing(&s);
	leads_find(k, change->namespace, change->name, &s.names);
	find_apps(&s);
	find_policies(&s);
	free(s.enforcing.at);
	strmap_release(&s.names);
}
