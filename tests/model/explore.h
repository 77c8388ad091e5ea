/*
 * explore - every state that can be reached within the bounds, breadth first, so that the trace to
 * a broken invariant is a shortest one. Replicas that changed places are the same state.
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
