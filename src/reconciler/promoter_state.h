/* promoter_state - what the promoter knows of an application. Only the promoter writes it. */
#ifndef PROMOGATE_RECONCILER_PROMOTER_STATE_H
#define PROMOGATE_RECONCILER_PROMOTER_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

struct promoter_state {
	bool wants_definitions; /* a version waits for one */
	int64_t record_at_ms; /* until then outcomes wait for more; 0: none waits */
	/* The version that lacks definitions, and since when, by the monotonic clock. NULL: none. */
	char *undefined_uid;
	int64_t undefined_ms;
};

static inline void promoter_state_release(struct promoter_state *s)
{
	free(s->undefined_uid);
}

#endif
