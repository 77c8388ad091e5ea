/* Why a version waits. */
#include "promotion/event_text_internal.h"

#include "base/limits.h"
#include "kube/timestamp.h"

static const char *time_text(int64_t seconds, struct timestamp *ret)
{
	*ret = timestamp_format(seconds * 1000);
	return ret->text;
}

static void add_undefined(struct buf *to, const struct view_version *v)
{
	struct event_text_list list = event_text_list_begin(to, ", ");

	for (size_t i = 0; i < v->ntasks; i++)
		if (!v->tasks[i].defined && event_text_list_more(&list))
			(void)buf_addf(to, "\"%s\"", v->tasks[i].name);
	event_text_list_end(&list);
}

static void wait_for_definitions(struct event_text *t, const struct appversion *v,
	const struct plan_action *a, int64_t deadline)
{
	struct buf *to = event_text_begin(t, true, "CreateTaskNotFound");
	unsigned attempt = view_attempt_after(a->version, view_attempt(a->version));

	(void)buf_addf(to,
		"%s %s waiting: no runnable KeptnTaskDefinition, in its namespace or Keptn's, for ",
		v->app, v->view.version);
	add_undefined(to, a->version);
	(void)buf_add(to, ". It starts automatically once they exist");
	if (attempt > 1) {
		(void)buf_add(to, "; to give up: ");
		event_text_command(to, v, APPVERSION_ABORT, attempt);
	} else if (deadline > 0) {
		(void)buf_addf(to,
			", and fails once they have been missing for --definition-deadline (%lld s)",
			(long long)deadline);
	}
}

static void too_old(struct event_text *t, const struct appversion *v, const struct plan_action *a)
{
	struct buf *to = event_text_begin(t, true, "PromotionTasksWaiting");
	struct timestamp ended;

	(void)buf_addf(to,
		"%s %s was delivered at %s, more than --max-age ago, so it is not promoted automatically. To promote it: ",
		v->app, v->view.version, time_text(a->version->ended, &ended));
	event_text_command(to, v, APPVERSION_RETRY, 1);
}

static void not_ours(struct event_text *t, const struct appversion *v)
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

void event_text_waits(struct event_text *t, const struct appversion *v, const struct plan_action *a,
	int64_t deadline, const char *detail)
{
	if (a->reason == PLAN_NO_DEFINITION)
		wait_for_definitions(t, v, a, deadline);
	else if (a->reason == PLAN_TOO_OLD)
		too_old(t, v, a);
	else if (a->reason == PLAN_NOT_OURS)
		not_ours(t, v);
	else if (a->reason == PLAN_REFUSED)
		(void)buf_addf(event_text_begin(t, true, "PromotionTasksRefused"),
			"%s %s does not start: a PromotionPolicy forbids it", v->app,
			v->view.version);
	else if (a->reason == PLAN_SIBLING_RUNS)
		(void)buf_addf(event_text_begin(t, false, "PromotionTasksWaiting"),
			"%s %s waiting: the promotion tasks of %s are running", v->app,
			v->view.version, a->other->name);
	else
		(void)buf_addf(event_text_begin(t, false, "PromotionTasksWaiting"),
			"%s %s waiting: the limit on running Jobs is reached (--max-running-jobs or --max-running-jobs-per-namespace)",
			v->app, v->view.version);
	if (detail && *detail)
		(void)buf_addf(&t->message, ". %s", detail);
}
