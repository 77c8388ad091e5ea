/*
 * tree - what tests do with parsed JSON and src/ never needs to: compare it, and apply the patches
 * that Promogate makes.
 */
#ifndef PROMOGATE_TESTS_TREE_H
#define PROMOGATE_TESTS_TREE_H

#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/str.h"
#include "json/emit.h"
#include "json/json.h"

static inline bool tree_equal(const struct json *a, const struct json *b)
{
	if (json_type(a) != json_type(b) || json_count(a) != json_count(b) ||
		!str_eq(json_string(a), json_string(b)) || json_is_true(a) != json_is_true(b) ||
		json_double(a) != json_double(b))
		return false;
	for (a = json_first(a), b = json_first(b); a; a = json_next(a), b = json_next(b))
		if (!str_eq(json_key(a), json_key(b)) || !tree_equal(a, b))
			return false;
	return true;
}

/* The next segment of a JSON Pointer, unescaped; returns what follows it. */
static inline const char *tree_segment(const char *pointer, struct buf *ret)
{
	for (pointer++; *pointer && *pointer != '/'; pointer++)
		if (*pointer == '~')
			(void)buf_addc(ret, *++pointer == '1' ? '/' : '~');
		else
			(void)buf_addc(ret, *pointer);
	return pointer;
}

/* j after an operation at the pointer: value is added there, or, NULL, what is there removed. */
static inline void tree_emit_with(
	struct emit *to, const struct json *j, const char *pointer, const struct json *value)
{
	CLEANUP(buf_release) struct buf segment = BUF_INIT(LIMIT_REVIEW_BYTES);

	if (!*pointer) {
		emit_json(to, value);
		return;
	}
	pointer = tree_segment(pointer, &segment);
	emit_object_begin(to);
	json_each (item, j) {
		if (str_eq(json_key(item), buf_str(&segment)))
			continue;
		emit_key(to, json_key(item));
		emit_json(to, item);
	}
	if (*pointer || value) {
		emit_key(to, buf_str(&segment));
		tree_emit_with(to, json_get(j, buf_str(&segment)), pointer, value);
	}
	emit_object_end(to);
}

/* The object after a JSON Patch of "add" and "remove" of members. For json_free(). */
static inline struct json *tree_patched(const struct json *object, const struct json *patch)
{
	struct json *before = NULL, *after = NULL;

	json_each (operation, patch) {
		CLEANUP(buf_release) struct buf text = BUF_INIT(LIMIT_REVIEW_BYTES);
		struct emit e = EMIT_INIT(&text);

		tree_emit_with(&e, after ? after : object, json_string(json_get(operation, "path")),
			json_get(operation, "value"));
		before = after;
		if (json_parse(buf_str(&text), text.len, &after, NULL) < 0)
			abort();
		json_free(before);
	}
	return after;
}

#endif
