/*
 * json - parses strict JSON (RFC 8259) into read-only values. The only user of cJSON.
 *
 * Strict, since a more lenient reader than the API server's is an admission bypass: duplicate keys,
 * trailing bytes, invalid UTF-8, and depth, size or number of values over the limit are errors that
 * name the byte. Keys match exactly, case included.
 *
 * One departure: an escaped NUL (\u0000) reads as U+FFFD, because a C string would end there and
 * hide what follows. No valid name contains either.
 *
 * A value is part of the tree that json_parse() returned, lives as long, and may be read by any
 * number of threads.
 */
#ifndef PROMOGATE_JSON_JSON_H
#define PROMOGATE_JSON_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"

struct json;

enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

/*
 * Parses len bytes (without a NUL). ERR_INVALID or ERR_TOO_LARGE, with a message that
 * names the byte. Limits: LIMIT_JSON_DEPTH, LIMIT_JSON_VALUES; the caller bounds len.
 */
int json_parse(const char *text, size_t len, struct json **ret, struct err *err);
/* The same with a lower limit than LIMIT_JSON_VALUES: for input from any client. */
int json_parse_small(
	const char *text, size_t len, size_t max_values, struct json **ret, struct err *err);
void json_free(struct json *j);
DEFINE_CLEANUP(struct json, json_free)

/* Every getter accepts NULL, a missing value, and treats it as a value of another type. */

/* JSON_NULL for NULL. */
enum json_type json_type(const struct json *j);
/* "null", "boolean", "number", "string", "array", "object": the API server's names. */
const char *json_type_name(enum json_type type);
/* The member of this name; NULL if there is none or j is not an object. */
const struct json *json_get(const struct json *j, const char *key);
/* The member of the member…: json_at(j, "a", "b") is json_get(json_get(j, "a"), "b"). */
#define json_at(j, ...) json_at_keys((j), (const char *const[]){__VA_ARGS__, NULL})
const struct json *json_at_keys(const struct json *j, const char *const *keys);
/* NULL unless it is a string. */
const char *json_string(const struct json *j);
/* The string, or `otherwise` if it is not a string. */
const char *json_string_or(const struct json *j, const char *otherwise);
/* Whether it is the boolean true. */
bool json_is_true(const struct json *j);
/* Whether it is a whole number that int64_t holds exactly as a double does (below 2^53). */
bool json_int64(const struct json *j, int64_t *ret);
/* The number as a double holds it, which may be infinite; 0 if it is not a number. */
double json_double(const struct json *j);

/* The number of elements or members; 0 for anything else. */
size_t json_count(const struct json *j);
const struct json *json_first(const struct json *j);
const struct json *json_next(const struct json *item);
/* How many values the tree has: itself, and all below it; 0 for NULL. */
size_t json_size(const struct json *j);
/* The bytes of all strings and member names in the tree, each with its NUL. */
size_t json_text_size(const struct json *j);
/* Whether both are the same, with their members in the same order, as one writer leaves them. */
bool json_equal(const struct json *a, const struct json *b);
/* The name of a member; NULL for an element. */
const char *json_key(const struct json *item);
#define json_each(item, j)                                                                         \
	for (const struct json *item = json_first(j); item; item = json_next(item))

#endif
