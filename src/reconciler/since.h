/*
 * since - from when on deliveries are promoted: a ConfigMap with the name of the Lease stores the
 * time of the first start, as data.since in RFC 3339. Earlier deliveries are not promoted, so that
 * installing Promogate promotes nothing.
 *
 * The ConfigMap is created if it does not exist, and never written again: an administrator may
 * change it. On the client's thread (controller/env.h).
 */
#ifndef PROMOGATE_RECONCILER_SINCE_H
#define PROMOGATE_RECONCILER_SINCE_H

#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"
#include "controller/env.h"

struct since;

/* since_s: seconds since 1970. Or err, which no retry can fix: the ConfigMap must be corrected. */
typedef void since_done_fn(void *ctx, int64_t since_s, const struct err *err);

/*
 * Starts at once, and retries with backoff until it succeeds; then it calls done, once, unless
 * api_free() comes first. Both names are valid object names, and copied. env is borrowed.
 */
struct since *since_new(
	const struct env *env, const char *ns, const char *name, since_done_fn *done, void *ctx);
/* After api_free(). */
void since_free(struct since *p);

#endif
