/* Why a version waits. */
#include "promotion/event_text_internal.h"

#include "base/limits.h"
#include "promotion/wait_text.h"

void event_text_not_ours(struct event_text *t, const struct appversion *v)
{
	struct buf *to = event_text_begin(t, true, "PromotionTasksForeign");

	if (v->oversized)
		(void)buf_addf(to,
			"%s %s is not promoted: it has more than %d promotion tasks or status items",
			v->app, v->view.version, LIMIT_VERSION_TASKS);
	else
		(void)buf_addf(to,
			"%s %s is promoted by another program, such as Keptn's lifecycle-operator with promotionTasksEnabled; Promogate leaves it alone. Disable one of the two",
			v->app, v->view.version);
}

/* Under Keptn's reason where Keptn has one. */
static const char *reason_of(enum plan_reason reason)
{
	if (reason == PLAN_NO_DEFINITION)
		return "CreateTaskNotFound";
	return reason == PLAN_REFUSED ? "PromotionTasksRefused" : "PromotionTasksWaiting";
}

void event_text_waits(struct event_text *t, const struct appversion *v, const struct view *view,
	const struct plan_wait *wait)
{
	bool passes = wait->reason == PLAN_SIBLING_RUNS || wait->reason == PLAN_LIMIT_REACHED ||
		      wait->reason == PLAN_TURN;
	struct buf *to = event_text_begin(t, !passes, reason_of(wait->reason));

	(void)buf_addf(to, "%s %s waiting: ", v->app, v->view.version);
	wait_text(to, view, wait);
}
