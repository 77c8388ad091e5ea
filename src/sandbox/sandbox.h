/*
 * sandbox - gives up what a daemon does not need once it has read its configuration, so that a bug
 * in it is worth less: new privileges, core dumps and debuggers, most file descriptors, all system
 * calls but those of syscalls.h, and, where the kernel has Landlock, all files but those that are
 * read again later, and all TCP ports but its own (docs/security.md).
 *
 * A system call that is not allowed ends the process with SIGSYS, after a line in the log. A file or
 * a port that is not allowed is an error as if permission was missing.
 */
#ifndef PROMOGATE_SANDBOX_SANDBOX_H
#define PROMOGATE_SANDBOX_SANDBOX_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { SANDBOX_FILES = 8, SANDBOX_LISTEN = 2 };

/* What it will need, besides the system's libraries and settings. Borrowed. */
struct sandbox {
	/*
	 * Files that are read again later; NULL: none. Another file may take the place of one, and
	 * so may a link that is in its folder, or that is its folder.
	 */
	const char *files[SANDBOX_FILES];
	const char *server; /* the URL of the API server */
	const char *listen[SANDBOX_LISTEN]; /* the addresses where it listens; NULL: none */
};

/* The port of a URL, or of an address to listen on; 0 if it has none. */
uint16_t sandbox_port(const char *address);

enum { SANDBOX_SANITIZED = 1 };

/*
 * Main thread, before others are started: they inherit it. SANDBOX_SANITIZED: nothing is given up,
 * because a sanitizer's reports need it. *ret_landlock is the version of Landlock, 0 for none.
 */
int sandbox_enter(const struct sandbox *sandbox, int *ret_landlock, struct err *err);

#endif
