#include "kube/watch_health.h"

#include "base/limits.h"

void watch_health_begin(struct watch_health *h, int64_t now_ms)
{
	*h = (struct watch_health){.began_ms = now_ms, .heard_ms = now_ms};
}

void watch_health_heard(struct watch_health *h, int64_t now_ms)
{
	h->heard_ms = now_ms;
	h->spoke = true;
}

int64_t watch_health_left_ms(const struct watch_health *h, int64_t now_ms)
{
	return h->heard_ms + LIMIT_WATCH_SILENCE_MS - now_ms;
}

/* The stream broke, and the server did not say anything against it. */
static bool is_cut(const struct err *err)
{
	return !err || err->kind == ERR_IO || err->kind == ERR_TIMEOUT;
}

enum watch_next watch_health_end(
	const struct watch_health *h, bool accepted, const struct err *err, int64_t now_ms)
{
	if (h->spoke && (!err || err->kind == ERR_GONE))
		return WATCH_NEXT_NOW;
	if (accepted && is_cut(err) && now_ms - h->began_ms >= WATCH_LASTED_MS)
		return WATCH_NEXT_SOON;
	return WATCH_NEXT_LATER;
}
