#include "control/past.h"

#include <stdlib.h>

#include "control/calls.h"
#include "kube/backoff.h"
#include "kube/timestamp.h"
#include "promotion/jobmeta.h"
#include "run/clock.h"
#include "run/log.h"
#include "run/random.h"
#include "json/emit.h"

enum { MS_PER_S = 1000 };

struct past {
	struct api *api;
	const char *namespace, *name;
	past_done_fn *done;
	void *ctx;
	struct backoff backoff;
};

static void get(struct past *p);

static void tried_later(void *ctx, const struct api_response *response, const struct err *err)
{
	(void)response;
	if (!err)
		get(ctx);
}

static void try_later(struct past *p, const struct err *err)
{
	if (api_cancelled(err))
		return;
	log_event(LOG_WARN, "can't tell the past", LOG_STR("configMap", p->name), LOG_ERR(err),
		LOG_END);
	(void)api_timer(p->api, backoff_next(&p->backoff, random_u32()), tried_later, p);
}

/* Of the ConfigMap as it was read or made. */
static void take(struct past *p, const struct api_response *response)
{
	CLEANUP(json_free_p) struct json *map = NULL;
	struct err err = ERR_INIT;
	const char *since;
	int64_t ms;

	if (json_parse(response->body, response->len, &map, &err) < 0) {
		try_later(p, &err);
		return;
	}
	since = json_string_or(json_at(map, "data", PAST_KEY), "");
	if (timestamp_parse(since, &ms) == 0) {
		log_event(LOG_INFO, "promotes what is delivered from here on",
			LOG_STR("since", since), LOG_END);
		p->done(p->ctx, ms / MS_PER_S, NULL);
		return;
	}
	(void)err_set(&err, ERR_INVALID,
		"ConfigMap \"%s/%s\", data.%s: want a time such as \"2006-01-02T15:04:05Z\", not "
		"\"%s\"; mend it, or delete the ConfigMap and what was delivered until then is the "
		"past",
		p->namespace, p->name, PAST_KEY, since);
	p->done(p->ctx, 0, &err);
}

static void made(void *ctx, const struct api_response *response, const struct err *err)
{
	struct past *p = ctx;

	if (!err)
		take(p, response);
	else if (err->kind == ERR_EXISTS)
		get(p);
	else
		try_later(p, err);
}

static void make(struct past *p)
{
	const struct timestamp now = timestamp_format(clock_wall_ms());
	CLEANUP(call_release) struct call call = CALL_INIT;
	struct emit e = EMIT_INIT(&call.body);

	call.method = "POST";
	call.url = call_config_map(p->namespace, NULL);
	emit_object_begin(&e);
	emit_key_string(&e, "apiVersion", "v1");
	emit_key_string(&e, "kind", "ConfigMap");
	emit_key(&e, "metadata");
	emit_object_begin(&e);
	emit_key_string(&e, "name", p->name);
	emit_key(&e, "labels");
	emit_object_begin(&e);
	emit_key_string(&e, JOB_MANAGED_BY, JOB_MANAGER);
	emit_object_end(&e);
	emit_object_end(&e);
	emit_key(&e, "data");
	emit_object_begin(&e);
	emit_key_string(&e, PAST_KEY, now.text);
	emit_object_end(&e);
	emit_object_end(&e);
	call_send(p->api, &call, made, p);
}

static void got(void *ctx, const struct api_response *response, const struct err *err)
{
	struct past *p = ctx;

	if (!err)
		take(p, response);
	else if (err->kind == ERR_NOT_FOUND)
		make(p);
	else
		try_later(p, err);
}

static void get(struct past *p)
{
	CLEANUP(call_release) struct call call = CALL_INIT;

	call.url = call_config_map(p->namespace, p->name);
	call_send(p->api, &call, got, p);
}

struct past *past_new(
	struct api *api, const char *ns, const char *name, past_done_fn *done, void *ctx)
{
	struct past *p = xcalloc(1, sizeof(*p));

	*p = (struct past){.api = api,
		.namespace = ns,
		.name = name,
		.done = done,
		.ctx = ctx,
		.backoff = BACKOFF_INIT};
	get(p);
	return p;
}

void past_free(struct past *p)
{
	free(p);
}
