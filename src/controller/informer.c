#include "controller/informer.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/str.h"
#include "controller/discovery.h"
#include "controller/informer_internal.h"
#include "json/peek.h"
#include "kube/watch.h"
#include "run/log.h"
#include "run/metrics.h"

METRIC_COUNTER(lists, "promogate_informer_lists_total", "Lists, by resource and outcome.",
	"resource", "outcome");
METRIC_GAUGE(synced_gauge, "promogate_informer_synced",
	"1 once the first list of a resource is complete; 0 again if nothing is heard of it.",
	"resource");
METRIC_GAUGE(heard_gauge, "promogate_informer_last_heard_timestamp_seconds",
	"When the last list, event or bookmark of a resource arrived, in seconds since 1970.",
	"resource");

enum {
	/* Keeps the memory for one page small; client-go asks for 500. */
	PAGE_OBJECTS = 100,
};

static void timer_done(void *ctx, const struct api_response *response, const struct err *err)
{
	(void)response;
	if (!err)
		informer_start(ctx);
}

void informer_start_after(struct informer *i, unsigned delay_ms)
{
	(void)env_timer(i->env, delay_ms, timer_done, i);
}

void informer_try_later(struct informer *i, const struct err *err)
{
	uint32_t delay_ms = backoff_next(&i->backoff, env_random(i->env));

	if (err && err->retry_after_ms > delay_ms)
		delay_ms = err->retry_after_ms;
	informer_start_after(i, delay_ms);
}

bool informer_names(const struct json *object, const char **ns, const char **name)
{
	const struct json *metadata = json_get(object, "metadata");

	*ns = json_string(json_get(metadata, "namespace"));
	*name = json_string(json_get(metadata, "name"));
	if (!*ns)
		*ns = "";
	return *name != NULL;
}

void informer_forget_position(struct informer *i)
{
	free(i->resource_version);
	i->resource_version = NULL;
	buf_reset(&i->continue_token);
}

static void heard(struct informer *i)
{
	atomic_store(&i->heard_ms, env_mono_ms(i->env));
	i->reported_unheard = false;
	metric_set(metric_at(&heard_gauge, i->kind.resource), env_wall_ms(i->env) / 1000);
	metric_set(metric_at(&synced_gauge, i->kind.resource), informer_synced(i));
}

void informer_check_unheard(struct informer *i)
{
	if (i->reported_unheard || !informer_unheard(i))
		return;
	i->reported_unheard = true;
	metric_set(metric_at(&synced_gauge, i->kind.resource), 0);
	log_event(LOG_WARN, "nothing heard", LOG_STR("resource", i->kind.resource),
		LOG_INT("seconds", LIMIT_UNHEARD_MS / 1000), LOG_END);
}

void informer_progressed(struct informer *i)
{
	int64_t version = 0;

	if (i->resource_version && str_to_int64(i->resource_version, &version) == 0 &&
		version > 0 && (uint64_t)version > i->progress)
		i->progress = (uint64_t)version;
	heard(i);
	if (i->handler.progressed)
		i->handler.progressed(i->handler.ctx);
}

void informer_skip(struct informer *i, const char *ns, const char *name, const struct err *why)
{
	skipped_add(i->skipped, ns, name, why);
	if (*name && i->handler.skip)
		i->handler.skip(i->handler.ctx, ns, name);
}

/* --- lists ------------------------------------------------------------------------------------ */

static void list_finished(struct informer *i, const char *outcome)
{
	skipped_list_end(i->skipped);
	i->handler.list_end(i->handler.ctx);
	if (!atomic_exchange(&i->synced, true))
		log_event(LOG_INFO, "informer synced", LOG_STR("resource", i->kind.resource),
			LOG_STR("outcome", outcome), LOG_END);
	metric_add(metric_at(&lists, i->kind.resource, outcome), 1);
	i->page_objects = PAGE_OBJECTS;
	informer_progressed(i);
	/* A list leaves holes in the heap that would never be filled. */
	(void)malloc_trim(0);
}

