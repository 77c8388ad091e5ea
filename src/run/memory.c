#include "run/memory.h"

#include <malloc.h>

#include "base/limits.h"

void memory_trim_after(size_t bytes)
{
	if (bytes >= LIMIT_UNTRIMMED_BYTES)
		(void)malloc_trim(0);
}
