#include "promotion/view.h"

#include <string.h>

#include "base/str.h"
#include "promotion/plan_omit.h"

bool seen_ended(enum seen_state s)
{
	return s == SEEN_SUCCEEDED || s == SEEN_FAILED || s == SEEN_WARNING || s == SEEN_DEPRECATED;
}

bool seen_active(const struct seen_version *v)
{
	/* What the operator left Progressing when it ended the version runs no more. */
	if (v->foreign)
		return v->promotion == SEEN_PROGRESSING && !v->delivered;
	if (OMITTED(OMIT_ACTIVE_BY_ITEMS) && v->promotion != SEEN_PROGRESSING)
		return false;
	return seen_open_items(v) > 0;
}

unsigned seen_open_items(const struct seen_version *v)
{
	unsigned n = 0;

	for (size_t i = 0; i < v->nitems && !v->foreign; i++)
		n += v->items[i].state == SEEN_PROGRESSING;
	return n;
}

bool seen_absorbed(const struct seen_version *v)
{
	if (OMITTED(OMIT_FENCE_UNDELIVERED) && !v->delivered)
		return true;
	if (OMITTED(OMIT_FENCE_MARK) && seen_ended(v->promotion))
		return true;
	return v->superseded || v->promotion == SEEN_DEPRECATED || v->promotion == SEEN_SUCCEEDED ||
	       v->foreign || v->ntasks == 0;
}

/* Delivered before Promogate came, and nothing was begun: installing it promotes nothing. */
static bool past(const struct seen *seen, const struct seen_version *v)
{
	if (v->ended >= seen->since || v->retry >= 1)
		return false;
	for (size_t i = 0; i < seen->njobs; i++)
		if (str_eq(seen->jobs[i].version_uid, v->uid))
			return false;
	return true;
}

bool seen_waits(const struct seen *seen, const struct seen_version *v)
{
	return v->delivered && !v->foreign && !v->superseded && v->ntasks > 0 && v->nitems == 0 &&
	       (v->promotion == SEEN_NONE || v->promotion == SEEN_PENDING) && !past(seen, v);
}

bool seen_started(const struct seen_version *v)
{
	return !v->foreign && (v->nitems > 0 || v->promotion == SEEN_PROGRESSING ||
				      v->promotion == SEEN_FAILED || v->promotion == SEEN_WARNING);
}

unsigned seen_attempt(const struct seen_version *v)
{
	unsigned last = 0;

	for (size_t i = 0; i < v->nitems; i++)
		if (v->items[i].attempt > last)
			last = v->items[i].attempt;
	if (last == 0 && (v->promotion == SEEN_FAILED || v->promotion == SEEN_WARNING))
		last = 1; /* given up before it had a Job: rules 11 and 12 */
	return last;
}

bool seen_aborted(const struct seen_version *v, unsigned attempt)
{
	return attempt > 0 && v->abort == attempt;
}

bool seen_too_old(const struct seen *seen, const struct seen_version *v, int64_t now)
{
	return seen->max_age > 0 && v->retry < 1 && now - v->ended > seen->max_age;
}

bool seen_newer(const struct seen_version *a, const struct seen_version *b)
{
	if (a->created != b->created)
		return a->created > b->created;
	if (a->revision != b->revision)
		return a->revision > b->revision;
	if (a->generation != b->generation)
		return a->generation > b->generation;
	return strcmp(a->name, b->name) > 0;
}

const struct seen_item *seen_item(const struct seen_version *v, const char *task)
{
	for (size_t i = 0; i < v->nitems; i++)
		if (str_eq(v->items[i].task, task))
			return &v->items[i];
	return NULL;
}

const struct seen_version *seen_owner(const struct seen *seen, const struct seen_job *job)
{
	for (size_t i = 0; i < seen->nversions; i++)
		if (str_eq(seen->versions[i].uid, job->version_uid))
			return &seen->versions[i];
	return NULL;
}

const struct seen_job *seen_named(
	const struct seen *seen, const struct seen_version *v, const char *name)
{
	for (size_t i = 0; i < seen->njobs; i++)
		if (str_eq(seen->jobs[i].name, name) && str_eq(seen->jobs[i].version_uid, v->uid))
			return &seen->jobs[i];
	return NULL;
}

bool seen_gone(const struct seen *seen, const char *name)
{
	for (size_t i = 0; i < seen->ngone; i++)
		if (str_eq(seen->gone[i], name))
			return true;
	return false;
}
