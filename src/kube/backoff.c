#include "kube/backoff.h"

uint32_t backoff_next(struct backoff *b, uint32_t random)
{
	uint64_t delay = b->first_ms;

	/* The cap ends the loop long before a shift could lose a bit. */
	for (uint32_t i = 0; i < b->tries && delay < b->cap_ms; i++)
		delay *= 2;
	if (delay > b->cap_ms)
		delay = b->cap_ms;
	if (b->tries < UINT32_MAX)
		b->tries++;
	return (uint32_t)(delay - delay / 2 + ((delay / 2 + 1) * random >> 32));
}

void backoff_reset(struct backoff *b)
{
	b->tries = 0;
}
