/*
 * past - since when deliveries are promoted: what was delivered before Promogate came is the past,
 * and installing it promotes nothing. A ConfigMap beside the Lease, made at the first start,
 * remembers it.
 */
#ifndef PROMOGATE_CONTROL_PAST_H
#define PROMOGATE_CONTROL_PAST_H

#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"
#include "client/api.h"

#define PAST_KEY "since"

struct past;

/*
 * since_s: seconds since 1970. err: ERR_INVALID, with the mend, where the ConfigMap says what is no
 * time.
 */
typedef void past_done_fn(void *ctx, int64_t since_s, const struct err *err);

/*
 * Reads it, or makes it with the time of now. Where the API server can't be asked it tries again,
 * with a backoff, until it has an answer. done is called once, and later, on the client's thread;
 * not once api_free() has begun. The strings are borrowed.
 */
struct past *past_new(
	struct api *api, const char *ns, const char *name, past_done_fn *done, void *ctx);
/* After api_free(). */
void past_free(struct past *p);
DEFINE_CLEANUP(struct past, past_free)

#endif
