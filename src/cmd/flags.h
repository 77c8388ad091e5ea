/*
 * flags - the settings of a program as one table, from which the command line and the environment
 * are read and help and docs/reference.md are written (cmd/flags_help.h). Each flag has a twin in
 * the environment, PROMOGATE_ and its name in capitals ("--drain-timeout",
 * PROMOGATE_DRAIN_TIMEOUT); the command line wins. Pure: the environment is an argument.
 */
#ifndef PROMOGATE_CMD_FLAGS_H
#define PROMOGATE_CMD_FLAGS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* As most commands have it, besides EXIT_SUCCESS and EXIT_FAILURE: a call that makes no sense. */
enum { EXIT_USAGE = 2 };

/* What a flag takes, and the type of the member of the settings that it is stored in. */
enum flag_type {
	FLAG_TEXT, /* const char *, as written */
	FLAG_NAME, /* const char *, the name of a Kubernetes object */
	FLAG_ENUM, /* int, the index of the word */
	FLAG_LIST, /* struct strmap of keys alone, which the caller releases; separated by commas */
	FLAG_COUNT, /* int64_t, from min to max */
	FLAG_DURATION, /* int64_t, ms, as Go writes durations; a fraction of 1 ms counts as 1 ms */
	FLAG_TIME, /* int64_t, ms since 1970; INT64_MIN for "", which is none */
};

struct flag {
	const char *name; /* "drain-timeout" */
	enum flag_type type;
	size_t at; /* offsetof() the member of the settings */
	const char *value_name; /* "FILE", for help; NULL: as its type has it */
	const char *help;
	const char *fallback; /* as it would be written; NULL: the member stays as it is */
	const char *const *words; /* of FLAG_ENUM; NULL ends them */
	int64_t min, max; /* of FLAG_COUNT; of FLAG_DURATION max alone, 0 for none */
};

struct program {
	const char *name;
	const char *purpose; /* one sentence */
	const struct flag *flags;
	size_t flag_count;
};

enum { FLAGS_HELP = 1, FLAGS_VERSION = 2 };

/* The value of a variable, NULL if it is not set. */
typedef const char *flags_env_fn(const char *variable);

/*
 * 0: every value is in settings, which was zeroed before. FLAGS_HELP, FLAGS_VERSION: the user asked
 * for it. ERR_INVALID: one line that names the flag or the variable, and the fix. Texts and names
 * borrow from argv and the environment.
 */
int flags_parse(const struct program *p, int argc, const char *const *argv, flags_env_fn *env,
	void *settings, struct err *err);

/* The name of its twin in the environment; for free(). */
char *flag_variable(const struct flag *f);
/* Appends what it takes: "a whole number from 0 to 64". */
void flag_describe_value(const struct flag *f, struct buf *to);

#endif
