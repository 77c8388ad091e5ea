/*
 * printable - text from outside, safe to show: what a terminal acts on, or does not show, is
 * escaped as Go's %q does. That is what is in no Unicode category of letters, marks, numbers,
 * punctuation and symbols, and is no space: controls, U+200B, U+202E, U+00A0, ... A code point that
 * Unicode has not assigned yet stays as it is. Pure.
 */
#ifndef PROMOGATE_JSON_PRINTABLE_H
#define PROMOGATE_JSON_PRINTABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* Of a character at p, whose length is n > 0 (utf8_length()). */
uint32_t printable_code(const unsigned char *p, size_t n);
bool printable(uint32_t code);

/*
 * Appends the character at p, whose length is n, as Go's %q writes it between its quotes: "\n",
 * "\x1b", "\u200b"; n 0: a byte that is no UTF-8, "\xff".
 */
void printable_add(struct buf *to, const unsigned char *p, size_t n);
/* All of s, except that quotes and backslashes stay as they are: for text that is not quoted. */
void printable_add_text(struct buf *to, const char *s);

#endif
