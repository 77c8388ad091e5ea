#include "promotion/plan.h"

#include <stdlib.h>

#include "base/mem.h"
#include "promotion/plan_internal.h"

void plan_release(struct plan *p)
{
	free(p->actions);
	free(p->changes);
	*p = (struct plan)PLAN_INIT;
}

struct plan_action *plan_add(struct planning *p, enum plan_kind kind, const struct view_version *v)
{
	struct plan *to = p->to;

	if (to->nactions == to->actions_cap) {
		to->actions_cap = to->actions_cap ? 2 * to->actions_cap : 16;
		to->actions = xreallocarray(to->actions, to->actions_cap, sizeof(*to->actions));
	}
	to->actions[to->nactions] = (struct plan_action){.kind = kind, .version = v};
	return &to->actions[to->nactions++];
}

void plan_add_job(struct planning *p, enum plan_kind kind, enum plan_reason reason,
	const struct view_version *v, const struct view_job *job)
{
	struct plan_action *a = plan_add(p, kind, v);

	a->reason = reason;
	a->job = job;
}

void plan_add_change(struct planning *p, struct plan_change change)
{
	struct plan *to = p->to;

	if (to->nchanges == to->changes_cap) {
		to->changes_cap = to->changes_cap ? 2 * to->changes_cap : 16;
		to->changes = xreallocarray(to->changes, to->changes_cap, sizeof(*to->changes));
	}
	to->changes[to->nchanges++] = change;
}

void plan_add_record(
	struct planning *p, const struct view_version *v, size_t first, enum view_state promotion)
{
	struct plan_action *a = plan_add(p, PLAN_RECORD, v);

	a->first = first;
	a->count = p->to->nchanges - first;
	a->promotion = promotion;
}

void plan_report(struct planning *p, enum plan_reason reason, const struct view_version *v)
{
	plan_add(p, PLAN_REPORT, v)->reason = reason;
}

void plan_wake(struct planning *p, int64_t when)
{
	if (p->to->wake == 0 || when < p->to->wake)
		p->to->wake = when;
}

enum view_state plan_failure(const struct view_version *v)
{
	return v->on_failure == ON_FAILURE_WARN ? VIEW_WARNING : VIEW_FAILED;
}

/* Of those that wait only the newest goes on, and none that is older than what has started. */
static const struct view_version *find_head(const struct view *view)
{
	const struct view_version *head = NULL;

	for (size_t i = 0; i < view->nversions; i++) {
		const struct view_version *v = &view->versions[i];

		if ((view_started(v) || view_waits(view, v)) && (!head || view_newer(v, head)))
			head = v;
	}
	return head;
}

void plan(const struct view *view, int64_t now, uint64_t random, struct plan *ret)
{
	struct planning p = {.view = view, .now = now, .random = random, .to = ret};
	const struct view_version *head;

	ret->nactions = ret->nchanges = 0;
	ret->wake = 0;
	for (size_t i = 0; i < view->nversions; i++) {
		if (view->versions[i].foreign)
			plan_report(&p, PLAN_NOT_OURS, &view->versions[i]);
		else
			plan_version(&p, &view->versions[i]);
	}
	for (size_t i = 0; i < view->njobs; i++)
		plan_job(&p, &view->jobs[i]);
	head = find_head(view);
	if (head)
		plan_head(&p, head);
}
