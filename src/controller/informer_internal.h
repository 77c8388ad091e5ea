/*
 * informer_internal - what the two parts of an informer share: informer.c has its lists,
 * informer_watch.c its watches.
 */
#ifndef PROMOGATE_CONTROLLER_INFORMER_INTERNAL_H
#define PROMOGATE_CONTROLLER_INFORMER_INTERNAL_H

#include <stdatomic.h>

#include "controller/informer.h"
#include "controller/skipped.h"
#include "kube/backoff.h"
#include "kube/watch_health.h"

struct informer {
	const struct env *env;
	struct url kind;
	const char *label_selector; /* NULL: none */
	struct informer_handler handler;
	struct backoff backoff;
	unsigned page_objects; /* halved while pages are too large */
	char *resource_version; /* NULL: list first */
	struct buf continue_token; /* of the next page; empty: the first */
	uint64_t progress;
	struct watch_health health; /* of the current watch */
	api_id watch, watchdog; /* the watch, and the timer that ends it when it is silent */
	bool silent; /* the watchdog ended it */
	atomic_bool synced;
	_Atomic int64_t heard_ms; /* when something was heard last */
	bool reported_unheard;
	struct skipped *skipped;
};

/* Starts the next page of the list, or the watch; now, or after a delay. */
void informer_start(struct informer *i);
void informer_start_after(struct informer *i, unsigned delay_ms);
/* After the backoff, but not before the API server asks to. err may be NULL. */
void informer_try_later(struct informer *i, const struct err *err);
/* The next start is a list. */
void informer_forget_position(struct informer *i);
/* The copy is up to date as of resource_version. */
void informer_progressed(struct informer *i);
/* After something has failed: whether it is time to say that nothing is heard. */
void informer_check_unheard(struct informer *i);
/* What is known of an object that can't be read stays. name "": not known. */
void informer_skip(struct informer *i, const char *ns, const char *name, const struct err *why);
/* The namespace ("" if it has none) and name of an object; false without a name. */
bool informer_names(const struct json *object, const char **ns, const char **name);

/* From resource_version. path: of the kind, with the label selector; it is changed. */
void informer_watch_start(struct informer *i, struct buf *path);

#endif
