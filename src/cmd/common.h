/*
 * common - what the mains of the daemons share: from the command line to the exit code. Main
 * thread.
 */
#ifndef PROMOGATE_CMD_COMMON_H
#define PROMOGATE_CMD_COMMON_H

#include "base/err.h"
#include "client/credentials.h"
#include "cmd/common_flags.h"
#include "cmd/flags.h"
#include "sandbox/sandbox.h"

/* Everything is borrowed. */
struct daemon {
	const struct program *program;
	void *settings; /* what the program's flags are stored in, zeroed */
	const struct common_settings *common; /* in settings */
	/* Refuses, with ERR_INVALID, what single flags can't; before any thread is started. */
	int (*check)(void *settings, struct err *err);
	/* Serves until a signal. ERR_INVALID: the fault is in the configuration. */
	int (*run)(void *settings, struct err *err);
};

/*
 * Reads the flags, or prints what they ask for, and runs. Returns the exit code: EXIT_USAGE for a
 * fault in the configuration, which is reported in one line on stderr, or in the log once it runs.
 */
int daemon_main(const struct daemon *d, int argc, char **argv);

/*
 * Enters the sandbox, unless the flags switch it off. What both daemons need is added to what this
 * one does: files after DAEMON_FILES and listen after DAEMON_LISTEN. Before any thread is started.
 */
enum { DAEMON_FILES = 4, DAEMON_LISTEN = 1 };
int daemon_sandbox(const struct common_settings *common, const struct credentials *credentials,
	const struct sandbox *own, struct err *err);

/* "NAME/VERSION", as the API server logs it; for free(). */
char *daemon_user_agent(const struct program *p);

#endif
