/*
 * world - a struct env that a test plays: the clock stands still until the test moves it, and
 * calls wait for the answer that the test gives them. One thread.
 */
#ifndef PROMOGATE_TESTS_CONTROLLER_WORLD_H
#define PROMOGATE_TESTS_CONTROLLER_WORLD_H

#include <errno.h>

#include "base/mem.h"
#include "base/str.h"
#include "controller/env.h"

#include "unit.h"

struct world_call {
	char *method, *path, *body; /* body: "" for none */
	unsigned timeout_ms;
	api_done_fn *done;
	void *done_ctx;
};

struct world_timer {
	int64_t due_ms;
	api_done_fn *done;
	void *done_ctx;
};

struct world {
	int64_t mono_ms, wall_ms;
	uint32_t random; /* what is drawn next, and ever */
	struct world_call calls[8]; /* on their way, the oldest first */
	size_t call_count;
	struct world_timer timers[32]; /* the earliest first */
	size_t timer_count;
};

static inline api_id world_take_call(
	void *ctx, const struct api_request *request, api_done_fn *done, void *done_ctx)
{
	struct world *w = ctx;

	assert_true(w->call_count < ARRAY_SIZE(w->calls));
	w->calls[w->call_count++] = (struct world_call){
		.method = xstrdup(request->method ? request->method : "GET"),
		.path = xstrdup(request->path),
		.body = xstrndup(request->body ? request->body : "", request->body_len),
		.timeout_ms = request->timeout_ms,
		.done = done,
		.done_ctx = done_ctx,
	};
	return 0;
}

static inline api_id world_take_timer(
	void *ctx, unsigned delay_ms, api_done_fn *done, void *done_ctx)
{
	struct world *w = ctx;
	size_t at = w->timer_count++;

	assert_true(w->timer_count <= ARRAY_SIZE(w->timers));
	while (at > 0 && w->timers[at - 1].due_ms > w->mono_ms + delay_ms) {
		w->timers[at] = w->timers[at - 1];
		at--;
	}
	w->timers[at] = (struct world_timer){
		.due_ms = w->mono_ms + delay_ms, .done = done, .done_ctx = done_ctx};
	return 0;
}

static inline int64_t world_mono_ms(void *ctx)
{
	return ((struct world *)ctx)->mono_ms;
}

static inline int64_t world_wall_ms(void *ctx)
{
	return ((struct world *)ctx)->wall_ms;
}

static inline uint32_t world_random(void *ctx)
{
	return ((struct world *)ctx)->random;
}

static inline struct env world_outside(struct world *w)
{
	return (struct env){
		.ctx = w,
		.call = world_take_call,
		.timer = world_take_timer,
		.mono_ms = world_mono_ms,
		.wall_ms = world_wall_ms,
		.random = world_random,
	};
}

static inline struct world_timer world_pop_timer(struct world *w)
{
	struct world_timer t = w->timers[0];

	w->timer_count--;
	memmove(w->timers, w->timers + 1, w->timer_count * sizeof(w->timers[0]));
	return t;
}

/* Time passes with nobody to see it: as when the process is stopped. */
static inline void world_skip(struct world *w, int64_t ms)
{
	w->mono_ms += ms;
	w->wall_ms += ms;
}

/* Time passes, and each timer that comes due fires at its moment, or at once if it is late. */
static inline void world_pass(struct world *w, int64_t ms)
{
	int64_t until_ms = w->mono_ms + ms;

	while (w->timer_count && w->timers[0].due_ms <= until_ms) {
		struct world_timer t = world_pop_timer(w);

		if (t.due_ms > w->mono_ms)
			world_skip(w, t.due_ms - w->mono_ms);
		t.done(t.done_ctx, NULL, NULL);
	}
	world_skip(w, until_ms - w->mono_ms);
}

/* The oldest call, off the list; for world_call_release(). */
static inline struct world_call world_pop_call(struct world *w)
{
	struct world_call c = w->calls[0];

	assert_true(w->call_count > 0);
	w->call_count--;
	memmove(w->calls, w->calls + 1, w->call_count * sizeof(w->calls[0]));
	return c;
}

static inline void world_call_release(struct world_call *c)
{
	free(c->method);
	free(c->path);
	free(c->body);
}

/* Ends a call that was popped: with this body, or with err where there is none. */
static inline void world_end_call(
	const struct world_call *c, const char *body, const struct err *err)
{
	const struct api_response response = {
		.status = 200, .body = body, .len = body ? strlen(body) : 0};

	c->done(c->done_ctx, body ? &response : NULL, body ? NULL : err);
}

/* Checks what the oldest call asks for, and answers it. */
static inline void world_answer(
	struct world *w, const char *method, const char *path, const char *body)
{
	CLEANUP(world_call_release) struct world_call c = world_pop_call(w);

	assert_string_equal(c.method, method);
	assert_string_equal(c.path, path);
	world_end_call(&c, body, NULL);
}

/* The same with an error. */
static inline void world_refuse(
	struct world *w, const char *method, const char *path, enum err_kind kind)
{
	CLEANUP(world_call_release) struct world_call c = world_pop_call(w);
	struct err err = ERR_INIT;

	assert_string_equal(c.method, method);
	assert_string_equal(c.path, path);
	(void)err_set(&err, kind, "as the test has it");
	world_end_call(&c, NULL, &err);
}

/* As api_free() does: all that is open is cancelled, and what is started meanwhile too. */
static inline void world_end(struct world *w)
{
	struct err err = ERR_INIT;

	(void)err_set_errno(&err, ECANCELED, "cancelled");
	while (w->call_count || w->timer_count) {
		if (w->call_count) {
			CLEANUP(world_call_release) struct world_call c = world_pop_call(w);

			world_end_call(&c, NULL, &err);
		} else {
			struct world_timer t = world_pop_timer(w);

			t.done(t.done_ctx, NULL, &err);
		}
	}
}

#endif
