/*
 * plan_start - what waits starts, or is given up: rules 2 to 6 and 12.
 */
#ifndef PROMOGATE_PROMOTION_PLAN_START_H
#define PROMOGATE_PROMOTION_PLAN_START_H

#include "promotion/planning.h"

/* For the newest version that waits or has started. */
void plan_head(struct planning *p, const struct view_version *head);

#endif
