#include "base/arena.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"

void *arena_new(size_t size, size_t room, struct arena *ret)
{
	char *all = xcalloc(1, size + room);

	*ret = (struct arena){all + size, all + size + room};
	return all;
}

static char *take(struct arena *a, size_t size)
{
	char *at = a->at;

	assert(size <= (size_t)(a->end - at));
	a->at += size;
	return at;
}

void *arena_array(struct arena *a, size_t n, size_t size)
{
	(void)take(a, -(uintptr_t)a->at % ARENA_PADDING);
	return take(a, n * size);
}

const char *arena_text(struct arena *a, const char *text)
{
	size_t size = text ? strlen(text) + 1 : 0;

	return text ? memcpy(take(a, size), text, size) : NULL;
}
