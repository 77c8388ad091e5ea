/* A committed attempt runs, is recorded and expires: rules 7 to 11 and 13. */
#include "promotion/plan.h"
#include "promotion/planning.h"

#include "base/str.h"
#include "promotion/plan_omit.h"

static void end_item(struct planning *p, const struct view_item *item, enum view_state state,
	enum plan_reason reason)
{
	plan_add_change(p->to, (struct plan_change){item->task, item->job, state, reason});
}

/* Rule 8: a cache miss proves nothing. No watch need deliver a Job that somebody has relabelled. */
void plan_look(struct planning *p, const struct view_version *v, const struct view_item *item)
{
	plan_add(p->to, PLAN_GET_JOB, v)->item = item;
	plan_wake(p->to, p->now + PLAN_LOOK_AGAIN_SECONDS);
}

/* Rule 7: Kueue resumes what has a queue. */
static void release(struct planning *p, const struct view_version *v, const struct view_job *job)
{
	bool queue = job->has_queue && !OMITTED(OMIT_QUEUE);

	plan_add_job(p->to, queue ? PLAN_QUEUE : PLAN_UNSUSPEND, PLAN_NO_REASON, v, job);
}

/* An open item. True if it has ended, which is a change then. */
static bool item_ended(
	struct planning *p, const struct view_version *v, const struct view_item *item)
{
	const struct view_job *job = view_named(p->view, v, item->job);
	bool aborted = view_aborted(v, item->attempt);

	if (aborted && OMITTED(OMIT_ABORT_DELETES)) {
		end_item(p, item, VIEW_FAILED, PLAN_ABORTED);
		return true;
	}
	if (job && job->outcome == VIEW_COMPLETE) { /* rule 8 */
		end_item(p, item, VIEW_SUCCEEDED, PLAN_NO_REASON);
		return true;
	}
	if (job && job->outcome == VIEW_JOB_FAILED) {
		end_item(p, item, VIEW_FAILED, PLAN_NO_REASON);
		return true;
	}
	if (!job && view_gone(p->view, item->job)) {
		end_item(p, item, VIEW_FAILED, aborted ? PLAN_ABORTED : PLAN_MISSING_JOB);
		return true;
	}
	if (!job)
		plan_look(p, v, item);
	else if (aborted) /* rule 11: recorded once it is gone */
		plan_add_job(p->to, PLAN_DELETE, PLAN_ABORTED, v, job);
	else if (job->suspended && !job->released) /* rule 7 */
		release(p, v, job);
	return false;
}

/* The phase ends with the last item, in the same write. */
static void record_last(struct planning *p, const struct view_version *v, size_t first)
{
	struct plan_end end;

	if (v->promotion == VIEW_DEPRECATED) /* rule 8: it stays */
		plan_add_patch(p->to, PLAN_RECORD, v, first, VIEW_NONE);
	else if (plan_find_end(p, v, first, &end))
		plan_record_end(p, v, first, PLAN_NO_REASON, &end);
}

/* Rule 13: even if the operator has deprecated it meanwhile. */
static void plan_items(struct planning *p, const struct view_version *v)
{
	size_t first = p->to->nchanges, open = 0, ended = 0;

	for (size_t i = 0; i < v->nitems; i++) {
		if (v->items[i].state != VIEW_PROGRESSING)
			continue;
		open++;
		if (item_ended(p, v, &v->items[i]))
			ended++;
	}
	/* Progressing with no open item: a person has edited the status. */
	if (ended == open && (open > 0 || v->promotion == VIEW_PROGRESSING))
		record_last(p, v, first);
	else if (ended > 0)
		plan_add_patch(p->to, PLAN_RECORD, v, first, VIEW_NONE);
}

void plan_version(struct planning *p, const struct view_version *v)
{
	if (v->nitems > 0)
		plan_items(p, v);
	else if (view_waits(p->view, v) && view_aborted(v, 1) && v->ntasks > 0) /* rule 11 */
		plan_give_up(p, v, p->to->nchanges, PLAN_ABORTED);
}

/*
 * Rule 10: no commit will ever name this Job. The view may be old, so only what stays true counts.
 */
static bool left_over(const struct planning *p, const struct view_version *v,
	const struct view_job *job, const struct view_item *item)
{
	unsigned attempt = view_attempt(v);

	if (v->promotion == VIEW_DEPRECATED || v->superseded)
		return true;
	if (OMITTED(OMIT_CLEAN_UP_FACTS) && !item && !view_waits(p->view, v))
		return true;
	if (attempt > job->attempt)
		return true; /* a later one is committed */
	if (attempt < job->attempt) /* in this view it is not committed, and aborted */
		return view_used_up(v, job->attempt);
	if (item && item->attempt == job->attempt)
		return true; /* committed with another Job */
	return !view_active(v) && view_ended(v->promotion);
}

/* Rule 9: a Job that failed says how the phase ends, so it stays until then. */
static bool is_needed(const struct view_version *v, const struct view_item *item)
{
	return item->state != VIEW_SUCCEEDED && !OMITTED(OMIT_CARRIED_KEPT) &&
	       (view_active(v) || v->promotion == VIEW_PROGRESSING);
}

/* Rule 9: a Job whose outcome is recorded, also one that a later attempt has replaced. */
static void expire(struct planning *p, const struct view_version *v, const struct view_job *job)
{
	if (!job->expires)
		plan_add_job(p->to, PLAN_SET_TTL, PLAN_NO_REASON, v, job);
}

void plan_job(struct planning *p, const struct view_job *job)
{
	const struct view_version *v = view_owner(p->view, job);
	bool ended = job->outcome != VIEW_RUNNING;
	const struct view_item *item;

	/* The garbage collector deletes a Job that has no version. */
	if (!v || v->foreign || job->deleting)
		return;
	item = view_item(v, job->task);
	if (item && str_eq(item->job, job->name)) {
		if ((ended || !job->suspended) && item->state != VIEW_PROGRESSING &&
			!is_needed(v, item))
			expire(p, v, job);
	} else if (ended && item && item->attempt > job->attempt) {
		if (!OMITTED(OMIT_EXPIRE_LATER))
			expire(p, v, job);
	} else if (!(ended && job->expires) && left_over(p, v, job, item)) {
		plan_add_job(p->to, PLAN_DELETE, PLAN_LEFT_OVER, v, job);
	}
}
