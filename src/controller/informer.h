/*
 * informer - keeps a copy of one kind of object up to date: a list in pages, then a watch from
 * where the list was taken, for ever (Kubernetes: "API concepts, efficient detection of changes").
 *
 * It hands each object to its owner, who keeps what it needs of it: the informer itself remembers
 * nothing but a resourceVersion. The watch ends now and then and is taken up where it was; a
 * resourceVersion that is too old (410) means listing again; after an error it tries again with a
 * growing, jittered delay. A kind that the cluster does not serve (404) counts as an empty list and
 * is looked for again.
 *
 * Everything happens on the client's thread (client/api.h), but for what says otherwise.
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
 * What the owner does with what comes. A list is begun, each object set, and then ended; one that
 * fails is begun again.
 */
struct informer_handler {
	void (*list_begin)(void *ctx);
	void (*list_end)(void *ctx); /* what was not set since list_begin does not exist */
	void (*set)(void *ctx, const char *ns, const char *name, const struct json *object);
	void (*remove)(void *ctx, const char *ns, const char *name); /* never within a list */
	/*
	 * After each list and each line of the watch, bookmarks too: informer_progress() and
	 * informer_synced() may say something else than before. NULL: nobody waits for that.
	 */
	void (*progressed)(void *ctx);
	void *ctx;
};

struct informer;

/*
 * Starts at once. label_selector NULL: all objects; else what does not match it does not exist, and
 * an object that stops matching is removed. Its string and those of kind must live as long as the
 * informer; env must outlive it.
 */
struct informer *informer_new(const struct env *env, const struct url *kind,
	const char *label_selector, const struct informer_handler *handler);
/* After api_free(), which ends whatever the informer has under way. */
void informer_free(struct informer *i);
DEFINE_CLEANUP(struct informer, informer_free)

/* Whether a first list has been handed over whole. Any thread. */
bool informer_synced(const struct informer *i);
/* informer_synced() as 0 or -1, with a line in reasons if it is not. Any thread. */
int informer_ready(const struct informer *i, struct buf *reasons);
/*
 * The highest resourceVersion up to which everything was handed over: a list's, an event's or a
 * bookmark's. Whoever has written an object waits for its resourceVersion here before believing the
 * copy. 0 before the first list is whole, or if the versions are no numbers (they are: KEP-5504).
 *
 * It never goes down, also where a later list is older (a backup was restored): who waits must not
 * wait for ever. The copy is that of the list all the same.
 */
uint64_t informer_progress(const struct informer *i);

#endif
