/*
 * walk - random walks for bounds that are too wide to explore: three versions, three attempts, the
 * limit on running Jobs, `since` and `--max-age`.
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
 * Walks until an invariant breaks, for at most so many seconds and so many walks; 0: no limit. The
 * same seed repeats the same walks.
 */
void walk(struct model *m, uint64_t seed, unsigned seconds, unsigned walks, struct walked *ret);

#endif
