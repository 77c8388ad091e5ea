#include "intern.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { TABLE_START = 1024 };

void intern_init(struct intern *t, size_t width)
{
	*t = (struct intern){.width = width, .mask = TABLE_START - 1};
	t->table = xcalloc(TABLE_START, sizeof(*t->table));
}

void intern_release(struct intern *t)
{
	free(t->data);
	free(t->table);
	*t = (struct intern){.width = 0};
}

static uint32_t hash(const uint8_t *key, size_t width)
{
	uint64_t h = 0x9e3779b97f4a7c15u, part;

	for (; width > 0;
		key += sizeof(part), width -= width < sizeof(part) ? width : sizeof(part)) {
		part = 0;
		memcpy(&part, key, width < sizeof(part) ? width : sizeof(part));
		h = (h ^ part) * 0xff51afd7ed558ccdu;
		h ^= h >> 32;
	}
	h *= 0xc4ceb9fe1a85ec53u;
	return (uint32_t)(h >> 32);
}

const void *intern_get(const struct intern *t, uint32_t number)
{
	return t->data + (size_t)number * t->width;
}

static void grow_table(struct intern *t)
{
	free(t->table);
	t->mask = 2 * t->mask + 1;
	t->table = xcalloc((size_t)t->mask + 1, sizeof(*t->table));
	for (uint32_t n = 0; n < t->count; n++) {
		uint32_t at = hash(intern_get(t, n), t->width) & t->mask;

		while (t->table[at])
			at = (at + 1) & t->mask;
		t->table[at] = n + 1;
	}
}

uint32_t intern_put(struct intern *t, const void *key, bool *ret_new)
{
	uint32_t at = hash(key, t->width) & t->mask;

	for (; t->table[at]; at = (at + 1) & t->mask)
		if (memcmp(intern_get(t, t->table[at] - 1), key, t->width) == 0) {
			*ret_new = false;
			return t->table[at] - 1;
		}
	if (t->count == t->cap) {
		t->cap = t->cap ? t->cap + t->cap / 2 : 1024;
		t->data = xreallocarray(t->data, t->cap, t->width);
	}
	memcpy(t->data + (size_t)t->count * t->width, key, t->width);
	t->table[at] = ++t->count;
	*ret_new = true;
	if (t->count > t->mask / 4 * 3)
		grow_table(t);
	return t->count - 1;
}

size_t intern_bytes(const struct intern *t)
{
	return (size_t)t->cap * t->width + ((size_t)t->mask + 1) * sizeof(*t->table);
}
