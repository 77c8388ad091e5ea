/*
 * sets - the bounds to explore, the rules to leave out, and the walks.
 */
#ifndef PROMOGATE_TESTS_MODEL_SETS_H
#define PROMOGATE_TESTS_MODEL_SETS_H

#include "model.h"

struct set {
	struct bounds bounds;
	bool is_short; /* of `make test` */
	uint32_t states_max;
};
extern const struct set sets[];
extern const size_t sets_count;

/* A row of "What breaks without each rule". */
struct planted {
	struct bounds bounds; /* bounds.name: what is left out */
	const char *file; /* tests/scenarios/plan/FILE.txt has its trace */
	const char *breaks; /* "I8" */
	uint32_t states_max;
	bool too_narrow; /* for a random walk to find it soon */
};
extern const struct planted planted[];
extern const size_t planted_count;

extern const struct bounds walks[];
extern const size_t walks_count;

#endif
