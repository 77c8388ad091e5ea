/*
 * watch - a watch stream: bytes to lines, and a line to an event. Pure.
 *
 * The API server sends one JSON object a line (followed by a newline) for as long as the watch
 * lasts. Plain data, owned by its caller, one thread at a time.
 */
#ifndef PROMOGATE_KUBE_WATCH_H
#define PROMOGATE_KUBE_WATCH_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"
#include "json/json.h"

/*
 * Called with each line, without its newline and without a NUL; a line over the maximum is cut to
 * it. A result below 0 stops watch_lines_feed().
 */
typedef int watch_line_fn(void *ctx, const char *line, size_t len, struct err *err);

struct watch_lines {
	struct buf partial; /* what came after the last newline */
};

#define WATCH_LINES_INIT(max_line_bytes_) {.partial = BUF_INIT(max_line_bytes_)}

void watch_lines_release(struct watch_lines *w);
/*
 * Passes on each line that the bytes complete, without empty lines. Fails with what the function
 * returned; then the stream can't be read on.
 */
int watch_lines_feed(struct watch_lines *w, const char *bytes, size_t len, watch_line_fn *fn,
	void *ctx, struct err *err);

/* Of a resourceVersion: a 64-bit number (KEP-5504). */
enum { WATCH_VERSION_BYTES = 32 };

enum watch_type { WATCH_ADDED, WATCH_MODIFIED, WATCH_DELETED, WATCH_BOOKMARK };

/* Owns its tree; the pointers look into it. */
struct watch_event {
	enum watch_type type;
	const struct json *object; /* an object; of a BOOKMARK only the resourceVersion counts */
	const char *resource_version; /* never NULL or "": where to resume the watch */
	struct json *tree;
};

#define WATCH_EVENT_INIT {.type = WATCH_BOOKMARK}

/*
 * An ERROR event is an error: its Status decides the kind (kube/status.h), so a resourceVersion
 * that is too old is ERR_GONE. A line that is not an event is ERR_IO, since the other side failed:
 * list again.
 */
int watch_event_decode(const char *line, size_t len, struct watch_event *ret, struct err *err);
void watch_event_release(struct watch_event *event); /* for CLEANUP() too */

/* What a line says of an object that can't be read. */
struct watch_peek {
	enum watch_type type; /* never WATCH_BOOKMARK */
	char namespace[LIMIT_NAME_BYTES + 1], name[LIMIT_NAME_BYTES + 1]; /* namespace "": none */
	char resource_version[WATCH_VERSION_BYTES];
};

/*
 * Of a line that watch_event_decode() refuses, which may be cut: 0, or -1 if it is no event about
 * an object.
 */
int watch_event_peek(const char *line, size_t len, struct watch_peek *ret);

#endif