static void list_begin(struct informer *i)
{
	skipped_list_begin(i->skipped);
	i->handler.list_begin(i->handler.ctx);
}

static void list_failed(struct informer *i, const struct err *err)
{
	if (api_cancelled(err))
		return;
	informer_forget_position(i);
	metric_add(metric_at(&lists, i->kind.resource, err_kind_name(err->kind)), 1);
	log_event(LOG_WARN, "list failed", LOG_STR("resource", i->kind.resource),
		LOG_INT("pageObjects", i->page_objects), LOG_ERR(err), LOG_END);
	informer_check_unheard(i);
	informer_try_later(i, err);
}

static void discovered(void *ctx, enum discovery found, const struct err *err)
{
	struct informer *i = ctx;
	struct err served = ERR_INIT;

	if (found == DISCOVERY_ABSENT) {
		informer_forget_position(i);
		list_begin(i);
		list_finished(i, "Absent");
		informer_try_later(i, NULL);
		return;
	}
	if (found == DISCOVERY_SERVED) {
		(void)err_set(&served, ERR_IO, "the list is not found, but discovery has the kind");
		err = &served;
	}
	list_failed(i, err);
}

/* A built-in kind is always served. */
static bool may_be_absent(const struct informer *i, const struct err *err)
{
	return err->kind == ERR_NOT_SERVED && i->kind.group && strchr(i->kind.group, '.');
}

/* Where the list continues. */
static void page_taken(struct informer *i, const char *version, const char *next)
{
	free(i->resource_version);
	i->resource_version = xstrdup(version);
	buf_reset(&i->continue_token);
	(void)buf_add(&i->continue_token, next);
	i->page_objects = 2 * i->page_objects < PAGE_OBJECTS ? 2 * i->page_objects : PAGE_OBJECTS;
	heard(i);
	if (!i->continue_token.len) {
		backoff_reset(&i->backoff);
		list_finished(i, "OK");
	}
	informer_start(i);
}

/* A page of one object that can't be read. */
static int skip_page(struct informer *i, const struct api_response *page, const struct err *why)
{
	char version[WATCH_VERSION_BYTES], next[LIMIT_URL_BYTES];
	char ns[LIMIT_NAME_BYTES + 1], name[LIMIT_NAME_BYTES + 1];

	if (!json_peek(
		    page->body, page->len, version, sizeof(version), "metadata", "resourceVersion"))
		return -1;
	(void)json_peek(page->body, page->len, next, sizeof(next), "metadata", "continue");
	(void)json_peek(page->body, page->len, ns, sizeof(ns), "items", PEEK_FIRST, "metadata",
		"namespace");
	(void)json_peek(
		page->body, page->len, name, sizeof(name), "items", PEEK_FIRST, "metadata", "name");
	if (!i->continue_token.len)
		list_begin(i);
	informer_skip(i, ns, name, why);
	page_taken(i, version, next);
	return 0;
}

/*
 * One of its objects can't be read, unless it was damaged on its way. In the cut page of a built-in
 * kind, metadata comes before the items; objects of CRDs are stored as JSON, so none is as large.
 */
static void page_unreadable(
	struct informer *i, const struct api_response *page, const struct err *why)
{
	bool damaged = !page->cut && !json_peek_whole(page->body, page->len);

	if (!damaged && i->page_objects > 1) {
		i->page_objects /= 2;
		informer_start(i);
	} else if (damaged || skip_page(i, page, why) < 0) {
		list_failed(i, why);
	}
}

static int parse_page(const struct api_response *response, struct json **ret, struct err *err)
{
	if (response->cut)
		return err_set(err, ERR_TOO_LARGE, "the list: a page over %d bytes",
			LIMIT_LIST_PAGE_BYTES);
	if (json_parse(response->body, response->len, ret, err) < 0)
		return err_wrap(err, "the list");
	return 0;
}

