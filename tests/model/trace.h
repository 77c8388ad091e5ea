/*
 * trace - the steps to a state, as a file that can be replayed:
 *
 *	bounds versions=1 tasks=2 ...   the model
 *	R1 plans                        one step per line, as model_say() describes it
 *	! I8: a Job runs ...            the invariant that the steps break
 */
#ifndef PROMOGATE_TESTS_MODEL_TRACE_H
#define PROMOGATE_TESTS_MODEL_TRACE_H

#include <stdio.h>

#include "model.h"

struct trace {
	struct step *steps;
	size_t count, cap;
};

void trace_add(struct trace *t, const struct step *step);
void trace_release(struct trace *t);
void trace_print(struct model *m, const struct trace *t, const char *broken, FILE *to);

/* The result of a replay: the invariant that broke, NULL for none. */
struct replayed {
	char expected[200];
	const char *broken;
	char stuck[200]; /* the first step that was not possible; empty for none */
};

/* fixed: without the plant that the file names. False: the file can't be read. */
bool trace_replay(const char *path, bool fixed, struct replayed *ret);

#endif
