/*
 * wire - a client that sends nothing: the test says what the API server answers. It stands in for
 * client/api.c, of which nothing is linked, and holds the one thing that an informer has under way.
 * One thread: a callback runs where the test answers.
 */
#ifndef PROMOGATE_TESTS_CONTROLLER_WIRE_H
#define PROMOGATE_TESTS_CONTROLLER_WIRE_H

#include <errno.h>
#include <stdlib.h>

#include "base/limits.h"
#include "client/api.h"
#include "run/log.h"

#include "unit.h"

struct api {
	enum { WIRE_IDLE, WIRE_CALL, WIRE_WATCH, WIRE_TIMER } under_way;
	char path[LIMIT_URL_BYTES]; /* of the call or the watch */
	api_line_fn *line;
	api_done_fn *done;
	void *ctx;
};

#define WIRE_INIT {.under_way = WIRE_IDLE}

static inline void wire_begin(
	struct api *api, int what, const char *path, api_done_fn *done, void *ctx)
{
	assert_int_equal(api->under_way, WIRE_IDLE);
	api->under_way = what;
	(void)snprintf(api->path, sizeof(api->path), "%s", path);
	api->done = done;
	api->ctx = ctx;
}

api_id api_call(struct api *api, const struct api_request *request, api_done_fn *done, void *ctx)
{
	assert_null(request->method);
	wire_begin(api, WIRE_CALL, request->path, done, ctx);
	return 1;
}

api_id api_watch(struct api *api, const struct api_request *request, api_line_fn *line,
	api_done_fn *done, void *ctx)
{
	wire_begin(api, WIRE_WATCH, request->path, done, ctx);
	api->line = line;
	return 1;
}

api_id api_timer(struct api *api, unsigned delay_ms, api_done_fn *done, void *ctx)
{
	(void)delay_ms;
	wire_begin(api, WIRE_TIMER, "", done, ctx);
	return 1;
}

void api_cancel(struct api *api, api_id id)
{
	(void)api;
	(void)id;
}

bool api_cancelled(const struct err *err)
{
	return err && err->os_errno == ECANCELED;
}

static inline void wire_end(
	struct api *api, const struct api_response *response, const struct err *err)
{
	assert_int_not_equal(api->under_way, WIRE_IDLE);
	api->under_way = WIRE_IDLE;
	api->done(api->ctx, response, err);
}

/* The call, whose path is this, succeeds. */
static inline void wire_answer(struct api *api, const char *path, const char *body)
{
	const struct api_response response = {.status = 200, .body = body, .len = strlen(body)};

	assert_int_equal(api->under_way, WIRE_CALL);
	assert_string_equal(api->path, path);
	wire_end(api, &response, NULL);
}

/* The call or the watch fails. */
static inline void wire_fail(struct api *api, enum err_kind kind)
{
	struct err err = ERR_INIT;

	assert_int_not_equal(api->under_way, WIRE_TIMER);
	(void)err_set(&err, kind, "as the test has it");
	wire_end(api, NULL, &err);
}

/* The timer, the call or the watch is cancelled, as api_free() does. */
static inline void wire_cancel(struct api *api)
{
	struct err err = ERR_INIT;

	(void)err_set_errno(&err, ECANCELED, "cancelled");
	wire_end(api, NULL, &err);
}

static inline void wire_fire(struct api *api)
{
	assert_int_equal(api->under_way, WIRE_TIMER);
	wire_end(api, NULL, NULL);
}

/* A line of the watch; it ends if the line is refused. */
static inline void wire_line(struct api *api, const char *line)
{
	struct err err = ERR_INIT;

	assert_int_equal(api->under_way, WIRE_WATCH);
	if (api->line(api->ctx, line, strlen(line), &err) < 0)
		wire_end(api, NULL, &err);
}

/* A watch is under way, and it began behind this resourceVersion. */
static inline void wire_watches_from(struct api *api, const char *version)
{
	char query[64];

	assert_int_equal(api->under_way, WIRE_WATCH);
	(void)snprintf(query, sizeof(query), "&resourceVersion=%s", version);
	assert_says(api->path, "watch=true&allowWatchBookmarks=true&timeoutSeconds=");
	assert_says(api->path, query);
	assert_string_equal(strstr(api->path, query), query);
}

/* The informer's warnings are not for whoever runs the tests. */
static inline int wire_hush(void **state)
{
	(void)state;
	log_set_level(LOG_ERROR);
	return 0;
}

#endif
