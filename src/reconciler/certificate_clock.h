/*
 * certificate_clock - the time by the API server, which decides whether a certificate is valid: this
 * machine's clock, corrected where it differs by more than a minute from what the API server wrote
 * into an object. Pure and plain data; all times in milliseconds.
 */
#ifndef PROMOGATE_RECONCILER_CERTIFICATE_CLOCK_H
#define PROMOGATE_RECONCILER_CERTIFICATE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct certificate_clock {
	int64_t correction_ms;
	int64_t base_ms; /* wall minus monotonic clock, as it was then */
};

#define CERTIFICATE_CLOCK_INIT {.correction_ms = 0}

/* A clock that was set since it was corrected is believed again. */
int64_t certificate_clock_now(struct certificate_clock *c, int64_t wall_ms, int64_t mono_ms);
/*
 * The API server wrote this time: at this moment, or, if that is not known, at an earlier one.
 * Returns whether that changed the correction.
 */
bool certificate_clock_seen(struct certificate_clock *c, int64_t wall_ms, int64_t mono_ms,
	int64_t server_ms, bool this_moment);

#endif
