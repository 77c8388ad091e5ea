/*
 * admission - the handlers of /validate and /mutate.
 *
 * Most requests are judged at once, on the server's thread, from the cache (webhook/request.h). If
 * a verdict depends on something that needs a live look-up, the request is pending until the API
 * server has answered (webhook/pending.h); no thread waits meanwhile. If a look-up fails that could
 * deny the request, the response is HTTP 500, and the webhook's failurePolicy decides.
 */
#ifndef PROMOGATE_WEBHOOK_ADMISSION_H
#define PROMOGATE_WEBHOOK_ADMISSION_H

#include "controller/env.h"
#include "webhook/request.h"

struct admission;

/* env and what config points to are borrowed. */
struct admission *admission_new(const struct env *env, const struct request_config *config);
/* After server_stop() and api_free(), when no request is open. */
void admission_free(struct admission *a);
DEFINE_CLEANUP(struct admission, admission_free)

/* Handlers for the server; ctx is the struct admission. */
void admission_validate(void *ctx, struct exchange *x);
void admission_mutate(void *ctx, struct exchange *x);

#endif
