/*
 * strict - one pass that checks JSON text against RFC 8259 before cJSON, which is lenient, builds a
 * tree from it. Pure; no allocation.
 */
#ifndef PROMOGATE_JSON_STRICT_H
#define PROMOGATE_JSON_STRICT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct strict {
	size_t values; /* itself, and all below it */
	bool has_nul; /* some string has an escaped NUL */
};

/*
 * 0 if the bytes are one JSON value with only white space around it, valid UTF-8, no deeper than
 * max_depth and of at most max_values values. ERR_INVALID or ERR_TOO_LARGE otherwise, naming the
 * byte. Duplicate keys are not checked here.
 */
int strict_check(const char *text, size_t len, int max_depth, size_t max_values, struct strict *ret,
	struct err *err);

#endif
