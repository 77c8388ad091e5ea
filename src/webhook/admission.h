/*
 * admission - /validate and /mutate: joins the server, the judgement and what is known.
 *
 * Most requests are judged at once, on the server's thread, from the cache. One whose verdict rests
 * on something that the cache can't vouch for is kept: on the client's thread the API server is
 * asked, the answers are added, and the request is judged again, until it is settled. No thread
 * waits meanwhile. Where the API server can't be asked the answer is HTTP 500, and the webhook's
 * failurePolicy decides.
 */
#ifndef PROMOGATE_WEBHOOK_ADMISSION_H
#define PROMOGATE_WEBHOOK_ADMISSION_H

#include "controller/env.h"
#include "webhook/request.h"

struct admission;

/* env and what config points to are borrowed. */
struct admission *admission_new(const struct env *env, const struct request_config *config);
/* After server_stop() and api_free(): no request is open any more. */
void admission_free(struct admission *a);
DEFINE_CLEANUP(struct admission, admission_free)

/* Handlers for the server; ctx is the struct admission. */
void admission_validate(void *ctx, struct exchange *x);
void admission_mutate(void *ctx, struct exchange *x);

#endif
