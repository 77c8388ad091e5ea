/*
 * str - a few string functions that libc lacks. Nothing here allocates or keeps state.
 */
#ifndef PROMOGATE_BASE_STR_H
#define PROMOGATE_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Equal, byte for byte; NULL equals only NULL. */
bool str_eq(const char *a, const char *b);
bool str_starts(const char *s, const char *prefix);

/* The index of the name that equals s, or -1; a name, and s, may be NULL. */
int str_index(const char *const *names, size_t count, const char *s);

/* A whole decimal number in range, with nothing around it: 0, or -1. */
int str_to_int64(const char *s, int64_t *ret);

/*
 * How many single-byte insertions, deletions and replacements turn a into b (Levenshtein). Both are
 * cut to STR_DISTANCE_MAX bytes, so that the cost is bounded.
 */
enum { STR_DISTANCE_MAX = 63 };
size_t str_distance(const char *a, const char *b);

/* In ASCII, whatever the locale. */
static inline bool str_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* A digit or a lower-case letter. */
static inline bool str_is_lower_alnum(char c)
{
	return str_is_digit(c) || (c >= 'a' && c <= 'z');
}

#endif
