/*
 * suggest - "did you mean …?": the existing name that is most likely meant.
 */
#ifndef PROMOGATE_ADMISSION_SUGGEST_H
#define PROMOGATE_ADMISSION_SUGGEST_H

#include "admission/lookup.h"

/*
 * A name is near if the edit distance is at most a third of the longer name, or if one abbreviates
 * the other letter by letter ("open-pr" for "open-pull-request") to no less than a third. Capital
 * letters and underscores are read as what a valid name has. The nearest wins, then the first in
 * byte order. NULL if no name is near; otherwise borrowed from k.
 *
 * Only the application's namespace and Keptn's are searched: a name tells that a definition exists.
 *
 * *names_left counts down with each name that is measured; at 0 the rest is skipped.
 */
const char *suggest_definition(
	const struct known *k, const char *app_ns, const char *name, unsigned *names_left);

#endif
