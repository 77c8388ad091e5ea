/*
 * emit - JSON out, piece by piece into a buf. Commas are put where they belong; the caller opens
 * and closes in order. Strings are escaped as RFC 8259 asks, bytes that are no UTF-8 become U+FFFD.
 * An overflow shows in the buf.
 */
#ifndef PROMOGATE_JSON_EMIT_H
#define PROMOGATE_JSON_EMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "json/json.h"

struct emit {
	struct buf *to; /* borrowed */
	bool comma; /* something stands before what comes next */
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
 * A parsed value with all that is in it; NULL is null. Numbers are written as briefly as a double
 * allows: of more than 15 digits, what was parsed is what is left of them.
 */
void emit_json(struct emit *e, const struct json *j);

/* emit_key() and the value in one. */
void emit_key_string(struct emit *e, const char *key, const char *s);
void emit_key_int(struct emit *e, const char *key, int64_t n);
void emit_key_bool(struct emit *e, const char *key, bool b);
void emit_key_json(struct emit *e, const char *key, const struct json *j);

#endif
