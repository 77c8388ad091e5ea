/*
 * walk - random walks, where the bounds are too wide to explore: three versions, three attempts,
 * the cap, `since` and `--max-age`.
 */
#ifndef PROMOGATE_TESTS_MODEL_WALK_H
#define PROMOGATE_TESTS_MODEL_WALK_H

#include "trace.h"

struct walked {
	uint64_t steps, walks, seed; /* seed: of the last walk */
	const char *broken;
	struct trace trace;
};

/*
 * Walks until something breaks, or for so many seconds, or so many walks, whichever is first; 0: no
 * such limit. The same seed takes the same walks.
 */
void walk(struct model *m, uint64_t seed, unsigned seconds, unsigned walks, struct walked *ret);

#endif
