/*
 * packing - a struct, its arrays and its strings in one allocation: thousands of them cost no more
 * than their bytes, and one free() frees each.
 *
 * The caller visits each string twice, in the same order: first to measure, then, with the memory
 * allocated, to copy.
 */
#ifndef PROMOGATE_BASE_PACKING_H
#define PROMOGATE_BASE_PACKING_H

#include <stddef.h>

/* {0} measures; with memory of that size, it copies. */
struct packing {
	char *at;
	size_t size;
};

/* Packs *text; NULL stays NULL, and an empty string costs nothing. */
void packing_text(struct packing *p, const char **text);
/* The same, but where it equals one that was visited before, the two become one. */
void packing_text_once(struct packing *p, const char **text, const char *before);

#endif
