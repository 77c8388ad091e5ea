/*
 * packing - a struct, its arrays and its strings in one allocation: what is kept by the thousand
 * costs no more than its bytes, and one free() ends it.
 *
 * Whoever packs visits each of its strings twice, in the same order: first they are measured, then,
 * with the memory there, copied.
 */
#ifndef PROMOGATE_BASE_PACKING_H
#define PROMOGATE_BASE_PACKING_H

#include <stddef.h>

/* {0} measures; with memory that size bytes suffice for, it copies. */
struct packing {
	char *at;
	size_t size;
};

/* *text goes in; NULL stays NULL, and an empty string costs nothing. */
void packing_text(struct packing *p, const char **text);
/* The same, but where it equals one that was visited before, the two become one. */
void packing_text_once(struct packing *p, const char **text, const char *before);

#endif
