/*
 * plan_run - what was committed runs, is recorded, and goes: rules 7 to 11 and 13.
 */
#ifndef PROMOGATE_PROMOTION_PLAN_RUN_H
#define PROMOGATE_PROMOTION_PLAN_RUN_H

#include "promotion/planning.h"

/* Rules 7, 8, 11 and 13, for a version that is committed or waits. */
void plan_version(struct planning *p, const struct view_version *v);
/* Rules 9 and 10, for a Job. */
void plan_job(struct planning *p, const struct view_job *job);

#endif
