/*
 * intern - a set of byte strings of one width, each with a number in order of arrival.
 */
#ifndef PROMOGATE_TESTS_MODEL_INTERN_H
#define PROMOGATE_TESTS_MODEL_INTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct intern {
	size_t width;
	uint8_t *data;
	uint32_t count, cap;
	uint32_t *table; /* number + 1, or 0; the size is a power of two */
	uint32_t mask;
};

void intern_init(struct intern *t, size_t width);
void intern_release(struct intern *t);
/* The number of key; *ret_new: it was added now. */
uint32_t intern_put(struct intern *t, const void *key, bool *ret_new);
const void *intern_get(const struct intern *t, uint32_t number);
size_t intern_bytes(const struct intern *t);

#endif
