/*
 * plan_internal - the parts of plan(), and what they share.
 */
#ifndef PROMOGATE_PROMOTION_PLAN_INTERNAL_H
#define PROMOGATE_PROMOTION_PLAN_INTERNAL_H

#include "promotion/plan_list.h"

struct planning {
	const struct view *view;
	int64_t now;
	uint64_t random; /* for the next name */
	struct plan *to;
};

/* How the phase ends where a task failed: the blocking policy. */
static inline enum view_state plan_failure(const struct view_version *v)
{
	return v->on_failure == ON_FAILURE_WARN ? VIEW_WARNING : VIEW_FAILED;
}

/* Rules 2 to 6 and 12, of the newest version that waits or has started (plan_start.c). */
void plan_head(struct planning *p, const struct view_version *head);
/* Rules 7, 8, 11 and 13, of a version that is committed or waits (plan_run.c). */
void plan_version(struct planning *p, const struct view_version *v);
/* Rules 9 and 10, of a Job (plan_run.c). */
void plan_job(struct planning *p, const struct view_job *job);

#endif
