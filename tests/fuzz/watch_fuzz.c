/*
 * The first byte chooses the pieces in which the rest arrives as a watch stream. The lines do not
 * depend on the pieces; each is an event, or an error with a reason. The whole is also read as a Status.
 */
#include <assert.h>
#include <string.h>

#include "base/limits.h"
#include "kube/status.h"
#include "kube/watch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_LINE = 1000 };

static int join(void *ctx, const char *line, size_t len, struct err *err)
{
	struct buf *to = ctx;

	(void)err;
	assert(len && len <= MAX_LINE && !memchr(line, '\n', len));
	(void)buf_addn(to, line, len);
	return buf_addc(to, '\n');
}

static int decode(void *ctx, const char *line, size_t len, struct err *err)
{
	CLEANUP(watch_event_release) struct watch_event event = WATCH_EVENT_INIT;
	struct watch_peek peek;
	bool peeked = watch_event_peek(line, len, &peek) == 0;

	(void)ctx;
	if (watch_event_decode(line, len, &event, err) < 0) {
		assert(err->kind != ERR_NONE && err->msg[0] && !event.tree);
		return 0;
	}
	assert(*event.resource_version && json_type(event.object) == JSON_OBJECT);
	assert(!peeked || (peek.type == event.type &&
				  strcmp(peek.resource_version, event.resource_version) == 0));
	return 0;
}

static int feed(const char *bytes, size_t size, size_t step, watch_line_fn *fn, struct buf *to)
{
	CLEANUP(watch_lines_release) struct watch_lines w = WATCH_LINES_INIT(MAX_LINE);
	struct err err = ERR_INIT;

	for (size_t at = 0; at < size; at += step) {
		size_t n = size - at < step ? size - at : step;

		if (watch_lines_feed(&w, bytes + at, n, fn, to, &err) < 0)
			return -1;
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(buf_release) struct buf whole = BUF_INIT(1 << 20);
	CLEANUP(buf_release) struct buf pieces = BUF_INIT(1 << 20);
	const char *bytes = (const char *)data + 1;
	struct err err = ERR_INIT;
	int ret;

	if (!size--)
		return 0;
	ret = feed(bytes, size, size + 1, join, &whole);
	assert(feed(bytes, size, data[0] + 1u, join, &pieces) == ret);
	assert(strcmp(buf_str(&whole), buf_str(&pieces)) == 0);
	(void)feed(bytes, size, size + 1, decode, NULL);
	assert(status_error(404, "/a/b", bytes, size, 0, &err) == -1 && err.kind != ERR_NONE);
	assert(err.retry_after_ms <= LIMIT_RETRY_AFTER_MS);
	return 0;
}
