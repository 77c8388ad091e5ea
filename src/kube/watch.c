#include "kube/watch.h"

#include <string.h>

#include "base/str.h"
#include "json/peek.h"
#include "kube/status.h"

void watch_lines_release(struct watch_lines *w)
{
	buf_release(&w->partial);
}

/* Keeps what there is room for. */
static void keep(struct watch_lines *w, const char *bytes, size_t len)
{
	size_t room = w->partial.max - w->partial.len;

	(void)buf_addn(&w->partial, bytes, len < room ? len : room);
}

/* The newest bytes complete what is left of the older ones. */
static int finish_partial(struct watch_lines *w, const char *bytes, size_t len, watch_line_fn *fn,
	void *ctx, struct err *err)
{
	int ret;

	keep(w, bytes, len);
	ret = fn(ctx, buf_str(&w->partial), w->partial.len, err);
	/* One large object must not keep its memory for the rest of the watch. */
	buf_release(&w->partial);
	return ret < 0 ? -1 : 0;
}

int watch_lines_feed(struct watch_lines *w, const char *bytes, size_t len, watch_line_fn *fn,
	void *ctx, struct err *err)
{
	const char *end = bytes + len;

	while (bytes < end) {
		const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));
		size_t n = (size_t)((newline ? newline : end) - bytes);

		if (!newline) {
			keep(w, bytes, n);
			return 0;
		}
		if (w->partial.len) {
			if (finish_partial(w, bytes, n, fn, ctx, err) < 0)
				return -1;
		} else if (n && fn(ctx, bytes, n < w->partial.max ? n : w->partial.max, err) < 0) {
			return -1;
		}
		bytes = newline + 1;
	}
	return 0;
}

static const char *const types[] = {
	[WATCH_ADDED] = "ADDED",
	[WATCH_MODIFIED] = "MODIFIED",
	[WATCH_DELETED] = "DELETED",
	[WATCH_BOOKMARK] = "BOOKMARK",
};

static int fill(struct watch_event *event, struct err *err)
{
	const char *word = json_string(json_get(event->tree, "type"));
	int type = str_index(types, ARRAY_SIZE(types), word);
	const struct json *metadata;

	event->object = json_get(event->tree, "object");
	if (str_eq(word, "ERROR"))
		return status_error_json(event->object, err);
	if (type < 0)
		return err_set(err, ERR_IO, "a watch event of an unknown type");
	event->type = (enum watch_type)type;
	metadata = json_get(event->object, "metadata");
	event->resource_version = json_string(json_get(metadata, "resourceVersion"));
	if (!event->resource_version || !*event->resource_version)
		return err_set(err, ERR_IO, "a watch event without a resourceVersion");
	return 0;
}

int watch_event_decode(const char *line, size_t len, struct watch_event *ret, struct err *err)
{
	CLEANUP(watch_event_release) struct watch_event event = WATCH_EVENT_INIT;

	if (json_parse(line, len, &event.tree, err) < 0) {
		if (err && err->kind == ERR_INVALID)
			err->kind = ERR_IO;
		return err_wrap(err, "a watch event");
	}
	if (fill(&event, err) < 0)
		return -1;
	*ret = event;
	event.tree = NULL;
	return 0;
}

int watch_event_peek(const char *line, size_t len, struct watch_peek *ret)
{
	char word[16];
	int type;

	if (!json_peek(line, len, word, sizeof(word), "type"))
		return -1;
	type = str_index(types, ARRAY_SIZE(types), word);
	if (type < 0 || type == WATCH_BOOKMARK)
		return -1;
	ret->type = (enum watch_type)type;
	(void)json_peek(line, len, ret->namespace, sizeof(ret->namespace), "object", "metadata",
		"namespace");
	return json_peek(line, len, ret->name, sizeof(ret->name), "object", "metadata", "name") &&
			       json_peek(line, len, ret->resource_version,
				       sizeof(ret->resource_version), "object", "metadata",
				       "resourceVersion")
		       ? 0
		       : -1;
}

void watch_event_release(struct watch_event *event)
{
	json_free(event->tree);
	event->tree = NULL;
}
