/*
 * arena - arrays and strings in one allocation whose size the caller knows in advance, at least as
 * an upper bound: what is decoded into it is freed with one free().
 */
#ifndef PROMOGATE_BASE_ARENA_H
#define PROMOGATE_BASE_ARENA_H

#include <stddef.h>

/* What is left of the allocation. */
struct arena {
	char *at, *end;
};

/* An array may need this much more than its elements, to be aligned. */
enum { ARENA_PADDING = sizeof(void *) };

/* The allocation, for free(): the caller's struct of `size` bytes, zeroed, and `room` after it. */
void *arena_new(size_t size, size_t room, struct arena *ret);
/* n elements, zeroed and aligned for pointers and numbers. Room for them is the caller's promise. */
void *arena_array(struct arena *a, size_t n, size_t size);
/* A copy; NULL stays NULL. */
const char *arena_text(struct arena *a, const char *text);

#endif
