/* What a person asks for in vain. */
#include "promotion/event_text_internal.h"

static void add_why(struct buf *to, const struct plan_action *a, unsigned last)
{
	const struct view_version *v = a->version;

	if (a->other)
		(void)buf_addf(to, "%s is newer", a->other->name);
	else if (v->promotion == VIEW_SUCCEEDED)
		(void)buf_add(to, "every promotion task has succeeded");
	else if (a->attempt == 0)
		(void)buf_add(to, "a newer version has superseded it");
	else if (a->reason == PLAN_RETRY_IGNORED)
		(void)buf_addf(to, "the next attempt is %u", a->attempt);
	else
		(void)buf_addf(to, "attempt %u is %s", a->attempt, last ? "running" : "waiting");
}

void event_text_ignored(
	struct event_text *t, const struct appversion *v, const struct plan_action *a)
{
	bool retry = a->reason == PLAN_RETRY_IGNORED;
	const char *annotation = retry ? APPVERSION_RETRY : APPVERSION_ABORT;
	struct buf *to = event_text_begin(t, true, "PromotionTasksRequestIgnored");

	(void)buf_addf(to, "%s %s: %s=%u has no effect: ", v->app, v->view.version, annotation,
		retry ? a->version->retry : a->version->abort);
	add_why(to, a, view_attempt(a->version));
	if (a->attempt == 0)
		return;
	(void)buf_addf(to, ". To %s it: ", retry ? "start" : "abort");
	event_text_command(to, v->namespace, &v->view, annotation, a->attempt);
}
