#include "promotion/view.h"

#include <string.h>

#include "base/str.h"
#include "promotion/plan_omit.h"

bool view_ended(enum view_state s)
{
	return s == VIEW_SUCCEEDED || s == VIEW_FAILED || s == VIEW_WARNING || s == VIEW_DEPRECATED;
}

bool view_active(const struct view_version *v)
{
	/* The operator may end a version and leave it Progressing: then it does not run. */
	if (v->foreign)
		return v->promotion == VIEW_PROGRESSING && !v->delivered;
	if (OMITTED(OMIT_ACTIVE_BY_ITEMS) && v->promotion != VIEW_PROGRESSING)
		return false;
	return view_open_items(v) > 0;
}

unsigned view_open_items(const struct view_version *v)
{
	unsigned n = 0;

	for (size_t i = 0; i < v->nitems && !v->foreign; i++)
		n += v->items[i].state == VIEW_PROGRESSING;
	return n;
}

bool view_over(const struct view_version *v)
{
	return v->superseded || v->promotion == VIEW_DEPRECATED || v->promotion == VIEW_SUCCEEDED ||
	       v->foreign;
}

static bool has_tasks(const struct view_version *v, enum view_task_kind kind)
{
	for (size_t i = 0; i < v->ntasks; i++)
		if (v->tasks[i].kind == kind)
			return true;
	return false;
}

bool view_committed(const struct view_version *v)
{
	for (size_t i = 0; i < v->nitems; i++)
		if (*v->items[i].job)
			return true;
	return false;
}

bool view_takes_part(const struct view_version *v)
{
	return has_tasks(v, VIEW_OWN) || v->enrolled || view_committed(v) ||
	       (OMITTED(OMIT_ENROL) && has_tasks(v, VIEW_ADDED));
}

bool view_absorbed(const struct view_version *v)
{
	if (OMITTED(OMIT_FENCE_UNDELIVERED) && !v->delivered)
		return true;
	if (OMITTED(OMIT_FENCE_MARK) && view_ended(v->promotion))
		return true;
	return view_over(v) || !view_takes_part(v);
}

/* Delivered before `since`: installing Promogate promotes nothing. */
static bool delivered_earlier(const struct view *view, const struct view_version *v)
{
	return v->ended < view->since && v->retry < 1;
}

bool view_may_wait(const struct view *view, const struct view_version *v)
{
	return v->delivered && !v->foreign && !v->superseded && v->nitems == 0 &&
	       (v->promotion == VIEW_NONE || v->promotion == VIEW_PENDING) &&
	       !delivered_earlier(view, v);
}

bool view_waits(const struct view *view, const struct view_version *v)
{
	return view_may_wait(view, v) && view_takes_part(v);
}

bool view_started(const struct view_version *v)
{
	return !v->foreign && (v->nitems > 0 || v->promotion == VIEW_PROGRESSING ||
				      v->promotion == VIEW_FAILED || v->promotion == VIEW_WARNING);
}

unsigned view_attempt(const struct view_version *v)
{
	unsigned last = 0;

	for (size_t i = 0; i < v->nitems; i++)
		if (v->items[i].attempt > last)
			last = v->items[i].attempt;
	if (last == 0 && (v->promotion == VIEW_FAILED || v->promotion == VIEW_WARNING))
		last = 1; /* given up without a Job: rules 11 and 12 */
	return last;
}

bool view_aborted(const struct view_version *v, unsigned attempt)
{
	return attempt > 0 && v->abort == attempt;
}

/* An abort can only be raised, so this stays true; but attempt 1 waits without being asked for. */
bool view_used_up(const struct view_version *v, unsigned attempt)
{
	return attempt > 1 ? v->abort >= attempt : view_aborted(v, attempt);
}

unsigned view_attempt_after(const struct view_version *v, unsigned last)
{
	return view_used_up(v, last + 1) ? v->abort + 1 : last + 1;
}

int64_t view_in_line_since(const struct view *view, const struct view_version *v)
{
	int64_t since = v->ended;

	for (size_t i = 0; i < view->nversions; i++) {
		const struct view_version *other = &view->versions[i];

		if (other != v && other->delivered && view_started(other) && other->ended > since)
			since = other->ended;
	}
	return since;
}

bool view_too_old(const struct view *view, const struct view_version *v, int64_t now)
{
	return view->max_age > 0 && v->retry < 1 &&
	       now - view_in_line_since(view, v) > view->max_age;
}

bool view_newer(const struct view_version *a, const struct view_version *b)
{
	if (a->created != b->created)
		return a->created > b->created;
	if (a->rank != b->rank)
		return a->rank > b->rank;
	if (a->revision != b->revision)
		return a->revision > b->revision;
	if (a->generation != b->generation)
		return a->generation > b->generation;
	return strcmp(a->name, b->name) > 0;
}

const struct view_item *view_item(const struct view_version *v, const char *task)
{
	for (size_t i = 0; i < v->nitems; i++)
		if (str_eq(v->items[i].task, task))
			return &v->items[i];
	return NULL;
}

const struct view_version *view_with_uid(const struct view *view, const char *uid)
{
	for (size_t i = 0; i < view->nversions; i++)
		if (str_eq(view->versions[i].uid, uid))
			return &view->versions[i];
	return NULL;
}

const struct view_version *view_owner(const struct view *view, const struct view_job *job)
{
	return view_with_uid(view, job->version_uid);
}

const struct view_job *view_named(
	const struct view *view, const struct view_version *v, const char *name)
{
	for (size_t i = 0; i < view->njobs; i++)
		if (str_eq(view->jobs[i].name, name) && str_eq(view->jobs[i].version_uid, v->uid))
			return &view->jobs[i];
	return NULL;
}

struct view_decision view_decision(const struct view *view, const char *task)
{
	for (size_t i = 0; i < view->ndecisions; i++)
		if (str_eq(view->decisions[i].task, task))
			return view->decisions[i];
	return (struct view_decision){task, ON_FAILURE_BLOCK, "default"};
}

bool view_gone(const struct view *view, const char *name)
{
	for (size_t i = 0; i < view->ngone; i++)
		if (str_eq(view->gone[i], name))
			return true;
	return false;
}
