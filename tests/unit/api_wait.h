/*
 * api_wait - api_call() for a test that waits for the answer, on any thread but the client's.
 */
#ifndef PROMOGATE_TESTS_API_WAIT_H
#define PROMOGATE_TESTS_API_WAIT_H

#include <string.h>

#include "client/api.h"
#include "cond.h"

struct api_waiter {
	struct lock lock;
	pthread_cond_t over;
	bool is_over;
	int ret;
	char *body;
	size_t len;
	struct err err;
};

static inline void api_wake(void *ctx, const struct api_response *response, const struct err *err)
{
	struct api_waiter *w = ctx;

	LOCK_SCOPE(&w->lock);
	if (err) {
		w->err = *err;
		w->ret = -1;
	} else {
		w->body = xmalloc(response->len + 1);
		memcpy(w->body, response->body, response->len + 1);
		w->len = response->len;
	}
	w->is_over = true;
	/* While the lock is held: the waiter frees the condition once it has it. */
	(void)pthread_cond_signal(&w->over);
}

/* *ret_body: for free(), not NULL. */
static inline int api_call_wait(struct api *api, const struct api_request *request, char **ret_body,
	size_t *ret_len, struct err *err)
{
	struct api_waiter w = {.lock = LOCK_INIT, .over = PTHREAD_COND_INITIALIZER};

	(void)api_call(api, request, api_wake, &w);
	lock_lock(&w.lock);
	while (!w.is_over)
		cond_wait(&w.over, &w.lock);
	lock_unlock(&w.lock);
	(void)pthread_cond_destroy(&w.over);
	lock_destroy(&w.lock);
	if (w.ret < 0) {
		if (err)
			*err = w.err;
		return -1;
	}
	*ret_body = w.body;
	*ret_len = w.len;
	return 0;
}

#endif
