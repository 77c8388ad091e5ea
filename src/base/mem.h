/*
 * mem - allocation that cannot fail, and cleanup by scope.
 *
 * Running out of memory ends the process: every input has a limit (base/limits.h), so it means that
 * the machine has none left, and there is nothing better to do. Nothing here takes a lock or logs;
 * any thread may call it.
 */
#ifndef PROMOGATE_BASE_MEM_H
#define PROMOGATE_BASE_MEM_H

#include <stddef.h>

/* Never NULL, not even for a size of 0. Freed with free(). */
void *xmalloc(size_t size) __attribute__((malloc, returns_nonnull));
/* Like xmalloc(), zeroed; an overflowing product ends the process. */
void *xcalloc(size_t n, size_t size) __attribute__((malloc, returns_nonnull));
/* Grows or shrinks p to n elements of size bytes each; an overflow ends the process. */
void *xreallocarray(void *p, size_t n, size_t size) __attribute__((returns_nonnull));
char *xstrdup(const char *s) __attribute__((malloc, nonnull, returns_nonnull));
/* At most len bytes of s, followed by a NUL. */
char *xstrndup(const char *s, size_t len) __attribute__((malloc, nonnull, returns_nonnull));
char *xasprintf(const char *fmt, ...)
	__attribute__((format(printf, 1, 2), malloc, returns_nonnull));

/* On a local: calls fn(&local) when the scope is left. */
#define CLEANUP(fn) __attribute__((cleanup(fn)))

/* Makes fn_p(), for CLEANUP(), from a destructor that takes a pointer and accepts NULL. */
#define DEFINE_CLEANUP(type, fn)                                                                   \
	static inline void fn##_p(type **p)                                                        \
	{                                                                                          \
		fn(*p);                                                                            \
	}

void free_p(void *p); /* for CLEANUP() on any pointer from the above */

/* Hands out a local's pointer and sets it to NULL, so that its cleanup does nothing. */
#define STEAL(p)                                                                                   \
	__extension__({                                                                            \
		__typeof__(p) stolen_ = (p);                                                       \
		(p) = NULL;                                                                        \
		stolen_;                                                                           \
	})

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
