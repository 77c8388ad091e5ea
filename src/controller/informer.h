/*
 * informer - follows all objects of one kind: a list in pages, then a watch from the list's
 * resourceVersion, repeated until the client is freed (Kubernetes: "API concepts, efficient
 * detection of changes").
 *
 * It passes each object to its owner and stores nothing but a resourceVersion (controller/store.h
 * stores objects). A watch that ends, or that is silent for too long (kube/watch_health.h), is
 * resumed from the last resourceVersion; if that is too old (410), the informer lists again; after
 * an error it retries with a growing, jittered delay. A 404 is such an error, except for a kind of
 * a CRD that the API server's discovery lacks too: that counts as an empty list, and is retried.
 *
 * Its lists wait for no other call, so it is complete soon even while many wait.
 *
 * An object that can't be read (too large, too deep, too many values) never stops its kind: it is
 * skipped, counted, logged and named by informer_ready(). A page that holds one is asked for again
 * with fewer objects; a page of one is skipped by its continue token.
 *
 * Everything runs on the client's thread (controller/env.h), except where documented otherwise.
 */
#ifndef PROMOGATE_CONTROLLER_INFORMER_H
#define PROMOGATE_CONTROLLER_INFORMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/mem.h"
#include "controller/env.h"
#include "json/json.h"
#include "kube/url.h"

/*
 * The owner's side. A list is list_begin, one set for each object, and list_end; a list that fails
 * starts over with list_begin.
 */
struct informer_handler {
	void (*list_begin)(void *ctx);
	void (*list_end)(void *ctx); /* objects not set since list_begin do not exist */
	void (*set)(void *ctx, const char *ns, const char *name, const struct json *object);
	void (*remove)(void *ctx, const char *ns, const char *name); /* never during a list */
	/* This object exists and can't be read: what is known of it stays. May be NULL. */
	void (*skip)(void *ctx, const char *ns, const char *name);
	/*
	 * After each list and each line of the watch, also a bookmark: informer_progress() and
	 * informer_synced() may have changed. May be NULL.
	 */
	void (*progressed)(void *ctx);
	void *ctx;
};

struct informer;

/*
 * Starts at once. With a label_selector (NULL: none), objects that do not match do not exist, and
 * an object that stops matching is removed. env, label_selector and the strings of kind are
 * borrowed.
 */
struct informer *informer_new(const struct env *env, const struct url *kind,
	const char *label_selector, const struct informer_handler *handler);
/* After api_free(), which ends what the informer has under way. */
void informer_free(struct informer *i);

/* Whether the first list is complete. Any thread. */
bool informer_synced(const struct informer *i);
/*
 * 0 if synced and heard of lately; -1 if not synced; 1 if nothing was heard for LIMIT_UNHEARD_MS:
 * no list succeeds, and no watch brings an event or a bookmark. Adds a line to reasons unless it is
 * 0, and one if objects are skipped. Any thread.
 */
int informer_ready(struct informer *i, struct buf *reasons);
/* Whether nothing was heard for LIMIT_UNHEARD_MS: the owner's copy may be outdated. Any thread. */
bool informer_unheard(const struct informer *i);
/*
 * The highest resourceVersion up to which the owner has everything: a list's, an event's or a
 * bookmark's. After a write, wait for its resourceVersion here before relying on the owner's copy.
 * 0 before the first list is complete, or if versions are not numbers (they are: KEP-5504).
 *
 * It never decreases, even if a later list is older (a backup was restored), so that no wait is
 * endless. The owner's copy is that of the list all the same.
 */
uint64_t informer_progress(const struct informer *i);

#endif
