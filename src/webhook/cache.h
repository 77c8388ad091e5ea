/*
 * cache - what the webhook knows of the cluster: the task definitions, reduced to a few bytes each,
 * Keptn's configuration, and the policies with what they match. Informers fill it on the client's thread; any thread may read it,
 * between cache_read() and cache_read_end(), for the microseconds that a verdict takes. A reader
 * never sees a list that is not complete: the copy from before it counts until then.
 */
#ifndef PROMOGATE_WEBHOOK_CACHE_H
#define PROMOGATE_WEBHOOK_CACHE_H

#include "admission/lookup.h"
#include "base/buf.h"
#include "base/mem.h"
#include "controller/env.h"
#include "keptn/onfailure.h"

struct cache;

/* Starts the informers. env must outlive the cache's use. */
struct cache *cache_new(const struct env *env, const char *keptn_namespace);
/* After api_free(). */
void cache_free(struct cache *c);
DEFINE_CLEANUP(struct cache, cache_free)

/* What a reader sees: borrowed, until cache_read_end(). */
struct cache_view {
	struct definitions definitions;
	bool unheard; /* nothing was heard of definitions for LIMIT_UNHEARD_MS */
	enum block_deployment block_deployment;
	struct surroundings around; /* a namespace of which nothing was heard is not known */
};

struct cache_view cache_read(struct cache *c);
void cache_read_end(struct cache *c);
/* Between the two: as policy_cache_contexts_after(). */
void cache_contexts_after(
	const struct cache *c, const char *ns, const char *name, known_visit_fn *visit, void *ctx);

/*
 * A server_ready: 0 once every list is complete; else -1, with a line in reasons for each other. A
 * kind that is not heard of any more, or an object that is skipped, is a line in reasons too, and no
 * more: with no replica ready, no context could be written at all.
 */
int cache_ready(void *cache, struct buf *reasons);

#endif
