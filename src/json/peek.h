/*
 * peek - single strings of a JSON text that can't be parsed: it is cut, too large, or too deep.
 *
 * Nothing is checked. So it is for texts that the API server wrote, and for names and positions in
 * them, which have no escapes. Pure; no allocation, and no recursion.
 */
#ifndef PROMOGATE_JSON_PEEK_H
#define PROMOGATE_JSON_PEEK_H

#include <stdbool.h>
#include <stddef.h>

/* The first element of an array, in a path of keys. */
#define PEEK_FIRST "[0]"

/*
 * Copies the string at a path of keys: json_peek(…, "items", PEEK_FIRST, "metadata", "name"). False,
 * and ret is "", if the text ends before it, or if it is no string, empty, has an escape, or does
 * not fit.
 */
#define json_peek(text, len, ret, size, ...)                                                       \
	json_peek_keys((text), (len), (const char *const[]){__VA_ARGS__, NULL}, (ret), (size))
bool json_peek_keys(const char *text, size_t len, const char *const *keys, char *ret, size_t size);

/* Whether the text ends where its outermost bracket closes: it was not cut. */
bool json_peek_whole(const char *text, size_t len);

#endif
