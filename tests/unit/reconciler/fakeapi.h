/*
 * fakeapi - a client that sends nothing, for what has many calls under way at once: the test finds
 * each and says what became of it, in any order. It stands in for client/api.c, of which nothing is
 * linked. One thread: a callback runs where the test answers.
 */
#ifndef PROMOGATE_TESTS_RECONCILER_FAKEAPI_H
#define PROMOGATE_TESTS_RECONCILER_FAKEAPI_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "client/api.h"

#include "unit.h"

enum { FAKE_MAX = 64 };

struct fake_task {
	api_id id; /* 0: free */
	enum { FAKE_CALL, FAKE_WATCH, FAKE_TIMER } kind;
	char *method, *path, *body;
	unsigned delay_ms;
	api_line_fn *line;
	api_done_fn *done;
	void *ctx;
};

struct api {
	struct fake_task tasks[FAKE_MAX];
	api_id last;
};

static struct fake_task *fake_add(struct api *api, int kind, api_done_fn *done, void *ctx)
{
	for (size_t i = 0; i < FAKE_MAX; i++) {
		struct fake_task *t = &api->tasks[i];

		if (t->id)
			continue;
		*t = (struct fake_task){.id = ++api->last, .kind = kind, .done = done, .ctx = ctx};
		return t;
	}
	fail_msg("over %d things are under way", FAKE_MAX);
	abort();
}

static void fake_request(struct fake_task *t, const struct api_request *request)
{
	t->method = xstrdup(request->method ? request->method : "GET");
	t->path = xstrdup(request->path);
	t->body = request->body ? xstrndup(request->body, request->body_len) : xstrdup("");
}

api_id api_call(struct api *api, const struct api_request *request, api_done_fn *done, void *ctx)
{
	struct fake_task *t = fake_add(api, FAKE_CALL, done, ctx);

	fake_request(t, request);
	return t->id;
}

api_id api_watch(struct api *api, const struct api_request *request, api_line_fn *line,
	api_done_fn *done, void *ctx)
{
	struct fake_task *t = fake_add(api, FAKE_WATCH, done, ctx);

	fake_request(t, request);
	t->line = line;
	return t->id;
}

api_id api_timer(struct api *api, unsigned delay_ms, api_done_fn *done, void *ctx)
{
	struct fake_task *t = fake_add(api, FAKE_TIMER, done, ctx);

	t->delay_ms = delay_ms;
	return t->id;
}

bool api_cancelled(const struct err *err)
{
	return err && err->os_errno == ECANCELED;
}

static void fake_end(
	struct fake_task *t, const struct api_response *response, const struct err *err)
{
	struct fake_task over = *t;

	*t = (struct fake_task){.id = 0};
	over.done(over.ctx, response, err);
	free(over.method);
	free(over.path);
	free(over.body);
}

static void fake_cancel(struct fake_task *t)
{
	struct err err = ERR_INIT;

	(void)err_set_errno(&err, ECANCELED, "cancelled");
	fake_end(t, NULL, &err);
}

void api_cancel(struct api *api, api_id id)
{
	for (size_t i = 0; i < FAKE_MAX; i++)
		if (api->tasks[i].id == id)
			fake_cancel(&api->tasks[i]);
}

/* The oldest call of this method whose path has this in it; NULL if there is none. */
static struct fake_task *fake_find(struct api *api, const char *method, const char *path)
{
	struct fake_task *found = NULL;

	for (size_t i = 0; i < FAKE_MAX; i++) {
		struct fake_task *t = &api->tasks[i];

		if (t->id && t->kind == FAKE_CALL && strcmp(t->method, method) == 0 &&
			strstr(t->path, path) && (!found || t->id < found->id))
			found = t;
	}
	return found;
}

static size_t fake_calls(const struct api *api)
{
	size_t n = 0;

	for (size_t i = 0; i < FAKE_MAX; i++)
		n += api->tasks[i].id && api->tasks[i].kind == FAKE_CALL;
	return n;
}

static void fake_answer(struct fake_task *t, const char *body)
{
	const struct api_response response = {.status = 200, .body = body, .len = strlen(body)};

	assert_non_null(t);
	fake_end(t, &response, NULL);
}

static void fake_refuse(struct fake_task *t, enum err_kind kind)
{
	struct err err = ERR_INIT;

	assert_non_null(t);
	(void)err_set(&err, kind, "as the test has it");
	fake_end(t, NULL, &err);
}

/* A line of the watch of this resource. */
static void fake_line(struct api *api, const char *resource, const char *line)
{
	struct err err = ERR_INIT;

	for (size_t i = 0; i < FAKE_MAX; i++) {
		struct fake_task *t = &api->tasks[i];

		if (!t->id || t->kind != FAKE_WATCH || !strstr(t->path, resource))
			continue;
		if (t->line(t->ctx, line, strlen(line), &err) < 0)
			fail_msg("%s: %s", line, err.msg);
		return;
	}
	fail_msg("nobody watches %s", resource);
}

/* Fires each timer that is due so soon, again and again. */
static void fake_turn_within(struct api *api, unsigned delay_ms)
{
	bool fired;

	do {
		fired = false;
		for (size_t i = 0; i < FAKE_MAX; i++) {
			struct fake_task *t = &api->tasks[i];

			if (!t->id || t->kind != FAKE_TIMER || t->delay_ms > delay_ms)
				continue;
			fake_end(t, NULL, NULL);
			fired = true;
		}
	} while (fired);
}

static void fake_turn(struct api *api)
{
	fake_turn_within(api, 0);
}

/* What api_free() does. */
static void fake_cancel_all(struct api *api)
{
	for (size_t i = 0; i < FAKE_MAX; i++)
		if (api->tasks[i].id)
			fake_cancel(&api->tasks[i]);
}

#endif
