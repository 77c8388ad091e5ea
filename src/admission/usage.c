#include "admission/usage.h"

#include <stdlib.h>
#include <string.h>

#include "admission/leads.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "policy/decide.h"

/* An enforcing policy that requires or adds a task that may lead to the definition. */
struct taker {
	const struct policy *policy;
	bool matched; /* an application that is known */
};

/* The namespace whose applications are visited. */
struct place {
	const char *namespace; /* NULL: none yet */
	struct policy_match policies; /* the enforcing ones that select it */
	bool taken; /* one of them is a taker */
	struct policy_match last; /* those of the last application */
};

struct search {
	const struct known *known;
	const struct usage_change *change;
	struct policies enforcing; /* borrows the policies, and owns the array */
	struct strmap names; /* of tasks that may lead to the definition */
	struct taker *takers;
	size_t ntakers;
	struct place place;
	bool labels_matter; /* an enforcing policy selects namespaces by them */
	struct needs *unlabelled;
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

/* --- tasks of policies ------------------------------------------------------------------------ */

static bool is_in(const struct policy *p, const struct policy_match *match)
{
	for (size_t i = 0; i < match->count; i++)
		if (match->at[i] == p)
			return true;
	return false;
}

static bool has_lead(const struct search *s, const struct policy_tasks *tasks)
{
	for (size_t i = 0; i < tasks->count; i++)
		if (strmap_has(&s->names, tasks->at[i].name))
			return true;
	return false;
}

/* A shared task is not looked up in the application's namespace. */
static const char *namespace_of(const struct search *s, const struct usage *u, const char *ns)
{
	bool shared = u->list == PROMOTION_TASKS && decide_shared(u->match, u->task);

	return shared ? s->known->keptn_namespace : ns;
}

static void judge_tasks(const struct search *s, const char *ns, const struct policy_tasks *tasks,
	const struct usage *of)
{
	struct usage u = *of;

	for (size_t i = 0; i < tasks->count; i++) {
		u.task = tasks->at[i].name;
		if (strmap_has(&s->names, u.task))
			judge_task(s, namespace_of(s, &u, ns), &u);
	}
}

static void judge_policy(const struct search *s, const char *ns, const struct usage *u)
{
	judge_tasks(s, ns, &u->policy->required, u);
	judge_tasks(s, ns, &u->policy->added, u);
}

static void judge_takers(struct search *s, const struct subject *app, bool confirmed,
	const struct policy_match *match)
{
	struct usage u = {
		.app = app, .match = match, .list = PROMOTION_TASKS, .confirmed = confirmed};

	for (size_t i = 0; i < s->ntakers; i++) {
		u.policy = s->takers[i].policy;
		if (!is_in(u.policy, match))
			continue;
		s->takers[i].matched = true;
		judge_policy(s, app->namespace, &u);
	}
}

/* An application without a context has the tasks that are added, and is required to have none. */
static void judge_any_app(struct search *s, const char *ns)
{
	CLEANUP(policy_match_release) struct policy_match match = {NULL, 0};
	struct subject any = subject_of_app(ns, "");
	struct usage u = {.match = &match, .list = PROMOTION_TASKS, .confirmed = true};

	policy_match_narrow(&s->place.policies, &any, &match);
	for (size_t i = 0; i < s->ntakers; i++) {
		u.policy = s->takers[i].policy;
		if (!is_in(u.policy, &match) || !has_lead(s, &u.policy->added))
			continue;
		s->takers[i].matched = true;
		judge_tasks(s, ns, &u.policy->added, &u);
	}
}

/* --- applications ----------------------------------------------------------------------------- */

static bool is_taken(const struct search *s, const struct policy_match *match)
{
	for (size_t i = 0; i < s->ntakers; i++)
		if (is_in(s->takers[i].policy, match))
			return true;
	return false;
}

static void place_release(struct place *p)
{
	policy_match_release(&p->policies);
	policy_match_release(&p->last);
}

static void enter(struct search *s, const char *ns)
{
	struct place *p = &s->place;

	if (str_eq(p->namespace, ns))
		return;
	place_release(p);
	p->namespace = ns;
	policies_select(&s->enforcing, lookup_labels(s->known, ns), &p->policies);
	p->taken = is_taken(s, &p->policies);
	if (p->taken)
		judge_any_app(s, ns);
}

/* Without labels, only policies that select all namespaces match. */
static void check_labels(const struct search *s, const char *ns)
{
	const struct strmap *live = s->known->confirmed_namespaces;
	size_t read = live ? live->count : 0;

	if (s->labels_matter && !lookup_labels(s->known, ns) && !(live && strmap_has(live, ns)) &&
		read + s->unlabelled->names.count < LIMIT_LABEL_LOOKUPS)
		needs_add_namespace(s->unlabelled, ns, true);
}

static bool has_name(const struct search *s, const struct subject *app)
{
	for (enum task_list list = 0; list < TASK_LIST_COUNT; list++)
		for (size_t i = 0; i < app->tasks[list].count; i++)
			if (strmap_has(&s->names, app->tasks[list].at[i]))
				return true;
	return false;
}

static void judge_own(const struct search *s, const struct subject *app, bool confirmed,
	const struct policy_match *match)
{
	struct usage u = {.app = app, .match = match, .confirmed = confirmed};

	for (u.list = 0; u.list < TASK_LIST_COUNT; u.list++)
		for (size_t i = 0; i < app->tasks[u.list].count; i++) {
			u.task = app->tasks[u.list].at[i];
			if (strmap_has(&s->names, u.task))
				judge_task(s, namespace_of(s, &u, app->namespace), &u);
		}
}

static bool is_same(const struct policy_match *a, const struct policy_match *b)
{
	return a->at && b->at && a->count == b->count &&
	       memcmp(a->at, b->at, a->count * sizeof(struct policy *)) == 0;
}

/* What policies add is the same for all applications of a namespace that the same policies match. */
static void judge_app(struct search *s, const struct subject *app, bool confirmed)
{
	struct policy_match match;

	policy_match_narrow(&s->place.policies, app, &match);
	judge_own(s, app, confirmed, &match);
	if (s->place.taken && !is_same(&match, &s->place.last))
		judge_takers(s, app, confirmed, &match);
	policy_match_release(&s->place.last);
	s->place.last = match;
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
	struct search *s = ctx;
	const struct subject *app;
	bool confirmed, named = has_name(s, cached);

	if (!named && !s->ntakers)
		return true;
	check_labels(s, cached->namespace);
	enter(s, cached->namespace);
	if (!named && !s->place.taken)
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

	if (!around)
		return;
	if (ns)
		enter(s, ns);
	around->contexts(around->ctx, ns, visit_app, s);
	place_release(&s->place);
}

/* --- policies --------------------------------------------------------------------------------- */

/* Of the definition's namespace; NULL: of any. */
static const struct labels *labels_of(const struct search *s)
{
	return in_keptn_namespace(s) ? NULL : lookup_labels(s->known, s->change->namespace);
}

static bool selects(const struct policy *p, const struct labels *ns)
{
	return ns ? selector_matches(p->namespaces, ns) : p->namespaces->count == 0;
}

/* Those that certainly match wherever p does. */
static void match_with(const struct search *s, const struct policy *p, struct policy_match *ret)
{
	const struct labels *ns = labels_of(s);

	ret->at = xcalloc(s->enforcing.count, sizeof(struct policy *));
	for (size_t i = 0; i < s->enforcing.count; i++) {
		const struct policy *q = s->enforcing.at[i];

		if (str_eq(q->selectors, p->selectors) || (!q->apps && selects(q, ns)))
			ret->at[ret->count++] = q;
	}
}

/* A policy that matches no application that is known. */
static void judge_unmatched(const struct search *s, const struct policy *p)
{
	CLEANUP(policy_match_release) struct policy_match match = {NULL, 0};
	struct usage u = {.policy = p, .match = &match, .list = PROMOTION_TASKS, .confirmed = true};

	if (!in_keptn_namespace(s) && !selects(p, labels_of(s)))
		return;
	match_with(s, p, &match);
	judge_policy(s, s->change->namespace, &u);
}

static void find_unmatched(const struct search *s)
{
	for (size_t i = 0; i < s->ntakers; i++)
		if (!s->takers[i].matched)
			judge_unmatched(s, s->takers[i].policy);
}

static void choose_takers(struct search *s)
{
	s->takers = xcalloc(s->enforcing.count, sizeof(*s->takers));
	for (size_t i = 0; i < s->enforcing.count; i++) {
		const struct policy *p = s->enforcing.at[i];

		if (has_lead(s, &p->required) || has_lead(s, &p->added))
			s->takers[s->ntakers++].policy = p;
	}
}

static void choose_enforcing(struct search *s)
{
	const struct surroundings *around = s->known->around;
	size_t count = around && around->policies ? around->policies->count : 0;

	s->enforcing.at = xcalloc(count, sizeof(*s->enforcing.at));
	for (size_t i = 0; i < count; i++) {
		struct policy *p = around->policies->at[i];

		if (!policy_enforces(p))
			continue;
		s->enforcing.at[s->enforcing.count++] = p;
		s->labels_matter |= p->namespaces->count > 0;
	}
}

void usage_find(const struct known *k, const struct usage_change *change, struct needs *unlabelled,
	usage_fn *report, void *ctx)
{
	struct search s = {.known = k,
		.change = change,
		.names = STRMAP_INIT(NULL),
		.unlabelled = unlabelled,
		.report = report,
		.ctx = ctx};

	choose_enforcing(&s);
	leads_find(k, change->namespace, change->name, &s.names);
	choose_takers(&s);
	find_apps(&s);
	find_unmatched(&s);
	free(s.takers);
	free(s.enforcing.at);
	strmap_release(&s.names);
}
