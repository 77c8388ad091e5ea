/*
 * engine - what the client's thread does: tasks that wait, run and end on a libcurl multi handle.
 * No locks: everything here, callbacks included, happens on that one thread. Its owner
 * (client/api.c) gives it the time, and waits on its multi handle.
 *
 * A callback may add and cancel; both only change lists and flags, and the engine reads its lists
 * again after each callback.
 */
#ifndef PROMOGATE_CLIENT_ENGINE_H
#define PROMOGATE_CLIENT_ENGINE_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "client/endpoint.h"
#include "client/task.h"
#include "client/turns.h"

struct engine {
	CURLM *multi;
	struct endpoint endpoint;
	struct turns waiting; /* calls and watches that are not sent yet */
	struct task_list running;
	struct task_list timers; /* by due_ms */
	unsigned watches; /* running */
};

int engine_init(struct engine *e, const struct credentials *credentials, unsigned most_calls,
	struct err *err);
/* It must be empty. */
void engine_release(struct engine *e);

void engine_add(struct engine *e, struct task *task_take);
void engine_cancel(struct engine *e, api_id id);
void engine_cancel_all(struct engine *e);
bool engine_empty(const struct engine *e);

/* Does everything that needs no waiting. */
void engine_turn(struct engine *e, int64_t now_ms);
/* How long the owner may wait for the multi handle before the next engine_turn(). */
int engine_wait_ms(const struct engine *e, int64_t now_ms);

#endif
