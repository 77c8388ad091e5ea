/* How a promotion ended. */
#include "promotion/event_text_internal.h"

#include "base/str.h"
#include "json/utf8.h"

/* Of a Job's message, or of its annotation; a list quotes several. */
enum { QUOTED_BYTES = 160 };

static const struct promotion_job *find_job(const struct event_text_end *end, const char *name)
{
	for (size_t i = 0; *name && i < end->njobs; i++)
		if (str_eq(end->jobs[i]->view.name, name) &&
			str_eq(end->jobs[i]->view.version_uid, end->version->view.uid))
			return end->jobs[i];
	return NULL;
}

static void add_cut(struct buf *to, const char *text)
{
	char cut[QUOTED_BYTES + 1];
	bool whole = utf8_copy(cut, sizeof(cut), text);

	(void)buf_addf(to, "%s%s", cut, whole ? "" : "…");
}

static void add_failed(const struct event_text_end *end, struct event_text_list *list,
	const char *task, const char *job_name, enum plan_reason reason)
{
	const struct promotion_job *job = find_job(end, job_name);

	if (!event_text_list_more(list))
		return;
	(void)buf_add(list->to, task);
	if (reason == PLAN_ABORTED) {
		(void)buf_add(list->to, " (aborted)");
	} else if (reason == PLAN_DEADLINE) {
		(void)buf_add(list->to, " (no runnable KeptnTaskDefinition was created in time)");
	} else if (reason == PLAN_MISSING_JOB) {
		(void)buf_addf(list->to, " (its Job %s was deleted before it ended)", job_name);
	} else if (job && *job->reason) {
		(void)buf_addf(list->to, " (Job %s: %s", job_name, job->reason);
		(void)buf_add(list->to, *job->message ? ": " : "");
		add_cut(list->to, job->message);
		(void)buf_addc(list->to, ')');
	} else if (*job_name) {
		(void)buf_addf(list->to, " (Job %s)", job_name);
	}
}

/* An item that failed before: its reason is what can still be seen of it. */
static void add_past(const struct event_text_end *end, struct event_text_list *list,
	const struct view_item *item)
{
	bool aborted = view_aborted(&end->version->view, item->attempt);

	if (!*item->job)
		add_failed(end, list, item->task, "", aborted ? PLAN_ABORTED : PLAN_DEADLINE);
	else if (aborted || find_job(end, item->job))
		add_failed(end, list, item->task, item->job,
			find_job(end, item->job) ? PLAN_NO_REASON : PLAN_ABORTED);
	else if (event_text_list_more(list))
		(void)buf_addf(list->to, "%s (its Job %s is gone)", item->task, item->job);
}

/* The items that fail now, and those that failed before. */
static void add_all_failed(const struct event_text_end *end, struct buf *to)
{
	const struct view_version *v = &end->version->view;
	const struct plan_action *a = end->action;
	struct event_text_list list = event_text_list_begin(to, "; ");

	for (size_t i = a->first; i < a->first + a->count; i++) {
		const struct plan_change *change = &end->plan->changes[i];

		if (change->state != VIEW_SUCCEEDED)
			add_failed(end, &list, change->task, change->job, change->reason);
	}
	for (size_t i = 0; i < v->nitems; i++)
		if (v->items[i].state != VIEW_SUCCEEDED && v->items[i].state != VIEW_PROGRESSING)
			add_past(end, &list, &v->items[i]);
	event_text_list_end(&list);
}

static size_t count_failed(const struct event_text_end *end)
{
	const struct view_version *v = &end->version->view;
	const struct plan_action *a = end->action;
	size_t n = 0;

	for (size_t i = 0; i < v->nitems; i++)
		n += v->items[i].state != VIEW_SUCCEEDED && v->items[i].state != VIEW_PROGRESSING;
	for (size_t i = a->first; i < a->first + a->count; i++)
		n += end->plan->changes[i].state != VIEW_SUCCEEDED;
	return n;
}

/* What a failed task means, and which task, if several could be meant. */
static void add_decision(const struct event_text_end *end, struct buf *to)
{
	const struct plan_action *a = end->action;

	(void)buf_addf(to, ". The version %s, on-failure: %s",
		a->promotion == VIEW_WARNING ? "succeeds with a warning" : "fails",
		on_failure_name(a->decision.on_failure));
	if (count_failed(end) != 1)
		(void)buf_addf(to, " for %s", a->decision.task);
	(void)buf_add(to, " (");
	add_cut(to, a->decision.decided_by);
	(void)buf_add(to, "). ");
}

static void add_retry(const struct event_text_end *end, struct buf *to)
{
	unsigned attempt = view_attempt(&end->version->view);

	(void)buf_add(to, "To retry the failed tasks: ");
	event_text_command(to, end->version->namespace, &end->version->view, APPVERSION_RETRY,
		view_attempt_after(&end->version->view, attempt ? attempt : 1));
}

/* What failed and why. */
static void add_outcome(const struct event_text_end *end, struct buf *to)
{
	const struct view_version *v = &end->version->view;
	size_t failed = count_failed(end), all = v->nitems ? v->nitems : v->ntasks;

	if (failed == 0) {
		(void)buf_addf(to, "%s before any promotion task started",
			end->action->reason == PLAN_ABORTED || view_aborted(v, 1) ? "aborted"
										  : "given up");
		return;
	}
	(void)buf_addf(to, "%zu of %zu promotion tasks failed: ", failed, all);
	add_all_failed(end, to);
}

void event_text_outcome(struct buf *to, const struct event_text_end *end)
{
	const struct view_version *v = &end->version->view;

	(void)buf_addf(
		to, "%s, attempt %u: ", appversion_state_name(v->promotion), view_attempt(v));
	add_outcome(end, to);
}

void event_text_missing(struct event_text *t, const struct event_text_end *end)
{
	const struct appversion *v = end->version;
	const struct plan_action *a = end->action;
	struct buf *to = event_text_begin(t, true, "PromotionTaskJobDeleted");
	struct event_text_list list;

	(void)buf_addf(
		to, "%s %s: the task has failed, and the others go on: ", v->app, v->view.version);
	list = event_text_list_begin(to, "; ");
	for (size_t i = a->first; i < a->first + a->count; i++)
		if (end->plan->changes[i].reason == PLAN_MISSING_JOB)
			add_failed(end, &list, end->plan->changes[i].task,
				end->plan->changes[i].job, PLAN_MISSING_JOB);
	event_text_list_end(&list);
}

void event_text_ended(struct event_text *t, const struct event_text_end *end)
{
	const struct appversion *v = end->version;
	bool good = end->action->promotion == VIEW_SUCCEEDED;
	size_t all = v->view.nitems ? v->view.nitems : v->view.ntasks;
	struct buf *to = event_text_begin(
		t, !good, good ? "PromotionTasksFinished" : "PromotionTasksFailed");

	(void)buf_addf(to, "%s %s: ", v->app, v->view.version);
	if (good) {
		(void)buf_addf(to, "%zu %s succeeded", all, event_text_tasks(all));
		return;
	}
	add_outcome(end, to);
	add_decision(end, to);
	add_retry(end, to);
}
