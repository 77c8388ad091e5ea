#include "run/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static int64_t now_ns(clockid_t id)
{
	struct timespec ts;

	if (clock_gettime(id, &ts) < 0)
		abort();
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

int64_t clock_mono_ns(void)
{
	return now_ns(CLOCK_MONOTONIC);
}

int64_t clock_mono_ms(void)
{
	return now_ns(CLOCK_MONOTONIC) / 1000000;
}

int64_t clock_wall_ms(void)
{
	return now_ns(CLOCK_REALTIME) / 1000000;
}

void clock_text(int64_t wall_ms, char text[static CLOCK_TEXT_BYTES])
{
	time_t seconds = (time_t)(wall_ms / 1000);
	char second[24];
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) || !strftime(second, sizeof(second), "%Y-%m-%dT%H:%M:%S", &tm))
		abort();
	(void)snprintf(text, CLOCK_TEXT_BYTES, "%s.%03dZ", second, (int)(wall_ms % 1000));
}
