/* The retries and aborts that have no effect: rules 2 and 11 say which have one. */
#include "promotion/planning.h"

static struct plan_action *report(
	struct planning *p, const struct view_version *v, enum plan_reason reason)
{
	struct plan_action *a = plan_add(p->to, PLAN_REPORT, v);

	a->reason = reason;
	return a;
}

/* It can't start again, whatever a person asks for. */
static bool is_over(const struct view_version *v)
{
	return v->superseded || v->promotion == VIEW_SUCCEEDED || v->promotion == VIEW_DEPRECATED;
}

/* An annotation stays after it has had its effect: one that names an earlier attempt is old. */
static void plan_retry(
	struct planning *p, const struct view_version *v, const struct view_version *head)
{
	unsigned last = view_attempt(v), next = view_attempt_after(v, last);

	if (v->retry <= last)
		return;
	if (is_over(v))
		report(p, v, PLAN_RETRY_IGNORED);
	else if (head && view_newer(head, v))
		report(p, v, PLAN_RETRY_IGNORED)->other = head;
	else if (last > 0 && v->retry != next)
		report(p, v, PLAN_RETRY_IGNORED)->attempt = next;
}

/* An abort of the next attempt is no error: a person may change their mind about a retry. */
static void plan_abort(struct planning *p, const struct view_version *v)
{
	unsigned last = view_attempt(v);

	if (v->promotion == VIEW_SUCCEEDED && v->abort >= last)
		report(p, v, PLAN_ABORT_IGNORED);
	else if (view_active(v) && v->abort > last)
		report(p, v, PLAN_ABORT_IGNORED)->attempt = last;
	else if (view_waits(p->view, v) && v->abort > 1)
		report(p, v, PLAN_ABORT_IGNORED)->attempt = 1;
}

void plan_requests(
	struct planning *p, const struct view_version *v, const struct view_version *head)
{
	if (!v->delivered || v->foreign || !view_takes_part(v))
		return;
	if (v->retry > 0)
		plan_retry(p, v, head);
	if (v->abort > 0)
		plan_abort(p, v);
}
