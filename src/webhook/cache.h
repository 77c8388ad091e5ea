/*
 * cache - what the webhook knows of the cluster: the task definitions, reduced to a few bytes each,
 * and what Keptn's configuration says. Informers fill it on the client's thread; any thread reads
 * it, between cache_read() and cache_read_end(), for the microseconds that a verdict takes.
 */
#ifndef PROMOGATE_WEBHOOK_CACHE_H
#define PROMOGATE_WEBHOOK_CACHE_H

#include "admission/definitions.h"
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

/* What a reader sees; valid until cache_read_end(). */
struct cache_view {
	const struct definitions *definitions;
	enum block_deployment block_deployment;
};

struct cache_view cache_read(struct cache *c);
void cache_read_end(struct cache *c);

/* 0 once every list was taken; else -1, with a line in reasons for each that was not. */
int cache_ready(struct cache *c, struct buf *reasons);

#endif
