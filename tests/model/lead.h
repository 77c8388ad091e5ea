/*
 * lead - a new leader alone, from any world: it brings all applications to rest by what wakes them,
 * with the queue, the turns and the places under the limit that the reconciler has. It does what
 * reconciler/promoter.c does around them, in the worst order: plans that run at once take turns
 * call by call, and nothing is delivered before they have ended.
 */
#ifndef PROMOGATE_TESTS_MODEL_LEAD_H
#define PROMOGATE_TESTS_MODEL_LEAD_H

#include "model.h"

/* how: Jobs end so. NULL once nothing is left that wakes an application, and s is how it is then. */
const char *lead(struct model *m, struct state *s, enum step_kind how);

#endif
