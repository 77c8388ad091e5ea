/*
 * tree - what tests do with parsed JSON and src/ never needs to: compare it, and apply the patches
 * that Promogate makes.
 */
#ifndef PROMOGATE_TESTS_TREE_H
#define PROMOGATE_TESTS_TREE_H

#include <stdio.h>

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

/* j with one more member, or another value for it; steps is its path, created if absent. */
static inline void tree_emit_with(
	struct emit *to, const struct json *j, const char *const *steps, const char *value)
{
	if (!*steps) {
		emit_string(to, value);
		return;
	}
	emit_object_begin(to);
	json_each (item, j) {
		if (str_eq(json_key(item), *steps))
			continue;
		emit_key(to, json_key(item));
		emit_json(to, item);
	}
	emit_key(to, *steps);
	tree_emit_with(to, json_get(j, *steps), steps + 1, value);
	emit_object_end(to);
}

#endif
