/*
 * shorten - removes the steps of a random walk that its end does not need.
 */
#ifndef PROMOGATE_TESTS_MODEL_SHORTEN_H
#define PROMOGATE_TESTS_MODEL_SHORTEN_H

#include "trace.h"

/* The rest breaks the same invariant; it need not be the shortest trace that does. */
void shorten(struct model *m, struct trace *t, const char *broken);

#endif
