/*
 * outcome - what the callbacks of a call, a watch or a timer received, for a test that waits for
 * it. Filled on the client's thread, under its lock.
 */
#ifndef PROMOGATE_TESTS_CLIENT_OUTCOME_H
#define PROMOGATE_TESTS_CLIENT_OUTCOME_H

#include <stdlib.h>

#include "base/buf.h"
#include "client/api.h"
#include "json/json.h"
#include "run/lock.h"

#include "api_wait.h"
#include "unit.h"

struct outcome {
	struct lock lock;
	pthread_cond_t changed;
	int done; /* how often */
	struct err err; /* of the last */
	int lines;
	struct buf text; /* of the lines, each after a '|' */
	int stop_after; /* lines; 0: never */
};

static inline void outcome_init(struct outcome *o)
{
	*o = (struct outcome){.text = BUF_INIT(1 << 20)};
	lock_init(&o->lock);
	(void)pthread_cond_init(&o->changed, NULL);
}

static inline void outcome_release(struct outcome *o)
{
	lock_destroy(&o->lock);
	(void)pthread_cond_destroy(&o->changed);
	buf_release(&o->text);
}

static inline void outcome_done(
	void *ctx, const struct api_response *response, const struct err *err)
{
	struct outcome *o = ctx;

	(void)response;
	LOCK_SCOPE(&o->lock);
	o->done++;
	if (err)
		o->err = *err;
	(void)pthread_cond_broadcast(&o->changed);
}

static inline int outcome_line(void *ctx, const char *line, size_t len, struct err *err)
{
	struct outcome *o = ctx;

	LOCK_SCOPE(&o->lock);
	o->lines++;
	(void)buf_addc(&o->text, '|');
	(void)buf_addn(&o->text, line, len);
	(void)pthread_cond_broadcast(&o->changed);
	if (o->stop_after && o->lines >= o->stop_after)
		return err_set(err, ERR_GONE, "enough");
	return 0;
}

static inline void outcome_await(struct outcome *o, int done, int lines)
{
	LOCK_SCOPE(&o->lock);
	while (o->done < done || o->lines < lines)
		cond_wait(&o->changed, &o->lock);
}

/* One GET, waited for: 0 and the body as JSON, or -1. */
static inline int outcome_get(struct api *api, const char *path, struct json **ret, struct err *err)
{
	struct api_request request = {.path = path};
	CLEANUP(free_p) char *body = NULL;
	size_t len = 0;

	if (api_call_wait(api, &request, &body, &len, err) < 0)
		return -1;
	return json_parse(body, len, ret, err);
}

/* A client of a server that needs no credentials, with this many calls at once (0: as usual). */
static inline struct api *outcome_client_of(const char *url, unsigned calls)
{
	const struct api_options options = {.user_agent = "promogate-test/1", .calls = calls};
	CLEANUP(free_p) char *server = xstrdup(url);
	struct credentials c = {.server = server};
	struct api *api = NULL;
	struct err err = ERR_INIT;

	if (api_new(&c, &options, &api, &err) < 0)
		fail_msg("%s", err.msg);
	return api;
}

static inline struct api *outcome_client(const char *url)
{
	return outcome_client_of(url, 0);
}

static inline void outcome_expect_ok(struct api *api, const char *path)
{
	CLEANUP(json_free_p) struct json *j = NULL;
	struct err err = ERR_INIT;

	if (outcome_get(api, path, &j, &err) < 0)
		fail_msg("%s", err.msg);
}

/* How often server.py has counted this. */
static inline int64_t outcome_counted(struct api *api, const char *of)
{
	CLEANUP(free_p) char *path = xasprintf("/count?of=%s", of);
	CLEANUP(json_free_p) struct json *j = NULL;
	struct err err = ERR_INIT;
	int64_t n = -1;

	if (outcome_get(api, path, &j, &err) < 0)
		fail_msg("%s", err.msg);
	assert_true(json_int64(json_get(j, "n"), &n));
	return n;
}

#endif