/* Passes the objects of one page to the owner. ERR_IO if the response is not a list. */
static int take_page(struct informer *i, const struct json *page, struct err *err)
{
	const char *version = json_string(json_at(page, "metadata", "resourceVersion"));
	const char *ns, *name;

	if (!version || !*version)
		return err_set(err, ERR_IO, "the list has no metadata.resourceVersion");
	if (!i->continue_token.len)
		list_begin(i);
	json_each (item, json_get(page, "items"))
		if (informer_names(item, &ns, &name))
			i->handler.set(i->handler.ctx, ns, name, item);
	page_taken(i, version, json_string_or(json_at(page, "metadata", "continue"), ""));
	return 0;
}

static void list_done(void *ctx, const struct api_response *response, const struct err *failure)
{
	CLEANUP(json_free_p) struct json *page = NULL;
	struct informer *i = ctx;
	struct err err = ERR_INIT;

	if (failure && may_be_absent(i, failure))
		discovery_ask(i->env, &i->kind, discovered, i);
	else if (failure)
		list_failed(i, failure);
	else if (parse_page(response, &page, &err) < 0)
		page_unreadable(i, response, &err);
	else if (take_page(i, page, &err) < 0)
		list_failed(i, &err);
}

static void list_start(struct informer *i, struct buf *path)
{
	struct api_request request = {
		.max_bytes = LIMIT_LIST_PAGE_BYTES, .may_be_cut = true, .urgent = true};

	url_add_query_int(path, "limit", i->page_objects);
	if (i->continue_token.len)
		url_add_query(path, "continue", buf_str(&i->continue_token));
	request.path = buf_str(path);
	(void)env_call(i->env, &request, list_done, i);
}

void informer_start(struct informer *i)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT(LIMIT_URL_BYTES);
	struct err err = ERR_INIT;

	if (url_add(&path, &i->kind, &err) < 0)
		abort(); /* the kind is a constant of ours */
	if (i->label_selector)
		url_add_query(&path, "labelSelector", i->label_selector);
	if (i->resource_version && !i->continue_token.len)
		informer_watch_start(i, &path);
	else
		list_start(i, &path);
}

struct informer *informer_new(const struct env *env, const struct url *kind,
	const char *label_selector, const struct informer_handler *handler)
{
	struct informer *i = xcalloc(1, sizeof(*i));

	i->env = env;
	i->kind = *kind;
	i->label_selector = label_selector;
	i->handler = *handler;
	i->backoff = (struct backoff)BACKOFF_INIT;
	i->page_objects = PAGE_OBJECTS;
	buf_init(&i->continue_token, LIMIT_URL_BYTES);
	atomic_init(&i->synced, false);
	atomic_init(&i->heard_ms, env_mono_ms(env));
	i->skipped = skipped_new(kind->resource);
	metric_set(metric_at(&synced_gauge, kind->resource), 0);
	informer_start_after(i, 0);
	return i;
}

void informer_free(struct informer *i)
{
	if (!i)
		return;
	informer_forget_position(i);
	buf_release(&i->continue_token);
	skipped_free(i->skipped);
	free(i);
}

bool informer_synced(const struct informer *i)
{
	return atomic_load(&i->synced);
}

static int64_t unheard_ms(const struct informer *i)
{
	return env_mono_ms(i->env) - atomic_load(&i->heard_ms);
}

bool informer_unheard(const struct informer *i)
{
	return unheard_ms(i) > LIMIT_UNHEARD_MS;
}

int informer_ready(struct informer *i, struct buf *reasons)
{
	int ret = 0;

	if (!informer_synced(i)) {
		(void)buf_addf(reasons, "%s: not listed yet\n", i->kind.resource);
		ret = -1;
	} else if (informer_unheard(i)) {
		(void)buf_addf(reasons, "%s: nothing heard for %lld s\n", i->kind.resource,
			(long long)unheard_ms(i) / 1000);
		ret = 1;
	}
	skipped_describe(i->skipped, reasons);
	return ret;
}

uint64_t informer_progress(const struct informer *i)
{
	return i->progress;
}
