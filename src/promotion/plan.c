#include "promotion/plan.h"

#include "promotion/planning.h"

/* Only the newest version that waits may start, and none that is older than a started one. */
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

	plan_reset(ret);
	for (size_t i = 0; i < view->nversions; i++) {
		if (view->versions[i].foreign)
			plan_add(ret, PLAN_REPORT, &view->versions[i])->reason = PLAN_NOT_OURS;
		else
			plan_version(&p, &view->versions[i]);
	}
	for (size_t i = 0; i < view->njobs; i++)
		plan_job(&p, &view->jobs[i]);
	head = find_head(view);
	if (!plan_enrol(&p, head) && head)
		plan_head(&p, head);
	for (size_t i = 0; i < view->nversions; i++)
		plan_requests(&p, &view->versions[i], head);
	plan_explain(&p);
}
