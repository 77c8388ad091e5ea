/* The next version starts, waits, or is given up: rules 2 to 6 and 12. */
#include "promotion/planning.h"

#include <string.h>

#include "base/str.h"
#include "promotion/plan_omit.h"

/* Rule 2: the attempt to start, which is the first, or the next on a manual retry; 0: none. */
static unsigned due_attempt(const struct view *view, const struct view_version *v)
{
	unsigned next = view_attempt_after(v, view_attempt(v));

	if (v->superseded || view_active(v))
		return 0;
	if (view_waits(view, v))
		return 1;
	if (!v->delivered || (v->promotion != VIEW_FAILED && v->promotion != VIEW_WARNING))
		return 0;
	return v->retry == next ? next : 0;
}

/*
 * Rule 15: whether the next attempt runs it. What is added joins the first attempt that is
 * committed; what has failed is run again, also if nobody adds it any more.
 */
static bool task_needed(const struct view_version *v, const struct view_task *t)
{
	const struct view_item *item = view_item(v, t->name);

	if (item && item->state == VIEW_SUCCEEDED)
		return false;
	if (t->kind == VIEW_FORMER)
		return item && *item->job && !OMITTED(OMIT_FORMER);
	return t->kind == VIEW_OWN || item || !view_committed(v);
}

/* How many tasks the next attempt runs, and whether one has no definition. */
static unsigned count_needed(const struct view_version *v, bool *ret_undefined)
{
	unsigned n = 0;

	*ret_undefined = false;
	for (size_t i = 0; i < v->ntasks; i++) {
		if (!task_needed(v, &v->tasks[i]))
			continue;
		n++;
		*ret_undefined |= !v->tasks[i].defined;
	}
	return n;
}

static const struct view_version *active_sibling(
	const struct view *view, const struct view_version *v)
{
	for (size_t i = 0; i < view->nversions; i++)
		if (&view->versions[i] != v && view_active(&view->versions[i]))
			return &view->versions[i];
	return NULL;
}

/* Rule 12: a failed item for each definition that was not created in time. */
static void give_up_at_deadline(struct planning *p, const struct view_version *v)
{
	size_t first = p->to->nchanges;

	for (size_t i = 0; i < v->ntasks; i++)
		if (!v->tasks[i].defined)
			plan_add_change(p->to, (struct plan_change){v->tasks[i].name, "",
						       VIEW_FAILED, PLAN_DEADLINE});
	plan_give_up(p, v, first, PLAN_DEADLINE);
}

/* Rule 12: past the deadline for its definitions. Otherwise it is planned again at the deadline. */
static bool expired(struct planning *p, const struct view_version *v)
{
	int64_t since = v->undefined_since ? v->undefined_since : p->now;
	int64_t end = since + p->view->deadline;

	if (p->view->deadline == 0)
		return false;
	if (p->now < end)
		plan_wake(p->to, end);
	return p->now >= end;
}

/* Rule 6: what a commit may name. It is known to be ours, and no pod of it has started. */
static bool committable(const struct view_job *job)
{
	return (job->own || OMITTED(OMIT_OWN)) && job->locked && !job->deleting &&
	       job->outcome == VIEW_RUNNING;
}

/* The Job that the commit will name for a task, the first by name; NULL: one must be created. */
static const struct view_job *choose_job(
	const struct view *view, const struct view_version *v, const char *task, unsigned attempt)
{
	const struct view_job *chosen = NULL;

	for (size_t i = 0; i < view->njobs; i++) {
		const struct view_job *job = &view->jobs[i];

		if (job->attempt != attempt || !committable(job) || !str_eq(job->task, task) ||
			!str_eq(job->version_uid, v->uid))
			continue;
		if (!chosen || strcmp(job->name, chosen->name) < 0)
			chosen = job;
	}
	return chosen;
}

/* Every Job that the attempt needs can be committed. */
static bool prepared(const struct view *view, const struct view_version *v, unsigned attempt)
{
	for (size_t i = 0; i < v->ntasks; i++) {
		const struct view_job *job = choose_job(view, v, v->tasks[i].name, attempt);

		if (task_needed(v, &v->tasks[i]) && (!job || !job->ready))
			return false;
	}
	return true;
}

