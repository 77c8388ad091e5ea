/*
 * store - a copy of all objects of one kind, decoded: "namespace/name" to a value of the owner's
 * type. It owns the values, and the informer that keeps the copy up to date.
 *
 * A list is collected in a second map, which replaces the copy once the list is complete. So a list
 * that fails or takes long loses nothing, what it does not have is removed, and threads that read
 * under the lock see the copy from before the list or from after it, never a mixture; the lock is
 * held while two pointers are exchanged. The cost is a second copy during a relist. Where values
 * are large, `same` avoids it: a value whose object has not changed is not decoded again but put
 * into both maps, and only the map itself exists twice. (Marking what a list has, and sweeping the
 * rest, would need no second map, but readers would see a mixture.)
 *
 * An object that the informer skips, as it can't be read, keeps the value that it has, if any: it
 * exists, so it must not look deleted.
 *
 * Values are never changed in place, only replaced. Decoding, freeing and callbacks happen outside
 * the lock. Everything runs on the client's thread (controller/env.h), except where documented.
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

	/* The value of an object; NULL: it is not ours, as if it did not exist. */
	void *(*decode)(void *ctx, const struct json *object);
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
	void *ctx;
	void (*progressed)(void *ctx);
	void *progressed_ctx;
};

/* Initialized by store_init(). Owners read objects and listing, and touch nothing. */
struct store {
	struct strmap objects; /* the copy */
	bool listing; /* a list is under way: the copy is from before it */
	struct strmap coming; /* the objects of the list under way */
	struct store_config config;
	struct informer *informer;
};

/* Starts the informer. Off the client's thread, callbacks may come before it returns. */
void store_init(struct store *s, const struct store_config *config);
/* After api_free(). Calls nothing back. */
void store_release(struct store *s);

/* NULL: there is no such object. */
const void *store_get(const struct store *s, const char *ns, const char *name);
/* informer_synced(), and so on. */
bool store_synced(const struct store *s);
int store_ready(const struct store *s, struct buf *reasons);
bool store_unheard(const struct store *s);
uint64_t store_progress(const struct store *s);

#endif
