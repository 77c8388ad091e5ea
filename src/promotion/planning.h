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

#endif
