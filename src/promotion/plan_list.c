#include "promotion/plan_list.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

void plan_release(struct plan *p)
{
	free(p->actions);
	free(p->changes);
	free(p->text);
	*p = (struct plan)PLAN_INIT;
}

void plan_reset(struct plan *p)
{
	free(p->text);
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

void plan_move_first(struct plan *p, size_t action)
{
	struct plan_action a = p->actions[action];

	memmove(p->actions + 1, p->actions, action * sizeof(*p->actions));
	p->actions[0] = a;
}

bool plan_writes_version(enum plan_kind kind)
{
	switch (kind) {
	case PLAN_DEPRECATE:
	case PLAN_SUPERSEDE:
	case PLAN_CLAIM:
	case PLAN_COMMIT:
	case PLAN_RECORD:
	case PLAN_ANNOTATE:
	case PLAN_ENROL:
	case PLAN_LEAVE:
		return true;
	case PLAN_CREATE_JOB:
	case PLAN_CREATE_CODE:
	case PLAN_UNSUSPEND:
	case PLAN_QUEUE:
	case PLAN_GET_JOB:
	case PLAN_SET_TTL:
	case PLAN_DELETE:
	case PLAN_REPORT:
		break;
	}
	return false;
}

/* A Job's name is used once, so the item with it is of this commit. */
static bool landed_change(const struct plan_action *a, const struct plan_change *change,
	const struct view_version *now)
{
	const struct view_item *item = view_item(now, change->task);

	return item && str_eq(item->job, change->job) &&
	       (a->kind == PLAN_COMMIT || item->state == change->state);
}

bool plan_landed(const struct plan *p, const struct plan_action *a, const struct view_version *now)
{
	if (a->kind == PLAN_DEPRECATE)
		return now->promotion == VIEW_DEPRECATED;
	if (a->kind == PLAN_SUPERSEDE)
		return now->superseded;
	if (a->kind == PLAN_ENROL || a->kind == PLAN_LEAVE)
		return now->enrolled == (a->kind == PLAN_ENROL);
	for (size_t i = a->first; i < a->first + a->count; i++)
		if (!landed_change(a, &p->changes[i], now))
			return false;
	return a->count > 0 || now->promotion == a->promotion;
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
