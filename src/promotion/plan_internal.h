/*
 * plan_internal - a plan while it is made: what its parts share.
 */
#ifndef PROMOGATE_PROMOTION_PLAN_INTERNAL_H
#define PROMOGATE_PROMOTION_PLAN_INTERNAL_H

#include "promotion/plan.h"

struct planning {
	const struct view *view;
	int64_t now;
	uint64_t random; /* of the next name */
	struct plan *to;
};

/* A new action at the end; valid until the next one is added. */
struct plan_action *plan_add(struct planning *p, enum plan_kind kind, const struct view_version *v);
void plan_add_job(struct planning *p, enum plan_kind kind, enum plan_reason reason,
	const struct view_version *v, const struct view_job *job);
void plan_add_change(struct planning *p, struct plan_change change);
/* A RECORD of the changes from first on. */
void plan_add_record(
	struct planning *p, const struct view_version *v, size_t first, enum view_state promotion);
void plan_report(struct planning *p, enum plan_reason reason, const struct view_version *v);
/* Plan again at this time at the latest. */
void plan_wake(struct planning *p, int64_t when);

/* The phase's end where a task failed: the blocking policy. */
enum view_state plan_failure(const struct view_version *v);

/* Rules 2 to 6 and 12, of the newest version that waits or has started (plan_start.c). */
void plan_head(struct planning *p, const struct view_version *head);
/* Rules 7, 8, 11 and 13, of a version that is committed or waits (plan_run.c). */
void plan_version(struct planning *p, const struct view_version *v);
/* Rules 9 and 10, of a Job (plan_run.c). */
void plan_job(struct planning *p, const struct view_job *job);

#endif
