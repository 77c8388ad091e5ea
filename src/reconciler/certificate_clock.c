#include "reconciler/certificate_clock.h"

/* Certificates are valid earlier than they are made by more than this (pki/renewal.h). */
enum { TOLERANCE_MS = 60 * 1000 };

static bool differ(int64_t a_ms, int64_t b_ms)
{
	return a_ms - b_ms > TOLERANCE_MS || b_ms - a_ms > TOLERANCE_MS;
}

int64_t certificate_clock_now(struct certificate_clock *c, int64_t wall_ms, int64_t mono_ms)
{
	if (c->correction_ms != 0 && differ(wall_ms - mono_ms, c->base_ms))
		c->correction_ms = 0;
	return wall_ms + c->correction_ms;
}

bool certificate_clock_seen(struct certificate_clock *c, int64_t wall_ms, int64_t mono_ms,
	int64_t server_ms, bool this_moment)
{
	int64_t now_ms = certificate_clock_now(c, wall_ms, mono_ms);

	if (!differ(now_ms, server_ms) || (now_ms > server_ms && !this_moment))
		return false;
	c->correction_ms = server_ms - wall_ms;
	c->base_ms = wall_ms - mono_ms;
	return true;
}
