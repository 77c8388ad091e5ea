/*
 * explore - visits every state within the bounds, breadth first, so that the trace to a broken
 * invariant is as short as possible. States that differ only in the order of replicas are equal.
 */
#ifndef PROMOGATE_TESTS_MODEL_EXPLORE_H
#define PROMOGATE_TESTS_MODEL_EXPLORE_H

#include "model.h"
#include "trace.h"

struct explored {
	uint32_t states, worlds, depth;
	size_t bytes;
	bool closed; /* within states_max */
	const char *broken; /* NULL: everything holds */
	struct trace trace; /* to what is broken */
};

/* settles: I4 is checked too. */
void explore(struct model *m, uint32_t states_max, bool settles, struct explored *ret);
void explored_release(struct explored *e);

#endif
