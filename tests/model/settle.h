/*
 * settle - I4: from this world on, one replica alone, with views that are up to date, Jobs that end
 * and no further fault, must come to rest with everything done.
 */
#ifndef PROMOGATE_TESTS_MODEL_SETTLE_H
#define PROMOGATE_TESTS_MODEL_SETTLE_H

#include "model.h"

/* NULL where it does, or where it leaves the bounds on the way. */
const char *settle(struct model *m, const struct world *w);

#endif
