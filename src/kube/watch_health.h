/*
 * watch_health - whether a watch is still alive, and how soon to start the next one after its end.
 * Pure: the time is an argument. Plain data, owned by its caller.
 *
 * The API server sends a bookmark about every minute to a watch that asks for them, so one that is
 * silent for longer is dead, even if its connection is not: something between may keep the
 * connection and forward nothing.
 */
#ifndef PROMOGATE_KUBE_WATCH_HEALTH_H
#define PROMOGATE_KUBE_WATCH_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum {
	/* A watch that lasted for this long worked: only its connection was cut. */
	WATCH_LASTED_MS = 2000,
	/* Spreads clients whose connections are cut together. */
	WATCH_SOON_MS = 200,
};

struct watch_health {
	int64_t began_ms;
	int64_t heard_ms; /* the last line, at first the beginning */
	bool spoke; /* brought a line */
};

void watch_health_begin(struct watch_health *h, int64_t now_ms);
void watch_health_heard(struct watch_health *h, int64_t now_ms);
/* How long it may be silent from now on; 0 or less: it is dead. */
int64_t watch_health_left_ms(const struct watch_health *h, int64_t now_ms);

enum watch_next {
	WATCH_NEXT_NOW,
	WATCH_NEXT_SOON, /* within WATCH_SOON_MS */
	WATCH_NEXT_LATER, /* after a backoff; if it spoke, after the shortest */
};

/* Its end. accepted: the server had answered it with 200. err NULL: it was ended properly. */
enum watch_next watch_health_end(
	const struct watch_health *h, bool accepted, const struct err *err, int64_t now_ms);

#endif
