/*
 * syscalls - the system calls that a daemon makes once it is set up, as a table. Pure data, which
 * sandbox.c hands to libseccomp. What is not in it ends the process.
 *
 * The table is what the tests reach (docs/security.md), and what the C library uses in their place
 * on other kernels and processors.
 */
#ifndef PROMOGATE_SANDBOX_SYSCALLS_H
#define PROMOGATE_SANDBOX_SYSCALLS_H

#include <stddef.h>
#include <stdint.h>

enum { SYSCALL_CONDITIONS = 3 };

/* Argument number arg, counted from 0, and its bits of mask, must be value. No mask: none. */
struct syscall_condition {
	unsigned arg;
	uint32_t mask, value;
};

struct syscall_rule {
	const char *name;
	int error; /* 0: allowed; else the call fails with this errno, and nothing ends */
	struct syscall_condition conditions[SYSCALL_CONDITIONS]; /* all of them */
	int own_process; /* the first argument must be this process */
};

extern const struct syscall_rule syscall_rules[];
extern const size_t syscall_rule_count;

#endif
