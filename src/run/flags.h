/*
 * flags - the settings of a program: one table that parses the command line and the environment,
 * and prints --help. Each flag has a twin in the environment, PROMOGATE_ and its name in capitals
 * ("--drain-seconds", PROMOGATE_DRAIN_SECONDS); the command line goes first. Main thread, at start.
 */
#ifndef PROMOGATE_RUN_FLAGS_H
#define PROMOGATE_RUN_FLAGS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct flag {
	const char *name; /* "drain-seconds" */
	const char *value_name; /* "N", for --help */
	const char *help;
	const char *fallback; /* as it would be written; NULL: none */
	/* Exactly one of these, where the value goes: text as it is, or a number within a range. */
	const char **text;
	int64_t *number;
	int64_t min, max;
};

struct program {
	const char *name;
	const char *purpose; /* one line */
	const struct flag *flags;
	size_t flag_count;
};

enum { FLAGS_HELP = 1, FLAGS_VERSION = 2 };

/*
 * 0: every value is set. FLAGS_HELP, FLAGS_VERSION: the user asked for it. ERR_INVALID: one line
 * that names the flag, or the variable, and the mend. The values borrow from argv and environment.
 */
int flags_parse(const struct program *p, int argc, const char *const *argv, struct err *err);

/* Prints --help to standard output. */
void flags_print_help(const struct program *p);

#endif
