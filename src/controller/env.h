/*
 * env - what a driver of calls needs of the world: an API client, the clocks and randomness, as
 * one value, so that a test can play them all without a server and without waiting.
 *
 * Done functions are called as client/api.h says: once each, later, on one thread.
 */
#ifndef PROMOGATE_CONTROLLER_ENV_H
#define PROMOGATE_CONTROLLER_ENV_H

#include <stdint.h>

#include "client/api.h"

struct env {
	void *ctx; /* of all of them */
	api_id (*call)(
		void *ctx, const struct api_request *request, api_done_fn *done, void *done_ctx);
	api_id (*timer)(void *ctx, unsigned delay_ms, api_done_fn *done, void *done_ctx);
	int64_t (*mono_ms)(void *ctx); /* any thread, as the two below */
	int64_t (*wall_ms)(void *ctx);
	uint32_t (*random)(void *ctx);
};

/* The real one. */
struct env env_of(struct api *api);

#endif
