/*
 * planning - a plan being made: what the parts of plan() share.
 */
#ifndef PROMOGATE_PROMOTION_PLANNING_H
#define PROMOGATE_PROMOTION_PLANNING_H

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

/* For the newest version that waits or has started: rules 2 to 6 and 12 (plan_start.c). */
void plan_head(struct planning *p, const struct view_version *head);
/*
 * For the head, whose next attempt can't go on: gives its uncommitted Jobs back, rule 14
 * (plan_discard.c).
 */
void plan_discard(struct planning *p, const struct view_version *head, unsigned attempt);
/* Rule 14: a later leader has claimed it. */
bool plan_claimed_later(const struct planning *p, const struct view_version *v);
/* For a version that is committed or waits: rules 7, 8, 11 and 13 (plan_run.c). */
void plan_version(struct planning *p, const struct view_version *v);
/* For a version: what a person asks for in vain (plan_request.c). head may be NULL. */
void plan_requests(
	struct planning *p, const struct view_version *v, const struct view_version *head);
/* For a Job: rules 9 and 10 (plan_run.c). */
void plan_job(struct planning *p, const struct view_job *job);
/* Last, for all versions: what their annotations say (plan_explain.c). */
void plan_explain(struct planning *p);

#endif
