/*
 * plan - every decision of the reconciler: from a view of one application, the time and some
 * randomness it makes the actions to take. It does no I/O, and follows the rules of
 * docs/promotion-protocol.md, by number in the code.
 *
 * The actions of a plan are executed in order. After a 404, a conflict, or a reply that is lost or
 * invalid, the rest is dropped and a new plan is made of what is seen then: no write is repeated
 * with a resourceVersion that no plan was made of (rule 1). So a plan may be made of any old view:
 * the precondition of each action makes that safe.
 */
#ifndef PROMOGATE_PROMOTION_PLAN_H
#define PROMOGATE_PROMOTION_PLAN_H

#include "promotion/plan_list.h"

/* How long a committed Job may stay out of the view before it is looked for again. */
enum { PLAN_LOOK_AGAIN_SECONDS = 60 };

/* now: seconds since 1970. random: a new number for each call; new Jobs are named after it. */
void plan(const struct view *view, int64_t now, uint64_t random, struct plan *ret);

#endif
