/* Versions without tasks of their own, to which policies add some: rule 15. */
#include "promotion/planning.h"

#include "promotion/plan_omit.h"

static bool has_added(const struct view_version *v)
{
	for (size_t i = 0; i < v->ntasks; i++)
		if (v->tasks[i].kind == VIEW_ADDED)
			return true;
	return false;
}

/* A version that would be the head, if it took part. */
static const struct view_version *find_joining(
	const struct view *view, const struct view_version *head)
{
	const struct view_version *joining = NULL;

	for (size_t i = 0; i < view->nversions; i++) {
		const struct view_version *v = &view->versions[i];

		if (view_takes_part(v) || !has_added(v) || !view_may_wait(view, v))
			continue;
		if ((!head || view_newer(v, head)) && (!joining || view_newer(v, joining)))
			joining = v;
	}
	return joining;
}

/* Nothing is added any more. Its Jobs go first: no later rule would be certain about them. */
static void leave(struct planning *p, const struct view_version *v)
{
	size_t before = p->to->nactions;

	if (plan_claimed_later(p, v))
		return;
	plan_discard(p, v, 1);
	if (v->enrolled && p->to->nactions == before)
		plan_add(p->to, PLAN_LEAVE, v);
}

/* What was created for it before it left, by a replica that had not seen it leave. */
static void give_back(struct planning *p, const struct view_version *joining)
{
	for (size_t i = 0; p->view->njobs > 0 && i < p->view->nversions; i++) {
		const struct view_version *v = &p->view->versions[i];

		if (v != joining && !view_takes_part(v) && view_may_wait(p->view, v))
			leave(p, v);
	}
}

/* Not if it is refused: maybe it is not known what is added. */
static bool has_left(const struct view *view, const struct view_version *head)
{
	return head->ntasks == 0 && !head->refused && view_waits(view, head);
}

bool plan_enrol(struct planning *p, const struct view_version *head)
{
	const struct view_version *joining = find_joining(p->view, head);

	give_back(p, joining);
	if (joining)
		plan_add(p->to, PLAN_ENROL, joining);
	else if (head && has_left(p->view, head))
		leave(p, head);
	else
		return false;
	return true;
}
