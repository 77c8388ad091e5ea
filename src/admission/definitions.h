/*
 * definitions - the KeptnTaskDefinitions that are known, by namespace and name: the informer's
 * cache, or the live answers that one request asked for. The owner does the locking.
 */
#ifndef PROMOGATE_ADMISSION_DEFINITIONS_H
#define PROMOGATE_ADMISSION_DEFINITIONS_H

#include "base/strmap.h"
#include "keptn/taskdefinition.h"

struct definitions {
	/* "namespace/name" to struct taskdef, or to NULL: known to be absent. */
	struct strmap by_key;
};

#define DEFINITIONS_INIT {.by_key = STRMAP_INIT(free)}

enum definitions_answer { DEFINITIONS_UNKNOWN, DEFINITIONS_ABSENT, DEFINITIONS_PRESENT };

void definitions_release(struct definitions *d); /* for CLEANUP() too */

/* Invalid object names are ignored. t_take is NULL for a definition that is known to be absent. */
void definitions_put(
	struct definitions *d, const char *ns, const char *name, struct taskdef *t_take);

/* *ret is set for DEFINITIONS_PRESENT only. */
enum definitions_answer definitions_find(
	const struct definitions *d, const char *ns, const char *name, const struct taskdef **ret);

/* Visits those of one namespace that are present, in byte order of their names; false ends it. */
typedef bool definitions_visit_fn(void *ctx, const char *name, const struct taskdef *t);
void definitions_walk(
	const struct definitions *d, const char *ns, definitions_visit_fn *visit, void *ctx);

#endif
