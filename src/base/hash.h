/*
 * hash - FNV-1a over strings, 64 bits. For names of things, not against who wants two to collide.
 */
#ifndef PROMOGATE_BASE_HASH_H
#define PROMOGATE_BASE_HASH_H

#include <stdint.h>

#define HASH_INIT UINT64_C(14695981039346656037)

/* Includes the NUL of s, so that different lists of strings differ. */
static inline uint64_t hash_add(uint64_t h, const char *s)
{
	do
		h = (h ^ (unsigned char)*s) * UINT64_C(1099511628211);
	while (*s++);
	return h;
}

#endif
