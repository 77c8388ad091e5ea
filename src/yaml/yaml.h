/*
 * yaml - parses YAML 1.1 into JSON values with line numbers. The only user of libyaml.
 *
 * Reads what kubectl reads (sigs.k8s.io/yaml): an unquoted scalar may be a boolean ("on" and "yes"
 * too), a number or null, a quoted one is a string; keys become strings; anchors, aliases and merge
 * keys ("<<") are resolved. Whatever would be lost or ambiguous is an error with its line: a
 * duplicate key, a tag that JSON has no value for, .inf and .nan, an escaped NUL.
 *
 * Limits: LIMIT_YAML_BYTES for the text; for each document LIMIT_JSON_DEPTH, LIMIT_JSON_VALUES and
 * LIMIT_YAML_JSON_BYTES, counting each use of an alias, so that a few lines can't become gigabytes.
 *
 * A stream belongs to one thread. A document owns its tree and its lines, and may be read by any
 * number of threads.
 */
#ifndef PROMOGATE_YAML_YAML_H
#define PROMOGATE_YAML_YAML_H

#include <stddef.h>

#include "base/err.h"
#include "base/mem.h"
#include "json/json.h"

struct yaml_place {
	const struct json *value;
	unsigned line;
};

struct yaml_doc {
	struct json *root; /* null for an empty document */
	struct yaml_place *places; /* ordered by value */
	size_t n_places;
};

#define YAML_DOC_INIT {.root = NULL}

void yaml_doc_release(struct yaml_doc *doc); /* for CLEANUP() too */

/* The line of a value of this document, from 1; for a member, that of its key. 0 for NULL. */
unsigned yaml_line(const struct yaml_doc *doc, const struct json *value);

/*
 * The documents of a text, one after the other. The text is borrowed until the stream is freed.
 * yaml_next() returns 0 and a document, YAML_END, or below 0 with "line N: …": ERR_INVALID or
 * ERR_TOO_LARGE; after an error nothing more can be read.
 */
struct yaml_stream;
enum { YAML_END = 1 };

int yaml_open(const char *text, size_t len, struct yaml_stream **ret, struct err *err);
int yaml_next(struct yaml_stream *stream, struct yaml_doc *ret, struct err *err);
void yaml_stream_free(struct yaml_stream *stream);
DEFINE_CLEANUP(struct yaml_stream, yaml_stream_free)

/* The only document of a text: none, and more than one, are ERR_INVALID. */
int yaml_parse(const char *text, size_t len, struct yaml_doc *ret, struct err *err);

#endif
