/*
 * landlock - files and TCP ports, as far as the kernel can restrict them (landlock(7)). Main thread,
 * before others are started: threads inherit it.
 */
#ifndef PROMOGATE_SANDBOX_LANDLOCK_H
#define PROMOGATE_SANDBOX_LANDLOCK_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * What a version of the kernel's interface (ABI) can restrict, as its bits; nothing below 1. Laid
 * out as its struct landlock_ruleset_attr.
 */
struct landlock_rights {
	uint64_t files, tcp, scopes;
};
struct landlock_rights landlock_rights(int abi);

/* The version of this kernel's interface; 0: it has none, or it is switched off. */
int landlock_abi(void);

/* What a process still needs. Everything is borrowed. */
struct landlock_needs {
	const char *const *paths; /* to read: files, and folders with what is in them */
	size_t path_count;
	const uint16_t *bind, *connect; /* TCP ports; 0 to bind is one that the kernel chooses */
	size_t bind_count, connect_count;
};

/*
 * From now on nothing else is read, no file is written, and TCP uses these ports only, as far as
 * the kernel can restrict it. A path that does not exist is left out.
 */
int landlock_restrict(int abi, const struct landlock_needs *needs, struct err *err);

#endif
