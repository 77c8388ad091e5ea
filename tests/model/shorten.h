/*
 * shorten - takes the steps out of a random walk that its end does not need.
 */
#ifndef PROMOGATE_TESTS_MODEL_SHORTEN_H
#define PROMOGATE_TESTS_MODEL_SHORTEN_H

#include "trace.h"

/* What stays breaks the same invariant, though it need not be the shortest way to. */
void shorten(struct model *m, struct trace *t, const char *broken);

#endif
