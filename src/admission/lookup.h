/*
 * lookup - finding the KeptnTaskDefinition that a task name means, among what is known.
 *
 * Keptn looks in the application's namespace and, only if there is none, in its own. The informer's
 * cache lags: somebody who applies a definition and its context together makes them milliseconds
 * apart. So what would be held against a request is not believed of the cache: the names go to a
 * list of needs, somebody asks the API server, and the same question is put again with the answers
 * as `confirmed`.
 */
#ifndef PROMOGATE_ADMISSION_LOOKUP_H
#define PROMOGATE_ADMISSION_LOOKUP_H

#include "admission/definitions.h"
#include "keptn/onfailure.h"

/* All that a judgement rests on besides the request. Borrowed. */
struct known {
	const char *keptn_namespace;
	const struct definitions *cached;
	const struct definitions *confirmed; /* live answers; never NULL */
	const struct strmap *lenient_managers;
	enum block_deployment block_deployment;
	size_t max_promotion_tasks; /* 0: no limit */
};

/* "namespace/name" of what must be confirmed; at most LIMIT_LOOKUPS_PER_ROUND at a time. */
struct needs {
	struct strmap names;
};

#define NEEDS_INIT {.names = STRMAP_INIT(NULL)}

void needs_release(struct needs *n); /* for CLEANUP() too */

struct lookup {
	const struct taskdef *definition; /* NULL: there is none */
	const char *namespace; /* where it is */
};

struct lookup lookup_definition(const struct known *k, const char *app_ns, const char *name);

/*
 * Adds what the answer for this name rests on and is not confirmed yet. True if there is such a
 * thing, even where the list was full.
 */
bool lookup_need(const struct known *k, const char *app_ns, const char *name, struct needs *needs);

#endif
