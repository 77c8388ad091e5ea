/*
 * store - a copy of all objects of one kind, decoded: "namespace/name" to a value of the owner's.
 * It owns the informer that keeps the copy up to date, and the values.
 *
 * A list is collected beside the current copy and replaces it at its end, at once. So a list that
 * fails, or takes long, loses nothing and mixes nothing; what the list did not have is gone; and
 * threads that read under the lock see the copy from before the list or from after it, while the
 * lock is held for the exchange of two pointers. The price is a second copy while a list after the
 * first is under way. Where values are large, `same` removes it: a value whose object has not
 * changed is neither decoded again nor stored twice, and what remains is the map.
 * (Marking what a list has and sweeping the rest needs no second copy, but shows a mixture.)
 *
 * Values are never changed in place, only replaced. Decoding, freeing and callbacks happen outside
 * the lock. Everything runs on the client's thread (controller/env.h), except what is documented
 * otherwise.
 */
#ifndef PROMOGATE_CONTROLLER_STORE_H
#define PROMOGATE_CONTROLLER_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/strmap.h"
#include "controller/env.h"
#include "controller/informer.h"
#include "json/json.h"
#include "kube/url.h"
#include "run/lock.h"

struct store_config {
	/* These three as for informer_new(). */
	const struct env *env;
	const struct url *kind;
	const char *label_selector;
	/* The owner's, held for writing while the copy changes. NULL: no other thread reads it. */
	struct rwlock *lock;

	/* The value of an object; NULL: it is none of ours, as if it did not exist. */
	void *(*decode)(const struct json *object);
	/* NULL: values are borrowed. */
	strmap_free_fn *free_value;
	/* True if decoding the object would give this value again. NULL: never known. */
	bool (*same)(const void *value, const struct json *object);

	/*
	 * Each may be NULL. changed: an object is new (old is NULL), gone (now is NULL) or changed;
	 * the copy has it already, and old is freed after the call. At the end of a list it is
	 * called for all that differs while store.listing is still true; then comes listed.
	 * progressed: as the informer's, after either.
	 */
	void (*changed)(void *ctx, const char *key, void *old, void *now);
	void (*listed)(void *ctx);
	void (*progressed)(void *ctx);
	void *ctx;
};

/* Initialized by store_init(). Owners read objects and listing, and touch nothing. */
struct store {
	struct strmap objects; /* the copy */
	bool listing; /* a list is under way: the copy is from before it */
	struct strmap coming; /* what the list under way has had so far */
	struct store_config config;
	struct informer *informer;
};

/* Starts the informer. Callbacks may come before it returns, where it runs on another thread. */
void store_init(struct store *s, const struct store_config *config);
/* After api_free(). Calls nothing back. */
void store_release(struct store *s);

/* NULL: there is no such object. */
const void *store_get(const struct store *s, const char *ns, const char *name);
/* informer_synced(), informer_ready() and informer_progress(). */
bool store_synced(const struct store *s);
int store_ready(const struct store *s, struct buf *reasons);
uint64_t store_progress(const struct store *s);

#endif
