/*
 * runnable - whether a KeptnTaskDefinition can run where an application names it: its own faults,
 * and those of the chain of functionRefs that its code comes through.
 */
#ifndef PROMOGATE_ADMISSION_RUNNABLE_H
#define PROMOGATE_ADMISSION_RUNNABLE_H

#include "admission/lookup.h"
#include "base/buf.h"

/* Appends what is wrong, and its mend; nothing if t can run. */
void runnable_describe(
	const struct known *k, const char *app_ns, const struct taskdef *t, struct buf *to);

/* lookup_need() for this name and the chain behind it: all that the description rests on. */
bool runnable_need(
	const struct known *k, const char *app_ns, const char *name, struct needs *needs);

#endif
