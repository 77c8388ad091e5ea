/*
 * pending - requests whose verdict rests on something that the cache can't vouch for. On the
 * client's thread the API server is asked, the answers are added, and the request is judged again,
 * until it is settled or the API server's patience with us is almost over. No thread waits
 * meanwhile.
 */
#ifndef PROMOGATE_WEBHOOK_PENDING_H
#define PROMOGATE_WEBHOOK_PENDING_H

#include "base/mem.h"
#include "client/api.h"
#include "webhook/request.h"

struct waiting;

struct waiting *waiting_new(struct api *api);
/* After server_stop() and api_free(): nothing waits any more. */
void waiting_free(struct waiting *w);
DEFINE_CLEANUP(struct waiting, waiting_free)

/*
 * Answers a request for which request_judge() said VERDICT_NEEDS, and frees it: later, or at once
 * if too many wait already. Any thread.
 */
void waiting_add(struct waiting *waiting, struct request *r_take);

#endif
