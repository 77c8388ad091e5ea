/*
 * cache - what a promotion needs besides its version and its Jobs: the task definitions, policies,
 * and what applications and Keptn's configuration say about failures.
 *
 * On the client's thread alone (controller/env.h), except cache_ready().
 */
#ifndef PROMOGATE_RECONCILER_CACHE_H
#define PROMOGATE_RECONCILER_CACHE_H

#include "base/buf.h"
#include "controller/env.h"
#include "controller/policy_cache.h"
#include "keptn/onfailure.h"
#include "keptn/resolve.h"
#include "policy/policies.h"

struct cache;

struct cache_handler {
	/* The task definitions of this namespace have changed; NULL: of any. */
	void (*definitions_changed)(void *ctx, const char *ns);
	/*
	 * What policies say of this application may have changed; NULL: of any of the namespace,
	 * and that NULL, too: of any at all.
	 */
	void (*policies_changed)(void *ctx, const char *ns, const char *app);
	/* The result of cache_block_deployment() has. May be NULL. */
	void (*config_changed)(void *ctx);
	/* The result of cache_synced() may have changed. */
	void (*progressed)(void *ctx);
	void *ctx;
};

/* Starts the informers. keptn_namespace is borrowed; env must outlive them. */
struct cache *cache_new(
	const struct env *env, const char *keptn_namespace, const struct cache_handler *handler);
/* After api_free(). */
void cache_free(struct cache *c);
DEFINE_CLEANUP(struct cache, cache_free)

/*
 * Resolves a task to its struct job_definitions. ERR_NOT_FOUND if it has no definition, ERR_INVALID
 * if the one that it has can't run; the message names the task and the fix. ret borrows from the
 * cache until a definition changes, and borrows ns and task. A definition may be an outline: large
 * ones are not kept whole (base/limits.h).
 */
int cache_resolve(const struct cache *c, const char *ns, const char *task, struct resolution *ret,
	struct err *err);

/* What cache_resolve() asks; borrows the cache and ns. */
struct resolver cache_resolver(const struct cache *c, const char *ns);

/* Another number after each change of a definition. */
unsigned cache_round(const struct cache *c);

/* What the definition of a task, as it is resolved in this namespace, says of failures. */
enum on_failure_choice cache_definition_choice(
	const struct cache *c, const char *ns, const char *task);

/* What policies look at: its context, or its name alone. Borrows until something changes. */
struct subject cache_subject(const struct cache *c, const char *ns, const char *app);
/*
 * The policies that match it. False if that is not known: its namespace is not there yet. Borrows
 * until something changes.
 */
bool cache_match(const struct cache *c, const struct subject *s, struct policy_match *ret);
/* All of them, with what they look at. */
const struct policy_cache *cache_policies(const struct cache *c);
/* KeptnConfig's. */
enum block_deployment cache_block_deployment(const struct cache *c);

bool cache_synced(const struct cache *c);
/*
 * 0 once every list is complete, while every kind is heard of; else -1. With a line in reasons for
 * each other, and for what is skipped (controller/informer.h). Any thread.
 */
int cache_ready(const struct cache *c, struct buf *reasons);

#endif
