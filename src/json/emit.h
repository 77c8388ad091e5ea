/*
 * emit - writes JSON into a buf, one value at a time. It adds the commas; the caller opens and
 * closes in order. Strings are escaped as in RFC 8259, and so is what a terminal acts on or does not
 * show (json/printable.h), so that a log line is safe to look at; invalid UTF-8 becomes U+FFFD. An
 * overflow shows in the buf.
 */
#ifndef PROMOGATE_JSON_EMIT_H
#define PROMOGATE_JSON_EMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "json/json.h"

struct emit {
	struct buf *to; /* borrowed */
	bool comma; /* a comma is due */
};

#define EMIT_INIT(to_) {.to = (to_)}

void emit_object_begin(struct emit *e);
void emit_object_end(struct emit *e);
void emit_array_begin(struct emit *e);
void emit_array_end(struct emit *e);
/* Before each member of an object. */
void emit_key(struct emit *e, const char *key);
void emit_string(struct emit *e, const char *s);
void emit_int(struct emit *e, int64_t n);
void emit_bool(struct emit *e, bool b);
void emit_null(struct emit *e);
/*
 * A parsed value and all its children; NULL is null. Numbers are written as short as a double
 * allows; more than 15 digits may be rounded.
 */
void emit_json(struct emit *e, const struct json *j);

/* Values, or members of an object, that are JSON already, with commas between; "" is none. */
void emit_raw(struct emit *e, const char *text);

/* emit_key() and the value in one; an object or array is still to be ended. */
void emit_key_object(struct emit *e, const char *key);
void emit_key_array(struct emit *e, const char *key);
void emit_key_string(struct emit *e, const char *key, const char *s);
void emit_key_int(struct emit *e, const char *key, int64_t n);
void emit_key_bool(struct emit *e, const char *key, bool b);
void emit_key_json(struct emit *e, const char *key, const struct json *j);

#endif
