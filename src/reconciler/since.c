#include "reconciler/since.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "json/json.h"
#include "kube/backoff.h"
#include "kube/timestamp.h"
#include "kube/url.h"
#include "run/log.h"

struct since {
	const struct env *env;
	char *ns, *name;
	since_done_fn *done;
	void *ctx;
	struct backoff backoff;
};

static void get(struct since *p);

static void timer_done(void *ctx, const struct api_response *response, const struct err *err)
{
	(void)response;
	if (!err)
		get(ctx);
}

static void start_timer(struct since *p, unsigned delay_ms)
{
	(void)env_timer(p->env, delay_ms, timer_done, p);
}

static void try_later(struct since *p, const struct err *err)
{
	if (api_cancelled(err))
		return;
	log_event(LOG_WARN, "failed to read since when to promote, retrying",
		LOG_STR("namespace", p->ns), LOG_STR("configMap", p->name), LOG_ERR(err), LOG_END);
	start_timer(p, backoff_next(&p->backoff, env_random(p->env)));
}

/*
 * By the API server's clock it was created at the first start. A later time is that of a replica
 * whose clock was ahead: what was delivered since then would be left alone in silence.
 */
static void bound(const struct json *object, int64_t *ms)
{
	const char *created = json_string(json_at(object, "metadata", "creationTimestamp"));
	int64_t created_ms = 0;

	if (created && timestamp_parse(created, &created_ms) == 0 && created_ms < *ms)
		*ms = created_ms;
}

/* ERR_IO: the response is not a ConfigMap: retry. ERR_INVALID: its data.since is not a time. */
static int read_since(
	struct since *p, const struct api_response *response, int64_t *ret_ms, struct err *err)
{
	CLEANUP(json_free_p) struct json *object = NULL;
	const char *since;

	if (json_parse(response->body, response->len, &object, err) < 0 ||
		!json_string(json_at(object, "metadata", "name")))
		return err_set(err, ERR_IO, "ConfigMap %s/%s: the response is not a ConfigMap",
			p->ns, p->name);
	since = json_string(json_at(object, "data", "since"));
	if (since && timestamp_parse(since, ret_ms) == 0) {
		bound(object, ret_ms);
		return 0;
	}
	return err_set(err, ERR_INVALID,
		"ConfigMap %s/%s: data.since %s%.*s%s: set it to the time before which nothing is "
		"promoted, such as \"%s\", or delete the ConfigMap to use the current time",
		p->ns, p->name, since ? "\"" : "", LIMIT_QUOTED_BYTES / 4,
		since ? since : "is missing", since ? "\" is not a valid RFC 3339 time" : "",
		timestamp_format(env_wall_ms(p->env)).text);
}

/* Rounded down, as endTime is: a version that ended within that second counts as later. */
static int64_t to_seconds(int64_t ms)
{
	return ms / 1000 - (ms % 1000 < 0);
}

static void take(struct since *p, const struct api_response *response)
{
	struct err err = ERR_INIT;
	int64_t ms = 0;

	if (read_since(p, response, &ms, &err) == 0) {
		log_event(LOG_INFO, "promoting versions delivered since",
			LOG_STR("since", timestamp_format(ms).text), LOG_END);
		p->done(p->ctx, to_seconds(ms), NULL);
	} else if (err.kind == ERR_INVALID) {
		p->done(p->ctx, 0, &err);
	} else {
		try_later(p, &err);
	}
}

static void post_done(void *ctx, const struct api_response *response, const struct err *failure)
{
	struct since *p = ctx;

	if (response)
		take(p, response);
	else if (failure->kind == ERR_EXISTS)
		get(p);
	else
		try_later(p, failure);
}

static void send(struct since *p, const char *body, api_done_fn *done)
{
	const struct url url = {.version = "v1",
		.namespace = p->ns,
		.resource = "configmaps",
		.name = body ? NULL : p->name};
	const struct api_request request = {
		.method = body ? "POST" : "GET", .body = body, .body_len = body ? strlen(body) : 0};

	(void)env_call_url(p->env, &url, &request, done, p);
}

static void post(struct since *p)
{
	/* Valid object names and a time need no escaping. */
	CLEANUP(free_p)
	char *body = xasprintf("{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{"
			       "\"namespace\":\"%s\",\"name\":\"%s\",\"labels\":{"
			       "\"app.kubernetes.io/managed-by\":\"promogate\","
			       "\"app.kubernetes.io/part-of\":\"promogate\"},\"annotations\":{"
			       "\"kubernetes.io/description\":\"Created by promogate-reconciler at "
			       "its first start. What was delivered before data.since is not "
			       "promoted.\"}},\"data\":{\"since\":\"%s\"}}",
		p->ns, p->name, timestamp_format(env_wall_ms(p->env)).text);

	send(p, body, post_done);
}

static void get_done(void *ctx, const struct api_response *response, const struct err *failure)
{
	struct since *p = ctx;

	if (response)
		take(p, response);
	else if (failure->kind == ERR_NOT_FOUND)
		post(p);
	else
		try_later(p, failure);
}

static void get(struct since *p)
{
	send(p, NULL, get_done);
}

struct since *since_new(
	const struct env *env, const char *ns, const char *name, since_done_fn *done, void *ctx)
{
	struct since *p = xcalloc(1, sizeof(*p));

	p->env = env;
	p->ns = xstrdup(ns);
	p->name = xstrdup(name);
	p->done = done;
	p->ctx = ctx;
	p->backoff = (struct backoff)BACKOFF_INIT;
	start_timer(p, 0);
	return p;
}

void since_free(struct since *p)
{
	if (!p)
		return;
	free(p->ns);
	free(p->name);
	free(p);
}
