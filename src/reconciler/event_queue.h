/*
 * event_queue - Events on their way. Those of one application are posted one after the other, in
 * order, so that none of them is overtaken; applications are posted together. A post that fails is
 * retried, later each time. What can't be posted, or does not fit, is logged and counted.
 *
 * On the client's thread alone.
 */
#ifndef PROMOGATE_RECONCILER_EVENT_QUEUE_H
#define PROMOGATE_RECONCILER_EVENT_QUEUE_H

#include <stdbool.h>

#include "base/err.h"
#include "controller/env.h"
#include "kube/event.h"

struct event_queue;

struct event_queue *event_queue_new(const struct env *env);
/* After api_free(). */
void event_queue_free(struct event_queue *q);

/*
 * What the first try to post it came to; NULL: it was posted, now or before. Not called if the
 * client is freed before, and the context then goes to forget.
 */
typedef void event_queue_tried_fn(void *ctx, const struct err *err);
struct event_queue_watcher {
	event_queue_tried_fn *tried; /* NULL: none */
	void (*forget)(void *ctx);
	void *ctx;
};

/*
 * Copies the event. app: its application, "namespace/name". False if the queue is full: nothing of
 * it is kept, not even the watcher.
 */
bool event_queue_add(struct event_queue *q, const char *app, const struct event *event,
	const struct event_queue_watcher *watcher);

/* No Event is pending. */
bool event_queue_quiet(const struct event_queue *q);
/*
 * From now on nothing is retried, and what waits for a retry is given up. quiet is called when no
 * Event is pending any more, later than this returns.
 */
typedef void event_queue_quiet_fn(void *ctx);
void event_queue_stop(struct event_queue *q, event_queue_quiet_fn *quiet, void *ctx);

#endif
