/*
 * suggest - "did you mean …?": the name among those that exist that somebody most likely meant.
 */
#ifndef PROMOGATE_ADMISSION_SUGGEST_H
#define PROMOGATE_ADMISSION_SUGGEST_H

#include "admission/lookup.h"

/*
 * Near is an edit distance of at most a third of the longer name, or a name that the other one
 * abbreviates letter by letter ("open-pr" for "open-pull-request"). The nearest wins, then the
 * first in byte order. NULL if nothing is near; otherwise borrowed from what is known.
 *
 * *names_left counts down with each name that is measured; at 0 the others are passed over.
 */
const char *suggest_definition(
	const struct known *k, const char *app_ns, const char *name, unsigned *names_left);

#endif
