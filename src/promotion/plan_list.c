#include "promotion/plan_list.h"

#include <stdlib.h>

#include "base/mem.h"

void plan_release(struct plan *p)
{
	free(p->actions);
	free(p->changes);
	*p = (struct plan)PLAN_INIT;
}

void plan_reset(struct plan *p)
{
	*p = (struct plan){.actions = p->actions,
		.actions_cap = p->actions_cap,
		.changes = p->changes,
		.changes_cap = p->changes_cap};
}

struct plan_action *plan_add(struct plan *p, enum plan_kind kind, const struct view_version *v)
{
	if (p->nactions == p->actions_cap) {
		p->actions_cap = p->actions_cap ? 2 * p->actions_cap : 16;
		p->actions = xreallocarray(p->actions, p->actions_cap, sizeof(*p->actions));
	}
	p->actions[p->nactions] = (struct plan_action){.kind = kind, .version = v};
	return &p->actions[p->nactions++];
}

void plan_add_job(struct plan *p, enum plan_kind kind, enum plan_reason reason,
	const struct view_version *v, const struct view_job *job)
{
	struct plan_action *a = plan_add(p, kind, v);

	a->reason = reason;
	a->job = job;
}

void plan_add_change(struct plan *p, struct plan_change change)
{
	if (p->nchanges == p->changes_cap) {
		p->changes_cap = p->changes_cap ? 2 * p->changes_cap : 16;
		p->changes = xreallocarray(p->changes, p->changes_cap, sizeof(*p->changes));
	}
	p->changes[p->nchanges++] = change;
}

struct plan_action *plan_add_patch(struct plan *p, enum plan_kind kind,
	const struct view_version *v, size_t first, enum view_state promotion)
{
	struct plan_action *a = plan_add(p, kind, v);

	a->first = first;
	a->count = p->nchanges - first;
	a->promotion = promotion;
	return a;
}

void plan_wake(struct plan *p, int64_t when)
{
	if (p->wake == 0 || when < p->wake)
		p->wake = when;
}
