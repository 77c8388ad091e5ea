#include "webhook/places.h"

#include <stdlib.h>

#include "run/metrics.h"

METRIC_GAUGE(waiting_gauge, "promogate_admission_waiting",
	"Requests that are waiting for live look-ups.");

struct place_count {
	size_t taken;
};

void places_init(struct places *p, size_t count)
{
	*p = (struct places){.count = count, .by_namespace = STRMAP_INIT(free)};
	lock_init(&p->lock);
}

void places_release(struct places *p)
{
	strmap_release(&p->by_namespace);
	lock_destroy(&p->lock);
}

static void set_taken(struct places *p, size_t taken)
{
	p->taken = taken;
	metric_set(metric_at(&waiting_gauge), (int64_t)taken);
}

static struct place_count *count_of(struct places *p, const char *ns)
{
	struct place_count *c = strmap_get(&p->by_namespace, ns);

	if (c)
		return c;
	c = xcalloc(1, sizeof(*c));
	strmap_put(&p->by_namespace, ns, c);
	return c;
}

bool places_take(struct places *p, const char *ns)
{
	LOCK_SCOPE(&p->lock);
	const struct place_count *had = strmap_get(&p->by_namespace, ns);

	if ((had ? had->taken : 0) >= p->count - p->taken)
		return false;
	count_of(p, ns)->taken++;
	set_taken(p, p->taken + 1);
	return true;
}

void places_give(struct places *p, const char *ns)
{
	LOCK_SCOPE(&p->lock);

	if (--count_of(p, ns)->taken == 0)
		(void)strmap_remove(&p->by_namespace, ns);
	set_taken(p, p->taken - 1);
}
