/*
 * buf - a growable array of bytes with a maximum.
 *
 * Bytes that would exceed the maximum are not added at all, and the buffer remembers the overflow
 * until it is cleared: a writer appends without checking each step, and checks once at the end. A
 * NUL always follows the bytes; len does not count it. Owned by one thread at a time.
 */
#ifndef PROMOGATE_BASE_BUF_H
#define PROMOGATE_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct buf {
	char *data; /* NULL until something is added; read it with buf_str() */
	size_t len;
	size_t cap;
	size_t max; /* bytes, without the NUL */
	bool overflowed;
};

#define BUF_INIT(max_) {.max = (max_)}

void buf_init(struct buf *b, size_t max);
void buf_release(struct buf *b); /* for CLEANUP() too */
/* Empties it, keeping memory and maximum, and forgets an overflow. */
void buf_reset(struct buf *b);

/* The add functions return 0, or -1 once the buffer has overflowed. */
int buf_add(struct buf *b, const char *s);
int buf_addn(struct buf *b, const void *data, size_t len);
int buf_addc(struct buf *b, char c);
int buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int buf_vaddf(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));

/* Makes room for len more bytes at once; -1 and an overflow above the maximum. */
int buf_reserve(struct buf *b, size_t len);

/* Never NULL; valid until the next change. */
const char *buf_str(const struct buf *b);
/* Hands out the bytes, for free(); the buffer is empty afterwards, and its maximum stays. */
char *buf_steal(struct buf *b);

#endif
