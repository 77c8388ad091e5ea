/*
 * backoff - how long to wait before the next try: doubling, with a cap, and with jitter, so that
 * clients that lost the same server don't all return at once. Pure: randomness is an argument.
 * Plain data, owned by its caller.
 */
#ifndef PROMOGATE_KUBE_BACKOFF_H
#define PROMOGATE_KUBE_BACKOFF_H

#include <stdint.h>

struct backoff {
	uint32_t first_ms; /* not 0 */
	uint32_t cap_ms; /* not below first_ms */
	uint32_t tries; /* since the last reset */
};

/* The numbers of client-go's reflector: 800 ms, doubled up to 30 s (tools/cache/reflector.go). */
#define BACKOFF_INIT {.first_ms = 800, .cap_ms = 30000}

/*
 * Counts a try and returns how long to wait before it, in milliseconds: the delay is first_ms *
 * 2^tries, at most cap_ms; the result is uniform between half of it and all of it. random is 32
 * random bits.
 */
uint32_t backoff_next(struct backoff *b, uint32_t random);
/* After a success: the next wait is the shortest again. */
void backoff_reset(struct backoff *b);

#endif
