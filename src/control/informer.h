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
 * Everything happens on the client's thread (client/api.h); only informer_synced() may be called
 * from others.
 */
#ifndef PROMOGATE_CONTROL_INFORMER_H
#define PROMOGATE_CONTROL_INFORMER_H

#include <stdbool.h>

#include "base/mem.h"
#include "client/api.h"
#include "kube/url.h"
#include "json/json.h"

/* What the owner does with what comes. A list is begun, each object set, and then ended. */
struct informer_handler {
	void (*list_begin)(void *ctx);
	void (*list_end)(void *ctx); /* what was not set since list_begin does not exist */
	void (*set)(void *ctx, const char *ns, const char *name, const struct json *object);
	void (*remove)(void *ctx, const char *ns, const char *name); /* never within a list */
	void *ctx;
};

struct informer;

/* Starts at once. The strings of kind must live as long as the informer; api must outlive it. */
struct informer *informer_new(
	struct api *api, const struct url *kind, const struct informer_handler *handler);
/* After api_free(), which ends whatever the informer has under way. */
void informer_free(struct informer *i);
DEFINE_CLEANUP(struct informer, informer_free)

/* Whether a first list has been handed over whole. Any thread. */
bool informer_synced(const struct informer *i);
/* The resource it watches, "keptnconfigs". */
const char *informer_resource(const struct informer *i);

#endif
