/*
 * pending - requests whose verdict rests on something that the cache can't vouch for. On the
 * client's thread the API server is asked, the answers are added, and the request is judged again,
 * until it is settled or the API server's patience with us is almost over. No thread waits
 * meanwhile.
 */
#ifndef PROMOGATE_WEBHOOK_PENDING_H
#define PROMOGATE_WEBHOOK_PENDING_H

#include "base/mem.h"
#include "controller/env.h"
#include "webhook/request.h"

struct pending;

/* env is borrowed. */
struct pending *pending_new(const struct env *env);
/* After server_stop() and api_free(): nothing waits any more. */
void pending_free(struct pending *w);
DEFINE_CLEANUP(struct pending, pending_free)

/*
 * Answers a request for which request_judge() said VERDICT_PENDING, and frees it: later, or at once
 * if too many wait already. Any thread.
 */
void pending_add(struct pending *pending, struct request *r_take);

#endif
