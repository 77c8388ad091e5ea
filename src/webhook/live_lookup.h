/*
 * live_lookup - asks the API server itself whether a KeptnTaskDefinition exists, for what the cache
 * can't vouch for (admission/lookup.h).
 *
 * Questions about the same name share one GET. An answer that says "absent" counts only for those
 * who asked before the GET was sent: the definition may have been created since. The others share
 * the next one. So a name costs at most two GETs in a row, however many ask for it.
 *
 * On the client's thread alone (client/api.h), callbacks too.
 */
#ifndef PROMOGATE_WEBHOOK_LIVE_LOOKUP_H
#define PROMOGATE_WEBHOOK_LIVE_LOOKUP_H

#include "base/err.h"
#include "base/mem.h"
#include "controller/env.h"
#include "keptn/taskdefinition.h"

struct live_lookup;

/* env is borrowed. */
struct live_lookup *live_lookup_new(const struct env *env);
/* After api_free(), which answers all that is open. */
void live_lookup_free(struct live_lookup *c);
DEFINE_CLEANUP(struct live_lookup, live_lookup_free)

/*
 * The answer. No err: the definition as it is (borrowed), or NULL if there is none. Otherwise the
 * API server could not say.
 */
typedef void live_lookup_fn(
	void *ctx, const char *key, const struct json *object, const struct err *err);

/* key is "namespace/name", of names that objects can have. fn is called exactly once, and later. */
void live_lookup_ask(struct live_lookup *c, const char *key, live_lookup_fn *fn, void *ctx);

#endif