/* Rule 2, except the newer siblings, since v is the head: why it can't start, if it can't. */
static enum plan_reason find_wait(struct planning *p, const struct view_version *v,
	unsigned attempt, bool undefined, unsigned needed)
{
	const struct view *view = p->view;
	bool sibling = active_sibling(view, v);

	if (attempt == 1 && !sibling && view_too_old(view, v, p->now))
		return PLAN_TOO_OLD;
	if (attempt == 1 && !sibling && view->max_age > 0 && v->retry < 1)
		plan_wake(p->to, view_in_line_since(view, v) + view->max_age + 1);
	if (v->refused)
		return PLAN_REFUSED;
	if (undefined)
		return attempt == 1 && expired(p, v) ? PLAN_DEADLINE : PLAN_NO_DEFINITION;
	if (sibling)
		return PLAN_SIBLING_RUNS;
	/* Between two tries, why it was refused says more than that others have their turn. */
	if (view->held && !v->create_refused && !prepared(view, v, attempt))
		return v->rejected ? PLAN_CREATE_REFUSED : PLAN_TURN;
	if (needed > view->room && !view->idle)
		return PLAN_LIMIT_REACHED;
	return v->create_refused && !prepared(view, v, attempt) ? PLAN_CREATE_REFUSED
								: PLAN_NO_REASON;
}

/* True if the attempt may start; otherwise the plan says why not. */
static bool eligible(struct planning *p, const struct view_version *v, unsigned attempt)
{
	bool undefined;
	unsigned needed = count_needed(v, &undefined);
	enum plan_reason reason;
	struct plan_action *report;

	if (needed == 0 && !v->refused) /* what it would have run is added no longer: rule 15 */
		plan_discard(p, v, attempt);
	if (needed == 0 || view_aborted(v, attempt))
		return false;
	reason = find_wait(p, v, attempt, undefined, needed);
	if (reason == PLAN_NO_REASON) {
		p->to->start = (struct plan_start){v, needed};
		return true;
	}
	if (reason == PLAN_DEADLINE) {
		give_up_at_deadline(p, v);
		return false;
	}
	p->to->wait = (struct plan_wait){
		v, reason, needed, reason == PLAN_SIBLING_RUNS ? active_sibling(p->view, v) : NULL};
	if (v->create_refused)
		plan_discard(p, v, attempt);
	if (reason == PLAN_CREATE_REFUSED)
		return false; /* reported when it was refused */
	report = plan_add(p->to, PLAN_REPORT, v);
	report->reason = reason;
	report->other = p->to->wait.other;
	return false;
}

/* Rule 4. True if no older sibling can start any more. */
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
		plan_add(p->to, never ? PLAN_DEPRECATE : PLAN_SUPERSEDE, v)->other = head;
	}
	return absorbed;
}

/* Rule 3 for one task. True if its Job is ready to be committed, which is a change then. */
static bool prepare(
	struct planning *p, const struct view_version *v, const char *task, unsigned attempt)
{
	const struct view_job *job = choose_job(p->view, v, task, attempt);

	if (!job) {
		struct plan_action *a = plan_add(p->to, PLAN_CREATE_JOB, v);

		a->task = task;
		a->decision = view_decision(p->view, task);
		a->attempt = attempt;
		a->name = job_name_make(task, attempt, p->random++);
		return false;
	}
	if (!job->ready) {
		plan_add_job(p->to, PLAN_CREATE_CODE, PLAN_NO_REASON, v, job);
		return false;
	}
	plan_add_change(
		p->to, (struct plan_change){task, job->name, VIEW_PROGRESSING, PLAN_NO_REASON});
	return true;
}

void plan_head(struct planning *p, const struct view_version *head)
{
	unsigned attempt = due_attempt(p->view, head);
	bool start, ready;
	size_t first;

	if (attempt > 0 && plan_claimed_later(p, head)) {
		p->to->wait = (struct plan_wait){.version = head, .reason = PLAN_CLAIMED};
		plan_add(p->to, PLAN_REPORT, head)->reason = PLAN_CLAIMED;
		return;
	}
	ready = start = attempt > 0 && eligible(p, head, attempt);
	/* A started version keeps older siblings from starting, also ones delivered later. */
	if ((start || view_started(head)) && !fence(p, head))
		ready = false;
	if (!start)
		return;
	first = p->to->nchanges;
	for (size_t i = 0; i < head->ntasks; i++)
		if (task_needed(head, &head->tasks[i]) &&
			!prepare(p, head, head->tasks[i].name, attempt))
			ready = false;
	if (ready)
		plan_add_patch(p->to, PLAN_COMMIT, head, first, VIEW_PROGRESSING)->attempt =
			attempt; /* rule 6 */
}
