/*
 * pending - requests whose verdict depends on live look-ups. On the client's thread
 * (controller/env.h) it asks the API server, adds the answers to the request and has it judged
 * again, until there is a verdict or the API server is about to stop waiting. No thread waits
 * meanwhile. Where a look-up fails, the request is refused only if that look-up could deny it.
 */
#ifndef PROMOGATE_WEBHOOK_PENDING_H
#define PROMOGATE_WEBHOOK_PENDING_H

#include "base/mem.h"
#include "controller/env.h"
#include "webhook/request.h"

struct pending;

/* env is borrowed. */
struct pending *pending_new(const struct env *env);
/* After server_stop() and api_free(), when nothing is pending. */
void pending_free(struct pending *w);

/*
 * Answers a request for which request_judge() returned VERDICT_PENDING, and frees it: later, or at
 * once if its namespace has its share of the places (webhook/places.h). Any thread.
 */
void pending_add(struct pending *pending, struct request *r_take);

#endif
