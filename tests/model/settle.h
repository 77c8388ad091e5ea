/*
 * settle - I4: from this world, one replica alone, with current views, Jobs that end and no further
 * fault, must come to rest with everything done.
 */
#ifndef PROMOGATE_TESTS_MODEL_SETTLE_H
#define PROMOGATE_TESTS_MODEL_SETTLE_H

#include "model.h"

/* NULL if it does, or if it leaves the bounds. */
const char *settle(struct model *m, const struct world *w);

#endif
