#include "controller/skipped.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/strmap.h"
#include "run/lock.h"
#include "run/log.h"
#include "run/metrics.h"

METRIC_GAUGE(gauge, "promogate_informer_skipped_objects",
	"Objects that exist and can't be read, by resource.", "resource");

struct skipped {
	const char *resource;
	struct lock lock; /* protects now: another thread reads it */
	struct strmap now; /* "namespace/name" */
	struct strmap coming; /* of the list under way */
	bool listing;
};

static void show(const struct skipped *s)
{
	metric_set(metric_at(&gauge, s->resource), (int64_t)s->now.count);
}

struct skipped *skipped_new(const char *resource)
{
	struct skipped *s = xcalloc(1, sizeof(*s));

	s->resource = resource;
	lock_init(&s->lock);
	show(s);
	return s;
}

void skipped_free(struct skipped *s)
{
	if (!s)
		return;
	metric_set(metric_at(&gauge, s->resource), 0);
	strmap_release(&s->now);
	strmap_release(&s->coming);
	lock_destroy(&s->lock);
	free(s);
}

void skipped_list_begin(struct skipped *s)
{
	strmap_clear(&s->coming);
	s->listing = true;
}

void skipped_list_end(struct skipped *s)
{
	struct strmap former = s->now;

	lock_lock(&s->lock);
	s->now = s->coming;
	lock_unlock(&s->lock);
	strmap_release(&former);
	s->coming = (struct strmap)STRMAP_INIT(NULL);
	s->listing = false;
	show(s);
}

void skipped_add(struct skipped *s, const char *ns, const char *name, const struct err *why)
{
	CLEANUP(free_p) char *key = xasprintf("%s/%s", ns, *name ? name : "unknown");

	if (!strmap_has(&s->now, key))
		log_event(LOG_WARN, "object skipped: it can't be read",
			LOG_STR("resource", s->resource), LOG_STR("object", key), LOG_ERR(why),
			LOG_END);
	if (s->listing) {
		strmap_put(&s->coming, key, NULL);
		return;
	}
	lock_lock(&s->lock);
	strmap_put(&s->now, key, NULL);
	lock_unlock(&s->lock);
	show(s);
}

void skipped_remove(struct skipped *s, const char *ns, const char *name)
{
	CLEANUP(free_p) char *key = NULL;

	if (s->now.count == 0)
		return;
	key = xasprintf("%s/%s", ns, name);
	lock_lock(&s->lock);
	(void)strmap_remove(&s->now, key);
	lock_unlock(&s->lock);
	show(s);
}

struct names {
	struct buf *to;
	unsigned n;
};

static void add_name(void *ctx, const char *key, void *value)
{
	struct names *names = ctx;

	(void)value;
	if (names->n++ < LIMIT_SKIPPED_NAMED)
		(void)buf_addf(names->to, "%s%s", names->n > 1 ? ", " : "", key);
}

void skipped_describe(struct skipped *s, struct buf *reasons)
{
	struct names names = {reasons, 0};
	LOCK_SCOPE(&s->lock);

	if (s->now.count == 0)
		return;
	(void)buf_addf(reasons, "%s: skipped, since they can't be read: ", s->resource);
	strmap_walk(&s->now, add_name, &names);
	if (names.n > LIMIT_SKIPPED_NAMED)
		(void)buf_addf(reasons, " and %u more", names.n - LIMIT_SKIPPED_NAMED);
	(void)buf_addc(reasons, '\n');
}
