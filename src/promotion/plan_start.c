/* What waits is started, or given up: rules 2 to 6 and 12. */
#include "promotion/plan_internal.h"

#include <string.h>

#include "base/str.h"

/* The attempt that is due: the first, or the next where a person retries; 0 for none (rule 2). */
static unsigned due_attempt(const struct seen *seen, const struct seen_version *v)
{
	unsigned next = seen_attempt(v) + 1;

	if (v->superseded || seen_active(v))
		return 0;
	if (seen_waits(seen, v))
		return 1;
	if (!v->delivered || (v->promotion != SEEN_FAILED && v->promotion != SEEN_WARNING))
		return 0;
	return v->retry == next ? next : 0;
}

static bool task_needed(const struct seen_version *v, const char *task)
{
	const struct seen_item *item = seen_item(v, task);

	return !item || item->state != SEEN_SUCCEEDED;
}

/* How many tasks the next attempt has, and whether one has no definition. */
static size_t count_needed(const struct seen_version *v, bool *ret_undefined)
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

static bool sibling_active(const struct seen *seen, const struct seen_version *v)
{
	for (size_t i = 0; i < seen->nversions; i++)
		if (&seen->versions[i] != v && seen_active(&seen->versions[i]))
			return true;
	return false;
}

/* Rule 12: the definitions that did not come are the items that failed. */
static void give_up(struct planning *p, const struct seen_version *v)
{
	size_t first = p->to->nchanges;

	for (size_t i = 0; i < v->ntasks; i++)
		if (!v->tasks[i].defined)
			plan_add_change(p, (struct plan_change){v->tasks[i].name, "", SEEN_FAILED,
						   PLAN_DEADLINE});
	plan_add_record(p, v, first, plan_failure(v));
	p->to->actions[p->to->nactions - 1].reason = PLAN_DEADLINE;
}

static void wait_for_definitions(struct planning *p, const struct seen_version *v, unsigned attempt)
{
	int64_t end = v->ended + p->seen->deadline;

	if (attempt == 1 && p->seen->deadline > 0 && p->now >= end) {
		give_up(p, v);
		return;
	}
	if (attempt == 1 && p->seen->deadline > 0)
		plan_wake(p, end);
	plan_tell(p, PLAN_NO_DEFINITION, v);
}

/* Rule 2, but for the newer siblings: v is the head. Says why not. */
static bool eligible(struct planning *p, const struct seen_version *v, unsigned attempt)
{
	const struct seen *seen = p->seen;
	bool undefined;
	size_t needed = count_needed(v, &undefined);

	if (needed == 0 || seen_aborted(v, attempt))
		return false;
	if (attempt == 1 && seen_too_old(seen, v, p->now)) {
		plan_tell(p, PLAN_TOO_OLD, v);
		return false;
	}
	if (attempt == 1 && seen->max_age > 0 && v->retry < 1)
		plan_wake(p, v->ended + seen->max_age + 1);
	if (v->refused) {
		plan_tell(p, PLAN_REFUSED, v);
		return false;
	}
	if (undefined) {
		wait_for_definitions(p, v, attempt);
		return false;
	}
	if (sibling_active(seen, v)) {
		plan_tell(p, PLAN_SIBLING_RUNS, v);
		return false;
	}
	if (needed > seen->room && !seen->idle) {
		plan_tell(p, PLAN_NO_ROOM, v);
		return false;
	}
	return true;
}

/* Rule 4. True where no older sibling is left that could start. */
static bool fence(struct planning *p, const struct seen_version *head)
{
	bool absorbed = true;

	for (size_t i = 0; i < p->seen->nversions; i++) {
		const struct seen_version *v = &p->seen->versions[i];
		bool never;

		if (!seen_newer(head, v) || seen_absorbed(v))
			continue;
		absorbed = false;
		if (seen_active(v))
			continue;
		never = v->nitems == 0 && v->promotion != SEEN_FAILED &&
			v->promotion != SEEN_WARNING;
		plan_add(p, never ? PLAN_DEPRECATE : PLAN_SUPERSEDE, v)->by = head;
	}
	return absorbed;
}

/* Somebody let it run, or ended it, before any commit named it. */
static bool has_run(const struct seen_job *job)
{
	return !job->suspended || job->outcome != SEEN_RUNNING;
}

/*
 * Of two Jobs for one task the one that has run goes before one that has not, since it must stay
 * the only one; else the lesser name.
 */
static bool goes_before(const struct seen_job *a, const struct seen_job *b)
{
	if (has_run(a) != has_run(b))
		return has_run(a);
	return strcmp(a->name, b->name) < 0;
}

/* The Job that the commit will name for a task; NULL: none is there, so one is to be created. */
static const struct seen_job *choose_job(
	const struct seen *seen, const struct seen_version *v, const char *task, unsigned attempt)
{
	const struct seen_job *chosen = NULL;

	for (size_t i = 0; i < seen->njobs; i++) {
		const struct seen_job *job = &seen->jobs[i];

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
	struct planning *p, const struct seen_version *v, const char *task, unsigned attempt)
{
	const struct seen_job *job = choose_job(p->seen, v, task, attempt);

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
	plan_add_change(p, (struct plan_change){task, job->name, SEEN_PROGRESSING, PLAN_NO_REASON});
	return true;
}

static void commit(struct planning *p, const struct seen_version *v, unsigned attempt, size_t first)
{
	struct plan_action *a = plan_add(p, PLAN_COMMIT, v);

	a->attempt = attempt;
	a->promotion = SEEN_PROGRESSING;
	a->first = first;
	a->count = p->to->nchanges - first;
}

void plan_head(struct planning *p, const struct seen_version *head)
{
	unsigned attempt = due_attempt(p->seen, head);
	bool start = attempt > 0 && eligible(p, head, attempt);
	bool ready = start;
	size_t first;

	/* What has started keeps its older siblings from starting, also those delivered late. */
	if ((start || seen_started(head)) && !fence(p, head))
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
