#include "promotion/wait_text.h"

#include "kube/timestamp.h"
#include "promotion/appversion.h"
#include "promotion/event_text_internal.h"

static const char *const names[] = {
	[PLAN_NO_DEFINITION] = "TaskDefinitionMissing",
	[PLAN_LIMIT_REACHED] = "JobLimitReached",
	[PLAN_TURN] = "OtherApplicationFirst",
	[PLAN_CREATE_REFUSED] = WAIT_TEXT_REJECTED,
	[PLAN_CLAIMED] = "ClaimedByOther",
	[PLAN_SIBLING_RUNS] = "OtherVersionRunning",
	[PLAN_TOO_OLD] = "MaxAgeExceeded",
	[PLAN_REFUSED] = "PolicyDenied",
};

const char *wait_text_name(enum plan_reason reason)
{
	return reason < ARRAY_SIZE(names) ? names[reason] : NULL;
}

unsigned wait_text_count(void)
{
	return ARRAY_SIZE(names);
}

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

static void wait_for_definitions(
	struct buf *to, const struct view *view, const struct view_version *v)
{
	unsigned attempt = view_attempt_after(v, view_attempt(v));

	(void)buf_add(to, "no runnable KeptnTaskDefinition, in its namespace or Keptn's, for ");
	add_undefined(to, v);
	(void)buf_add(to, ". It starts automatically once they exist");
	if (attempt > 1) {
		(void)buf_add(to, "; to give up: ");
		event_text_command(to, view->namespace, v, APPVERSION_ABORT, attempt);
	} else if (view->deadline > 0) {
		(void)buf_addf(to,
			", and fails once they have been missing for --definition-deadline (%lld s)",
			(long long)view->deadline);
	}
	if (v->lacking && *v->lacking)
		(void)buf_addf(to, ". %s", v->lacking);
}

static void too_old(struct buf *to, const struct view *view, const struct view_version *v)
{
	struct timestamp ended;

	(void)buf_addf(to,
		"it was delivered at %s, more than --max-age ago, so it is not promoted automatically. To promote it: ",
		time_text(v->ended, &ended));
	event_text_command(to, view->namespace, v, APPVERSION_RETRY, 1);
}

void wait_text(struct buf *to, const struct view *view, const struct plan_wait *wait)
{
	if (wait->reason == PLAN_NO_DEFINITION)
		wait_for_definitions(to, view, wait->version);
	else if (wait->reason == PLAN_TOO_OLD)
		too_old(to, view, wait->version);
	else if (wait->reason == PLAN_REFUSED)
		(void)buf_addf(
			to, "%s. It starts automatically once it may", wait->version->refused);
	else if (wait->reason == PLAN_CLAIMED)
		(void)buf_add(to, "a later leader has claimed it (annotation " APPVERSION_CLAIM
				  "). If no other replica runs, remove the annotation");
	else if (wait->reason == PLAN_TURN)
		(void)buf_add(to,
			"the API server rejected Jobs of this namespace, so its applications create theirs one after the other");
	else if (wait->reason == PLAN_SIBLING_RUNS)
		(void)buf_addf(to, "the promotion tasks of %s are running", wait->other->name);
	else
		(void)buf_add(to,
			"the limit on running Jobs is reached (--max-running-jobs or --max-running-jobs-per-namespace)");
}

void wait_text_annotation(struct buf *to, const struct view *view, const struct plan_wait *wait)
{
	(void)buf_addf(to, "%s: ", wait_text_name(wait->reason));
	wait_text(to, view, wait);
}
