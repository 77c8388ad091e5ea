/*
 * since - since when promotions are Promogate's own: the ConfigMap beside the Lease holds the moment
 * of the first start, as data.since in RFC 3339. Whatever was delivered before it is left alone, so
 * that installing promotes nothing.
 *
 * It is made where there is none, and never written again: the moment is a person's to change. On
 * the client's thread (client/api.h).
 */
#ifndef PROMOGATE_RECONCILER_SINCE_H
#define PROMOGATE_RECONCILER_SINCE_H

#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"
#include "controller/env.h"

struct since;

/* since_s: seconds since 1970, or err, which no further try can mend: a person must. */
typedef void since_done_fn(void *ctx, int64_t since_s, const struct err *err);

/*
 * Starts at once, and tries again, with backoff, until it knows; then it calls done, once. Not at
 * all where api_free() comes first. The names are ones that objects can have, and copied;
 * env is borrowed.
 */
struct since *since_new(
	const struct env *env, const char *ns, const char *name, since_done_fn *done, void *ctx);
/* After api_free(). */
void since_free(struct since *p);
DEFINE_CLEANUP(struct since, since_free)

#endif
