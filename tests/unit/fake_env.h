/*
 * fake_env - a struct env that the test controls: its clock moves only when the test says so,
 * its calls, watches and timers wait until the test ends them, and nothing is random.
 *
 * One thread. A callback runs only inside the test's own fake_…() calls, never inside a function of
 * struct env: an answer is later than its question, as with the real client. What is cancelled
 * ends, with an error for which api_cancelled() is true, once the callback that cancelled it has
 * returned, or in the next fake_env_run().
 */
#ifndef PROMOGATE_TESTS_FAKE_ENV_H
#define PROMOGATE_TESTS_FAKE_ENV_H

#include <errno.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "controller/env.h"
#include "run/log.h"

#include "unit.h"

/* What a module has under way. */
struct fake_task {
	struct fake_task *next; /* the one that was started after it */
	api_id id;
	enum fake_kind { FAKE_CALL, FAKE_WATCH, FAKE_TIMER } kind;
	char *method, *path, *body; /* of a call or a watch; body "" for none */
	char *fair_key; /* the same */
	bool urgent;
	unsigned timeout_ms;
	int64_t due_ms; /* of a timer */
	bool cancelled;
	bool accepted; /* of a watch: it was answered, and its end has a response */
	api_line_fn *line;
	api_done_fn *done;
	void *ctx;
};

struct fake_env {
	struct env env; /* for whatever is tested */
	_Atomic int64_t mono_ms; /* which other threads may read */
	int64_t read_ms; /* how much later it is each time that the clock is read */
	int64_t wall_ms;
	uint32_t random; /* what is drawn, each time */
	struct fake_task *first;
	api_id last_id;
};

/* --- struct env's functions ------------------------------------------------------------------- */

static inline struct fake_task *fake_add(
	struct fake_env *f, enum fake_kind kind, api_done_fn *done, void *done_ctx)
{
	struct fake_task **at = &f->first;

	while (*at)
		at = &(*at)->next;
	*at = xcalloc(1, sizeof(**at));
	**at = (struct fake_task){.id = ++f->last_id, .kind = kind, .done = done, .ctx = done_ctx};
	return *at;
}

static inline struct fake_task *fake_add_request(struct fake_env *f, enum fake_kind kind,
	const struct api_request *request, api_done_fn *done, void *done_ctx)
{
	struct fake_task *t = fake_add(f, kind, done, done_ctx);

	t->method = xstrdup(request->method ? request->method : "GET");
	t->path = xstrdup(request->path);
	t->body = request->body ? xstrndup(request->body, request->body_len) : xstrdup("");
	t->fair_key = xstrdup(request->fair_key ? request->fair_key : "");
	t->urgent = request->urgent;
	t->timeout_ms = request->timeout_ms;
	return t;
}

static inline api_id fake_call(
	void *ctx, const struct api_request *request, api_done_fn *done, void *done_ctx)
{
	return fake_add_request(ctx, FAKE_CALL, request, done, done_ctx)->id;
}

static inline api_id fake_watch(void *ctx, const struct api_request *request, api_line_fn *line,
	api_done_fn *done, void *done_ctx)
{
	struct fake_task *t = fake_add_request(ctx, FAKE_WATCH, request, done, done_ctx);

	t->line = line;
	return t->id;
}

static inline api_id fake_timer(void *ctx, unsigned delay_ms, api_done_fn *done, void *done_ctx)
{
	struct fake_env *f = ctx;
	struct fake_task *t = fake_add(f, FAKE_TIMER, done, done_ctx);

	t->due_ms = f->mono_ms + delay_ms;
	return t->id;
}

static inline void fake_cancel(void *ctx, api_id id)
{
	struct fake_env *f = ctx;

	for (struct fake_task *t = f->first; t; t = t->next)
		t->cancelled |= t->id == id;
}

static inline int64_t fake_mono_ms(void *ctx)
{
	struct fake_env *f = ctx;

	f->mono_ms += f->read_ms;
	return f->mono_ms;
}

static inline int64_t fake_wall_ms(void *ctx)
{
	return ((struct fake_env *)ctx)->wall_ms;
}

static inline uint32_t fake_random(void *ctx)
{
	return ((struct fake_env *)ctx)->random;
}

/* --- beginning and end ------------------------------------------------------------------------ */

static inline void fake_env_init(struct fake_env *f)
{
	*f = (struct fake_env){
		.env = {.ctx = f,
			.call = fake_call,
			.watch = fake_watch,
			.timer = fake_timer,
			.cancel = fake_cancel,
			.mono_ms = fake_mono_ms,
			.wall_ms = fake_wall_ms,
			.random = fake_random},
		.mono_ms = 1000000,
		.wall_ms = 1795482123004, /* 2026-11-24T01:02:03.004Z */
	};
}

/* Ends one without a look at others. */
static inline void fake_end_one(struct fake_env *f, struct fake_task *t,
	const struct api_response *response, const struct err *err)
{
	const struct api_response accepted = {.status = 200, .body = ""};
	struct fake_task **at = &f->first;

	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	t->done(t->ctx, t->accepted ? &accepted : response, err);
	free(t->method);
	free(t->path);
	free(t->body);
	free(t->fair_key);
	free(t);
}

