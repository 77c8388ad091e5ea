/*
 * live_lookup - asks the API server whether an object exists, where the cache is not proof: a
 * KeptnTaskDefinition, a Namespace or a KeptnAppContext, by the keys of admission/lookup.h.
 *
 * Questions of one namespace about the same key share one GET. The answer "absent" counts only for
 * questions from before the GET was sent: the object may have been created since. Later ones
 * share the next GET. So a key costs at most two GETs in a row, however many questions there are.
 * The namespaces that ask take turns (client/turns.h), and wait for no GET of another.
 *
 * Only an object of this kind and name is an answer. Where the path is not served at all, discovery
 * decides: without the kind, no object of it exists.
 *
 * On the client's thread alone (controller/env.h), as are the callbacks.
 */
#ifndef PROMOGATE_WEBHOOK_LIVE_LOOKUP_H
#define PROMOGATE_WEBHOOK_LIVE_LOOKUP_H

#include "base/err.h"
#include "base/mem.h"
#include "controller/env.h"
#include "json/json.h"

struct live_lookup;

/* env is borrowed. */
struct live_lookup *live_lookup_new(const struct env *env);
/* After api_free(), which answers all open questions. */
void live_lookup_free(struct live_lookup *c);

/*
 * The answer. Without err: the object (borrowed), or NULL if it does not exist. With err: the
 * look-up failed.
 */
typedef void live_lookup_fn(
	void *ctx, const char *key, const struct json *object, const struct err *err);

/*
 * asking: the namespace of the request that needs it. The names in key are valid object
 * names. fn is called exactly once, and later.
 */
void live_lookup_ask(
	struct live_lookup *c, const char *asking, const char *key, live_lookup_fn *fn, void *ctx);

/* "KeptnTaskDefinition", …: what the object with this key is. */
const char *live_lookup_kind(const char *key);

#endif
