/* What waits is started, or given up: rules 2 to 6 and 12. */
#include "promotion/plan_internal.h"

#include <string.h>

#include "base/str.h"

/* The attempt that is due: the first, or the next where a person retries; 0 for none (rule 2). */
static unsigned due_attempt(const struct view *view, const struct view_version *v)
{
	unsigned next = view_attempt(v) + 1;

	if (v->superseded || view_active(v))
		return 0;
	if (view_waits(view, v))
		return 1;
	if (!v->delivered || (v->promotion != VIEW_FAILED && v->promotion != VIEW_WARNING))
		return 0;
	return v->retry == next ? next : 0;
}

static bool task_needed(const struct view_version *v, const char *task)
{
	const struct view_item *item = view_item(v, task);

	return !item || item->state != VIEW_SUCCEEDED;
}

/* How many tasks the next attempt has, and whether one has no definition. */
static size_t count_needed(const struct view_version *v, bool *ret_undefined)
{
	size_t n = 0;

	*ret_undefined = false;
	for (size_t i = 0; i < v->ntasks; i++) {
		if (!task_needed(v, v->tasks[i].name))
			continue;
		n++;
		*ret_undefined |= !v->tasks[i].defined;
	}
	return n;
}

static bool sibling_active(const struct view *view, const struct view_version *v)
{
	for (size_t i = 0; i < view->nversions; i++)
		if (&view->versions[i] != v && view_active(&view->versions[i]))
			return true;
	return false;
}

/* Rule 12: the definitions that did not come are the items that failed. */
static void give_up(struct planning *p, const struct view_version *v)
{
	size_t first = p->to->nchanges;

	for (size_t i = 0; i < v->ntasks; i++)
		if (!v->tasks[i].defined)
			plan_add_change(p, (struct plan_change){v->tasks[i].name, "", VIEW_FAILED,
						   PLAN_DEADLINE});
	plan_add_record(p, v, first, plan_failure(v));
	p->to->actions[p->to->nactions - 1].reason = PLAN_DEADLINE;
}

static void wait_for_definitions(struct planning *p, const struct view_version *v, unsigned attempt)
{
	int64_t end = v->ended + p->view->deadline;

	if (attempt == 1 && p->view->deadline > 0 && p->now >= end) {
		give_up(p, v);
		return;
	}
	if (attempt == 1 && p->view->deadline > 0)
		plan_wake(p, end);
	plan_report(p, PLAN_NO_DEFINITION, v);
}

/* Rule 2, but for the newer siblings: v is the head. Says why not. */
static bool eligible(struct planning *p, const struct view_version *v, unsigned attempt)
{
	const struct view *view = p->view;
	bool undefined;
	size_t needed = count_needed(v, &undefined);

	if (needed == 0 || view_aborted(v, attempt))
		return false;
	if (attempt == 1 && view_too_old(view, v, p->now)) {
		plan_report(p, PLAN_TOO_OLD, v);
		return false;
	}
	if (attempt == 1 && view->max_age > 0 && v->retry < 1)
		plan_wake(p, v->ended + view->max_age + 1);
	if (v->refused) {
		plan_report(p, PLAN_REFUSED, v);
		return false;
	}
	if (undefined) {
		wait_for_definitions(p, v, attempt);
		return false;
	}
	if (sibling_active(view, v)) {
		plan_report(p, PLAN_SIBLING_RUNS, v);
		return false;
	}
	if (needed > view->room && !view->idle) {
		plan_report(p, PLAN_LIMIT_REACHED, v);
		return false;
	}
	return true;
}

/* Rule 4. True where no older sibling is left that could start. */
static bool fence(struct planning *p, const struct view_version *head)
{
	bool absorbed = true;

	for (size_t i = 0; i < p->view->nversions; i++) {
		const struct view_version *v = &p->view->versions[i];
		bool never;

		if (!view_newer(head, v) || view_absorbed(v))
			continue;
		absorbed = false;
		if (view_active(v))
			continue;
		never = v->nitems == 0 && v->promotion != VIEW_FAILED &&
			v->promotion != VIEW_WARNING;
		plan_add(p, never ? PLAN_DEPRECATE : PLAN_SUPERSEDE, v)->by = head;
	}
	return absorbed;
}

/* Somebody let it run, or ended it, before any commit named it. */
static bool has_run(const struct view_job *job)
{
	return !job->suspended || job->outcome != VIEW_RUNNING;
}

/*
 * Of two Jobs for one task the one that has run goes before one that has not, since it must stay
 * the only one; else the lesser name.
 */
static bool goes_before(const struct view_job *a, const struct view_job *b)
{
	if (has_run(a) != has_run(b))
		return has_run(a);
	return strcmp(a->name, b->name) < 0;
}

/* The Job that the commit will name for a task; NULL: none is there, so one is to be created. */
static const struct view_job *choose_job(
	const struct view *view, const struct view_version *v, const char *task, unsigned attempt)
{
	const struct view_job *chosen = NULL;

	for (size_t i = 0; i < view->njobs; i++) {
		const struct view_job *job = &view->jobs[i];

		if (job->attempt != attempt || job->deleting || !str_eq(job->task, task) ||
			!str_eq(job->version_uid, v->uid))
			continue;
		if (!chosen || goes_before(job, chosen))
			chosen = job;
	}
	return chosen;
}

/* Rule 3 for one task. True where its Job is ready for the commit, which is then a change. */
static bool prepare(
	struct planning *p, const struct view_version *v, const char *task, unsigned attempt)
{
	const struct view_job *job = choose_job(p->view, v, task, attempt);

	if (!job) {
		struct plan_action *a = plan_add(p, PLAN_CREATE_JOB, v);

		a->task = task;
		a->attempt = attempt;
		a->name = job_name_make(task, attempt, p->random++);
		return false;
	}
	if (!job->ready) {
		plan_add_job(p, PLAN_CREATE_CODE, PLAN_NO_REASON, v, job);
		return false;
	}
	plan_add_change(p, (struct plan_change){task, job->name, VIEW_PROGRESSING, PLAN_NO_REASON});
	return true;
}

static void commit(struct planning *p, const struct view_version *v, unsigned attempt, size_t first)
{
	struct plan_action *a = plan_add(p, PLAN_COMMIT, v);

	a->attempt = attempt;
	a->promotion = VIEW_PROGRESSING;
	a->first = first;
	a->count = p->to->nchanges - first;
}

void plan_head(struct planning *p, const struct view_version *head)
{
	unsigned attempt = due_attempt(p->view, head);
	bool start = attempt > 0 && eligible(p, head, attempt);
	bool ready = start;
	size_t first;

	/* What has started keeps its older siblings from starting, also those delivered late. */
	if ((start || view_started(head)) && !fence(p, head))
		ready = false;
	if (!start)
		return;
	first = p->to->nchanges;
	for (size_t i = 0; i < head->ntasks; i++)
		if (task_needed(head, head->tasks[i].name) &&
			!prepare(p, head, head->tasks[i].name, attempt))
			ready = false;
	if (ready)
		commit(p, head, attempt, first); /* rule 6 */
}
