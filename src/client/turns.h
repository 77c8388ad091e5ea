/*
 * turns - what waits to be sent, and whose turn it is. Plain data of the engine (client/engine.h),
 * on the client's thread alone.
 *
 * The waiting calls of one fair_key (client/api.h) are a flow, in order; flows take turns. A flow
 * begins another call only while fewer than TURNS_SHARE times as many of its calls run as there is
 * room left. So alone it takes two thirds of the room, and the rest stays free for others however
 * long its calls hang. Watches and urgent calls wait for nobody.
 *
 * A call that was throttled waits until its not_before_ms at the head of its flow, and so do the
 * later calls of its flow with the same method on the same collection: they would only be throttled
 * too. All others go on.
 */
#ifndef PROMOGATE_CLIENT_TURNS_H
#define PROMOGATE_CLIENT_TURNS_H

#include <stdint.h>

#include "client/task.h"

enum { TURNS_SHARE = 2 };

struct flow;
TAILQ_HEAD(flow_list, flow);

struct turns {
	struct task_list direct; /* watches, urgent calls, and what is refused */
	struct flow_list flows; /* with calls that wait or run; the next one's turn first */
	unsigned waiting, running; /* calls in the flows */
	unsigned most; /* limit on running */
};

void turns_init(struct turns *t, unsigned most_calls);
/* Nothing may wait or run. */
void turns_release(struct turns *t);

/*
 * Waits from here on. If over LIMIT_API_QUEUE calls wait, the last call of the longest flow is
 * marked as refused: its owner has taken most of the queue.
 */
void turns_add(struct turns *t, struct task *task);
/* The same for a call that is to be sent again: before the others of its flow. */
void turns_add_again(struct turns *t, struct task *task);
/* No longer waits, and was not sent. */
void turns_remove(struct turns *t, struct task *task);

/* The task whose turn it is now; NULL if none may begin. */
struct task *turns_next(const struct turns *t, int64_t now_ms);
/* A waiting task runs from here on, until turns_end(). */
void turns_begin(struct turns *t, struct task *task);
void turns_end(struct turns *t, struct task *task);

/* Walks over all that wait: the first after NULL, NULL after the last. */
struct task *turns_after(const struct turns *t, const struct task *task);

#endif
