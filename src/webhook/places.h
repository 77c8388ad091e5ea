/*
 * places - the places of requests that are pending, shared by namespaces. A namespace takes one
 * only while it has fewer than are free: alone it gets half of them, of n namespaces each gets one
 * part of n + 1, and a namespace that comes later still finds some free. So none is ever evicted.
 *
 * Any thread.
 */
#ifndef PROMOGATE_WEBHOOK_PLACES_H
#define PROMOGATE_WEBHOOK_PLACES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"
#include "base/strmap.h"
#include "run/lock.h"

struct places {
	struct lock lock; /* the rest */
	size_t count;
	size_t taken;
	struct strmap by_namespace; /* to struct place_count, where there is one */
};

void places_init(struct places *p, size_t count);
void places_release(struct places *p);

/* False: the namespace has its share. */
bool places_take(struct places *p, const char *ns);
/* One that it took. */
void places_give(struct places *p, const char *ns);

#endif
