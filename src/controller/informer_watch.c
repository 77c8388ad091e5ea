#include <stdlib.h>

#include "base/limits.h"
#include "controller/informer_internal.h"
#include "kube/watch.h"
#include "run/log.h"
#include "run/memory.h"
#include "run/metrics.h"

METRIC_COUNTER(watches, "promogate_informer_watches_total",
	"Watches that ended, by resource and reason.", "resource", "reason");

enum {
	/* A watch lasts five to ten minutes, as in client-go, so that not all end together. */
	WATCH_MIN_S = 300,
	WATCH_SPREAD_S = 300,
};

static void line_taken(struct informer *i, const char *resource_version)
{
	free(i->resource_version);
	i->resource_version = xstrdup(resource_version);
	watch_health_heard(&i->health, env_mono_ms(i->env));
	informer_progressed(i);
}

static void take_event(struct informer *i, const struct watch_event *event)
{
	const char *ns, *name;

	if (event->type == WATCH_BOOKMARK || !informer_names(event->object, &ns, &name))
		return;
	skipped_remove(i->skipped, ns, name);
	if (event->type == WATCH_DELETED)
		i->handler.remove(i->handler.ctx, ns, name);
	else
		i->handler.set(i->handler.ctx, ns, name, event->object);
}

/* A line about an object that can't be read, or one that is no event at all. */
static int line_unreadable(
	struct informer *i, const char *line, size_t len, const struct err *why, struct err *err)
{
	struct watch_peek event;
	struct err too_large = ERR_INIT;

	if (watch_event_peek(line, len, &event) < 0) {
		/* A watch from the last position would bring the same line again. */
		informer_forget_position(i);
		*err = *why;
		return -1;
	}
	if (len >= LIMIT_WATCH_LINE_BYTES) {
		(void)err_set(&too_large, ERR_TOO_LARGE, "a watch event over %d bytes",
			LIMIT_WATCH_LINE_BYTES);
		why = &too_large;
	}
	if (event.type == WATCH_DELETED) {
		skipped_remove(i->skipped, event.namespace, event.name);
		i->handler.remove(i->handler.ctx, event.namespace, event.name);
	} else {
		informer_skip(i, event.namespace, event.name, why);
	}
	line_taken(i, event.resource_version);
	return 0;
}

static int take_line(struct informer *i, const char *line, size_t len, struct err *err)
{
	CLEANUP(watch_event_release) struct watch_event event = WATCH_EVENT_INIT;
	struct err why = ERR_INIT;

	if (watch_event_decode(line, len, &event, &why) < 0)
		return line_unreadable(i, line, len, &why, err);
	take_event(i, &event);
	line_taken(i, event.resource_version);
	return 0;
}

static int watch_line(void *ctx, const char *line, size_t len, struct err *err)
{
	int ret = take_line(ctx, line, len, err);

	memory_trim_after(len);
	return ret;
}

static void watchdog_start(struct informer *i);

static void watchdog_done(void *ctx, const struct api_response *response, const struct err *err)
{
	struct informer *i = ctx;

	(void)response;
	if (err)
		return;
	if (watch_health_left_ms(&i->health, env_mono_ms(i->env)) > 0) {
		watchdog_start(i);
		return;
	}
	i->silent = true;
	env_cancel(i->env, i->watch);
}

static void watchdog_start(struct informer *i)
{
	int64_t left_ms = watch_health_left_ms(&i->health, env_mono_ms(i->env));

	i->watchdog = env_timer(i->env, (unsigned)left_ms, watchdog_done, i);
}

static void watch_next(struct informer *i, bool accepted, const struct err *err)
{
	enum watch_next next = watch_health_end(&i->health, accepted, err, env_mono_ms(i->env));

	if (next == WATCH_NEXT_SOON || i->health.spoke)
		backoff_reset(&i->backoff);
	if (next == WATCH_NEXT_NOW)
		informer_start(i);
	else if (next == WATCH_NEXT_SOON)
		informer_start_after(i, env_random(i->env) % WATCH_SOON_MS);
	else
		informer_try_later(i, err);
}

static void watch_done(void *ctx, const struct api_response *response, const struct err *err)
{
	struct err silence = ERR_INIT;
	struct informer *i = ctx;

	env_cancel(i->env, i->watchdog);
	if (i->silent) {
		(void)err_set(&silence, ERR_TIMEOUT, "no event or bookmark for %d s",
			LIMIT_WATCH_SILENCE_MS / 1000);
		err = &silence;
	}
	if (err && api_cancelled(err))
		return;
	metric_add(
		metric_at(&watches, i->kind.resource, err ? err_kind_name(err->kind) : "Ended"), 1);
	/* After a broken connection the watch resumes from its position; after a refusal, list. */
	if (err && err->kind != ERR_IO && err->kind != ERR_TIMEOUT && err->kind != ERR_THROTTLED)
		informer_forget_position(i);
	if (err) {
		log_event(LOG_INFO, "watch ended", LOG_STR("resource", i->kind.resource),
			LOG_ERR(err), LOG_END);
		informer_check_unheard(i);
	}
	watch_next(i, response != NULL, err);
}

void informer_watch_start(struct informer *i, struct buf *path)
{
	struct api_request request = {0};

	url_add_query(path, "watch", "true");
	url_add_query(path, "allowWatchBookmarks", "true");
	url_add_query_int(
		path, "timeoutSeconds", WATCH_MIN_S + env_random(i->env) % WATCH_SPREAD_S);
	url_add_query(path, "resourceVersion", i->resource_version);
	request.path = buf_str(path);
	i->silent = false;
	watch_health_begin(&i->health, env_mono_ms(i->env));
	i->watch = env_watch(i->env, &request, watch_line, watch_done, i);
	watchdog_start(i);
}
