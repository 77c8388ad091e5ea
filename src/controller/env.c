#include "controller/env.h"

#include <stdlib.h>

#include "base/limits.h"
#include "run/clock.h"
#include "run/random.h"

static api_id call(void *ctx, const struct api_request *request, api_done_fn *done, void *done_ctx)
{
	return api_call(ctx, request, done, done_ctx);
}

static api_id watch(void *ctx, const struct api_request *request, api_line_fn *line,
	api_done_fn *done, void *done_ctx)
{
	return api_watch(ctx, request, line, done, done_ctx);
}

static api_id timer(void *ctx, unsigned delay_ms, api_done_fn *done, void *done_ctx)
{
	return api_timer(ctx, delay_ms, done, done_ctx);
}

static void cancel(void *ctx, api_id id)
{
	api_cancel(ctx, id);
}

static int64_t mono_ms(void *ctx)
{
	(void)ctx;
	return clock_mono_ms();
}

static int64_t wall_ms(void *ctx)
{
	(void)ctx;
	return clock_wall_ms();
}

static uint32_t draw(void *ctx)
{
	(void)ctx;
	return random_u32();
}

struct env env_of(struct api *api)
{
	return (struct env){
		.ctx = api,
		.call = call,
		.watch = watch,
		.timer = timer,
		.cancel = cancel,
		.mono_ms = mono_ms,
		.wall_ms = wall_ms,
		.random = draw,
	};
}

api_id env_call_url(const struct env *env, const struct url *url, const struct api_request *request,
	api_done_fn *done, void *done_ctx)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT(LIMIT_URL_BYTES);
	struct api_request with_path = *request;

	if (url_add(&path, url, NULL) < 0)
		abort();
	with_path.path = buf_str(&path);
	if (!with_path.fair_key)
		with_path.fair_key = url->namespace;
	return env_call(env, &with_path, done, done_ctx);
}
