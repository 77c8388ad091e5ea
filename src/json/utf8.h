/*
 * utf8 - well-formed UTF-8 (Unicode 15, table 3-7): no overlong form, no surrogate, nothing above
 * U+10FFFF.
 */
#ifndef PROMOGATE_JSON_UTF8_H
#define PROMOGATE_JSON_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The length in bytes, 1 to 4, of the character at p, with left bytes available; 0 if it is not
 * valid.
 */
size_t utf8_length(const unsigned char *p, size_t left);

/*
 * Copies as much of from as fits into size bytes with a NUL, cut between two characters. Returns
 * whether all of it fitted.
 */
bool utf8_copy(char *to, size_t size, const char *from);

#endif
