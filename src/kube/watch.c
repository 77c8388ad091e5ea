#include "kube/watch.h"

#include <string.h>

#include "base/str.h"
#include "kube/status.h"

void watch_lines_release(struct watch_lines *w)
{
	buf_release(&w->partial);
}

static int too_long(const struct watch_lines *w, struct err *err)
{
	return err_set(err, ERR_TOO_LARGE, "a line of a watch over %zu bytes", w->partial.max);
}

/* The newest bytes complete what is left of the older ones. */
static int finish_partial(struct watch_lines *w, const char *bytes, size_t len, watch_line_fn *fn,
	void *ctx, struct err *err)
{
	int ret;

	if (buf_addn(&w->partial, bytes, len) < 0)
		return too_long(w, err);
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

		if (!newline)
			return buf_addn(&w->partial, bytes, n) < 0 ? too_long(w, err) : 0;
		if (w->partial.len) {
			if (finish_partial(w, bytes, n, fn, ctx, err) < 0)
				return -1;
		} else if (n > w->partial.max) {
			return too_long(w, err);
		} else if (n && fn(ctx, bytes, n, err) < 0) {
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

void watch_event_release(struct watch_event *event)
{
	json_free(event->tree);
	event->tree = NULL;
}
