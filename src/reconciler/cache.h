/*
 * cache - what a promotion needs besides its version and its Jobs: the task definitions, and what
 * applications and Keptn's configuration say about failures.
 *
 * On the client's thread alone (controller/env.h), except cache_ready().
 */
#ifndef PROMOGATE_RECONCILER_CACHE_H
#define PROMOGATE_RECONCILER_CACHE_H

#include "base/buf.h"
#include "base/limits.h"
#include "controller/env.h"
#include "json/json.h"
#include "keptn/onfailure.h"

struct cache;

/* The task definitions of this namespace have changed; NULL: of any. */
typedef void cache_changed_fn(void *ctx, const char *ns);
/* The result of cache_synced() may have changed. */
typedef void cache_progressed_fn(void *ctx);

/* Starts the informers. keptn_namespace is borrowed; api must outlive them. */
struct cache *cache_new(const struct env *env, const char *keptn_namespace,
	cache_changed_fn *changed, cache_progressed_fn *progressed, void *ctx);
/* After api_free(). */
void cache_free(struct cache *b);
DEFINE_CLEANUP(struct cache, cache_free)

/*
 * The definition of a task and those that its functionRefs lead to, each from the application's
 * namespace or else from Keptn's.
 */
struct chain {
	struct json *definitions[LIMIT_FUNCTION_REF_DEPTH + 1];
	size_t count;
};

void chain_release(struct chain *c); /* for CLEANUP() too */

/*
 * ERR_NOT_FOUND if the task has no definition, ERR_INVALID if what there is can't run; the message
 * names it and the mend.
 */
int cache_chain(const struct cache *b, const char *ns, const char *task, struct chain *ret,
	struct err *err);

/* Another number after each change of a definition. */
unsigned cache_round(const struct cache *b);

/* What a failed task of this application does to its promotion. */
struct on_failure_decision cache_on_failure(
	const struct cache *b, const char *ns, const char *application);

bool cache_synced(const struct cache *b);
/*
 * 0 once every list is complete; else -1, with a line in reasons for each other. Any thread.
 */
int cache_ready(const struct cache *b, struct buf *reasons);

#endif
