/*
 * clock - the time. Pure code takes it as an argument instead. Any thread.
 */
#ifndef PROMOGATE_RUN_CLOCK_H
#define PROMOGATE_RUN_CLOCK_H

#include <stdint.h>

/* Monotonic, and independent of the wall clock. For durations. */
int64_t clock_mono_ms(void);
int64_t clock_mono_ns(void);
/* Since 1970, UTC. For timestamps and certificates. */
int64_t clock_wall_ms(void);

enum { CLOCK_TEXT_BYTES = 32 };
/* "2026-01-02T03:04:05.678Z" (RFC 3339) into text. */
void clock_text(int64_t wall_ms, char text[static CLOCK_TEXT_BYTES]);

#endif