static inline void fake_end_cancelled(struct fake_env *f)
{
	struct err err = ERR_INIT;

	(void)err_set_errno(&err, ECANCELED, "cancelled");
	for (struct fake_task *t = f->first; t; t = t->next) {
		if (!t->cancelled)
			continue;
		fake_end_one(f, t, NULL, &err);
		fake_end_cancelled(f);
		return;
	}
}

/* As api_free() does: everything is cancelled, also what is started meanwhile. */
static inline void fake_env_release(struct fake_env *f)
{
	while (f->first) {
		f->first->cancelled = true;
		fake_end_cancelled(f);
	}
}

/* --- time ------------------------------------------------------------------------------------- */

/* Time passes, and no timer fires: as when the process is stopped. */
static inline void fake_env_skip(struct fake_env *f, int64_t ms)
{
	f->mono_ms += ms;
	f->wall_ms += ms;
}

/* The next timer that is due by then; of two that are due together, the one started first. */
static inline struct fake_task *fake_next_timer(const struct fake_env *f, int64_t until_ms)
{
	struct fake_task *next = NULL;

	for (struct fake_task *t = f->first; t; t = t->next)
		if (t->kind == FAKE_TIMER && t->due_ms <= until_ms &&
			(!next || t->due_ms < next->due_ms))
			next = t;
	return next;
}

/* Time passes; each timer fires at its moment, or at once if that has passed. */
static inline void fake_env_run(struct fake_env *f, int64_t ms)
{
	int64_t until_ms = f->mono_ms + ms;
	struct fake_task *t;

	fake_end_cancelled(f);
	while ((t = fake_next_timer(f, until_ms))) {
		if (t->due_ms > f->mono_ms)
			fake_env_skip(f, t->due_ms - f->mono_ms);
		fake_end_one(f, t, NULL, NULL);
		fake_end_cancelled(f);
	}
	fake_env_skip(f, until_ms - f->mono_ms);
}

/* Time passes until the next timer fires. */
static inline void fake_env_run_next(struct fake_env *f)
{
	struct fake_task *t = fake_next_timer(f, INT64_MAX);

	assert_non_null(t);
	fake_env_run(f, t->due_ms > f->mono_ms ? t->due_ms - f->mono_ms : 0);
}

/* --- calls and watches ------------------------------------------------------------------------ */

/* How many of a kind are under way. */
static inline size_t fake_count(const struct fake_env *f, enum fake_kind kind)
{
	size_t n = 0;

	for (const struct fake_task *t = f->first; t; t = t->next)
		n += t->kind == kind;
	return n;
}

/* The oldest of a kind whose method and path contain these; NULL if there is none. */
static inline struct fake_task *fake_find(
	const struct fake_env *f, enum fake_kind kind, const char *method, const char *path)
{
	for (struct fake_task *t = f->first; t; t = t->next)
		if (t->kind == kind && strstr(t->method, method) && strstr(t->path, path))
			return t;
	return NULL;
}

/* The oldest call; the test fails if none is under way. */
static inline struct fake_task *fake_oldest(const struct fake_env *f)
{
	struct fake_task *t = fake_find(f, FAKE_CALL, "", "");

	assert_non_null(t);
	return t;
}

static inline void fake_end(struct fake_env *f, struct fake_task *t,
	const struct api_response *response, const struct err *err)
{
	assert_non_null(t);
	fake_end_one(f, t, response, err);
	fake_end_cancelled(f);
}

static inline void fake_answer(struct fake_env *f, struct fake_task *t, const char *body)
{
	const struct api_response response = {.status = 200, .body = body, .len = strlen(body)};

	fake_end(f, t, &response, NULL);
}

/* ERR_IO and ERR_TIMEOUT are what a request that is lost and a reply that is lost look like. */
static inline void fake_fail(struct fake_env *f, struct fake_task *t, enum err_kind kind)
{
	struct err err = ERR_INIT;

	(void)err_set(&err, kind, "the test's failure");
	fake_end(f, t, NULL, &err);
}

/* The same for the oldest call, of which the test says what it is. */
static inline struct fake_task *fake_expect(
	const struct fake_env *f, const char *method, const char *path)
{
	struct fake_task *t = fake_oldest(f);

	assert_string_equal(t->method, method);
	assert_string_equal(t->path, path);
	return t;
}

static inline void fake_answer_next(
	struct fake_env *f, const char *method, const char *path, const char *body)
{
	fake_answer(f, fake_expect(f, method, path), body);
}

static inline void fake_fail_next(
	struct fake_env *f, const char *method, const char *path, enum err_kind kind)
{
	fake_fail(f, fake_expect(f, method, path), kind);
}

/* Hands a line to a watch, which ends if the line is refused. */
static inline void fake_line(struct fake_env *f, struct fake_task *t, const char *line)
{
	struct err err = ERR_INIT;

	assert_non_null(t);
	assert_int_equal(t->kind, FAKE_WATCH);
	t->accepted = true;
	if (t->line(t->ctx, line, strlen(line), &err) < 0)
		fake_end(f, t, NULL, &err);
	else
		fake_end_cancelled(f);
}

/* For setup: warnings that the tests provoke are not shown. */
static inline int fake_env_quiet(void **state)
{
	(void)state;
	log_set_level(LOG_ERROR);
	return 0;
}

#endif
