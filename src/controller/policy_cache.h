/*
 * policy_cache - what both programs know of policies: the PromotionPolicies, the labels of each
 * namespace, and each KeptnAppContext as policies see it. Three stores keep it up to date. Where
 * the kind PromotionPolicy is not installed, there are none.
 *
 * On the client's thread alone, except what is documented otherwise; other threads may read under
 * the lock of the configuration.
 */
#ifndef PROMOGATE_CONTROLLER_POLICY_CACHE_H
#define PROMOGATE_CONTROLLER_POLICY_CACHE_H

#include "base/buf.h"
#include "controller/env.h"
#include "policy/policies.h"
#include "run/lock.h"

struct policy_cache;

/*
 * Each may be NULL. What changed is NULL if it may be anything. That the status of a policy was
 * written is no change, except since when the tasks count that it adds.
 */
struct policy_cache_handler {
	void (*policies_changed)(void *ctx, const char *name);
	void (*namespace_changed)(void *ctx, const char *ns);
	void (*context_changed)(void *ctx, const char *ns, const char *name);
	/* policy_cache_synced() may have changed. */
	void (*progressed)(void *ctx);
	void *ctx;
};

/* Starts the informers. lock: held for writing while something changes; NULL: one thread reads. */
struct policy_cache *policy_cache_new(
	const struct env *env, struct rwlock *lock, const struct policy_cache_handler *handler);
/* After api_free(). */
void policy_cache_free(struct policy_cache *c);

/* Those that are valid. */
const struct policies *policy_cache_policies(const struct policy_cache *c);
/* One that is not: it counts as absent. */
struct invalid_policy {
	const char *name, *resource_version;
	int64_t generation;
	const char *detail; /* its first fault; NULL if there is none to name */
};
/* Visits each of those, in byte order. On the client's thread. */
typedef void policy_cache_invalid_fn(void *ctx, const struct invalid_policy *p);
void policy_cache_invalid(const struct policy_cache *c, policy_cache_invalid_fn *visit, void *ctx);
/* NULL: the namespace is not known. */
const struct labels *policy_cache_namespace(const struct policy_cache *c, const char *ns);
/* Each namespace, in byte order. */
typedef void policy_cache_namespace_fn(void *ctx, const char *ns, const struct labels *labels);
void policy_cache_namespaces(
	const struct policy_cache *c, policy_cache_namespace_fn *visit, void *ctx);
/* NULL: there is no such context. */
const struct subject *policy_cache_context(
	const struct policy_cache *c, const char *ns, const char *name);
/* Each context of a namespace, or of all (NULL), in byte order; false ends it. */
typedef bool policy_cache_visit_fn(void *ctx, const struct subject *s);
void policy_cache_contexts(
	const struct policy_cache *c, const char *ns, policy_cache_visit_fn *visit, void *ctx);
/* The same for those after this one, which need not be there; "" and "" begins. */
void policy_cache_contexts_after(const struct policy_cache *c, const char *ns, const char *name,
	policy_cache_visit_fn *visit, void *ctx);

bool policy_cache_synced(const struct policy_cache *c);
/* As informer_unheard(), of namespaces: their labels may be outdated. Any thread. */
bool policy_cache_namespaces_unheard(const struct policy_cache *c);
/* As informer_ready(), of all three. Any thread. */
int policy_cache_ready(const struct policy_cache *c, struct buf *reasons);

#endif
