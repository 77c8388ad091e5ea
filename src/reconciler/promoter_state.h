/* promoter_state - what the promoter knows of an application. Only the promoter writes it. */
#ifndef PROMOGATE_RECONCILER_PROMOTER_STATE_H
#define PROMOGATE_RECONCILER_PROMOTER_STATE_H

#include <stdbool.h>
#include <stdint.h>

struct promoter_state {
	bool wants_definitions; /* a version waits for one */
	int64_t record_at_ms; /* until then outcomes wait for more; 0: none waits */
};

#endif
