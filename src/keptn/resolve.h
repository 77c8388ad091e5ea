/*
 * resolve - whether the KeptnTaskDefinition that a task names can run, and if not, why. The webhook
 * asks this before it admits a context, the reconciler before it creates a Job: both get the same
 * answer, in the same words.
 *
 *	struct resolver + task name --resolve()--> struct resolution --resolution_describe()--> text
 *	      |      ^
 *	      v      |
 *	find(namespace, name): present, absent or unknown
 *
 * As in Keptn, a name means the definition in the application's namespace, or, only if there is
 * none, that in Keptn's. This holds for every functionRef too, whichever namespace the definition
 * that holds it is in. A task can run if its definition has no fault, and if its functionRefs, at
 * most LIMIT_FUNCTION_REF_DEPTH, end at a definition with code.
 *
 * A cache lags: what find() reports as unconfirmed is used, but if the task can't run, the names
 * that this depends on are listed. A caller that must not trust a cache confirms them by a live
 * look-up and resolves again; each time at least one name more is confirmed.
 */
#ifndef PROMOGATE_KEPTN_RESOLVE_H
#define PROMOGATE_KEPTN_RESOLVE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/limits.h"
#include "keptn/taskdefinition.h"

/* Present or absent, each confirmed or not; unconfirmed and absent is unknown. */
struct resolve_found {
	const struct taskdef *definition; /* NULL: absent, or unknown */
	bool confirmed; /* the API server reported it: no need to ask again */
};

typedef struct resolve_found resolve_find_fn(const void *ctx, const char *ns, const char *name);

/* Borrowed. */
struct resolver {
	const char *namespace; /* of the application */
	const char *keptn_namespace;
	resolve_find_fn *find; /* asked for valid object names only */
	const void *ctx;
};

enum resolve_outcome {
	RESOLVE_RUNS,
	RESOLVE_BAD_NAME, /* the task's name is not a valid object name */
	RESOLVE_MISSING, /* the task has no definition */
	RESOLVE_FAULTY, /* its definition has faults */
	/* What a functionRef leads to; its definition may have faults as well. */
	RESOLVE_PARENT_MISSING,
	RESOLVE_PARENT_CONTAINER,
	RESOLVE_PARENT_WITHOUT_CODE,
	RESOLVE_CYCLE,
	RESOLVE_TOO_DEEP,
};

struct resolve_link {
	const char *name, *namespace;
	const struct taskdef *definition;
};

enum { RESOLVE_CHAIN_MAX = LIMIT_FUNCTION_REF_DEPTH + 1 };

/* Borrows what the resolver borrows, the task's name and the definitions. */
struct resolution {
	struct resolver resolver;
	enum resolve_outcome outcome;
	/* The task's definition, then those that the functionRefs lead to, as far as they exist. */
	struct resolve_link chain[RESOLVE_CHAIN_MAX];
	size_t count;
	/* What the outcome depends on and is not confirmed, present or absent. */
	struct resolve_link unconfirmed[2 * RESOLVE_CHAIN_MAX];
	size_t nunconfirmed;
};

void resolve(const struct resolver *r, const char *name, struct resolution *ret);
/*
 * Only whether there is a definition, which is then not looked at: RESOLVE_BAD_NAME,
 * RESOLVE_MISSING or RESOLVE_RUNS.
 */
void resolve_name(const struct resolver *r, const char *name, struct resolution *ret);

/*
 * Appends a sentence about the task, with the fix; nothing for RESOLVE_RUNS. suggestion: a name
 * that may have been meant instead of a missing or an invalid one, or NULL.
 */
void resolution_describe(const struct resolution *r, const char *suggestion, struct buf *to);

#endif
