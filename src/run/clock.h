/*
 * clock - the time, for the few that may ask. What decides takes the time as an argument; any
 * thread may call these.
 */
#ifndef PROMOGATE_RUN_CLOCK_H
#define PROMOGATE_RUN_CLOCK_H

#include <stdint.h>

/* Since some fixed moment; never steps back, never jumps with the wall clock. For durations. */
int64_t clock_mono_ms(void);
int64_t clock_mono_ns(void);
/* Since 1970, UTC. For what people read and certificates say. */
int64_t clock_wall_ms(void);

enum { CLOCK_TEXT_BYTES = 32 };
/* "2026-01-02T03:04:05.678Z" (RFC 3339) into text. */
void clock_text(int64_t wall_ms, char text[static CLOCK_TEXT_BYTES]);

#endif
