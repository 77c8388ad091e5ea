/*
 * env - the environment of whatever acts: calls and watches to the API server, timers, the clocks
 * and randomness, as one value. env_of() is the real one; a test substitutes one that it controls.
 *
 * A program makes one for each API client and owns it; everything else borrows a pointer to it,
 * which must stay valid until the client is freed.
 *
 * call, watch, timer and cancel behave as their namesakes in client/api.h and may be called on any
 * thread. Whatever was started ends in exactly one call of its done function, later than the
 * function that started it has returned, also when it is cancelled. All callbacks run on one
 * thread, "the client's thread"; what only they touch needs no lock. The clocks and random may be
 * read on any thread.
 */
#ifndef PROMOGATE_CONTROLLER_ENV_H
#define PROMOGATE_CONTROLLER_ENV_H

#include <stdint.h>

#include "client/api.h"
#include "kube/url.h"

struct env {
	void *ctx; /* handed to each of them */
	api_id (*call)(
		void *ctx, const struct api_request *request, api_done_fn *done, void *done_ctx);
	api_id (*watch)(void *ctx, const struct api_request *request, api_line_fn *line,
		api_done_fn *done, void *done_ctx);
	api_id (*timer)(void *ctx, unsigned delay_ms, api_done_fn *done, void *done_ctx);
	void (*cancel)(void *ctx, api_id id);
	int64_t (*mono_ms)(void *ctx); /* clock_mono_ms() */
	int64_t (*wall_ms)(void *ctx); /* clock_wall_ms() */
	uint32_t (*random)(void *ctx); /* random_u32() */
};

/* The real one. */
struct env env_of(struct api *api);

static inline api_id env_call(
	const struct env *env, const struct api_request *request, api_done_fn *done, void *done_ctx)
{
	return env->call(env->ctx, request, done, done_ctx);
}

/*
 * The same with this path, whose names must be valid object names. Without a fair_key, the path's
 * namespace is it.
 */
api_id env_call_url(const struct env *env, const struct url *url, const struct api_request *request,
	api_done_fn *done, void *done_ctx);

static inline api_id env_watch(const struct env *env, const struct api_request *request,
	api_line_fn *line, api_done_fn *done, void *done_ctx)
{
	return env->watch(env->ctx, request, line, done, done_ctx);
}

static inline api_id env_timer(
	const struct env *env, unsigned delay_ms, api_done_fn *done, void *done_ctx)
{
	return env->timer(env->ctx, delay_ms, done, done_ctx);
}

static inline void env_cancel(const struct env *env, api_id id)
{
	env->cancel(env->ctx, id);
}

static inline int64_t env_mono_ms(const struct env *env)
{
	return env->mono_ms(env->ctx);
}

static inline int64_t env_wall_ms(const struct env *env)
{
	return env->wall_ms(env->ctx);
}

static inline uint32_t env_random(const struct env *env)
{
	return env->random(env->ctx);
}

#endif
