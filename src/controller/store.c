#include "controller/store.h"

#include "base/mem.h"
#include "run/metrics.h"

METRIC_GAUGE(
	objects_gauge, "promogate_cache_objects", "Objects in the cache, by resource.", "resource");

static void write_lock(struct store *s)
{
	if (s->config.lock)
		rwlock_wrlock(s->config.lock);
}

static void write_unlock(struct store *s)
{
	if (s->config.lock)
		rwlock_unlock(s->config.lock);
	metric_set(metric_at(&objects_gauge, s->config.kind->resource), (int64_t)s->objects.count);
}

static void free_value(const struct store *s, void *value)
{
	if (value && s->config.free_value)
		s->config.free_value(value);
}

/* Stores the value, NULL for none, and returns the one before it. */
static void *exchange(struct strmap *m, const char *key, void *value)
{
	void *old = strmap_get(m, key);

	if (value)
		strmap_put(m, key, value);
	else
		(void)strmap_remove(m, key);
	return old;
}

static void report(const struct store *s, const char *key, void *old, void *now)
{
	if ((old || now) && s->config.changed)
		s->config.changed(s->config.ctx, key, old, now);
	free_value(s, old);
}

static void change(struct store *s, const char *key, void *now)
{
	void *old;

	write_lock(s);
	old = exchange(&s->objects, key, now);
	write_unlock(s);
	report(s, key, old, now);
}

/* --- lists ------------------------------------------------------------------------------------ */

static void free_unless_current(void *ctx, const char *key, void *value)
{
	const struct store *s = ctx;

	if (value != strmap_get(&s->objects, key))
		free_value(s, value);
}

static void drop_coming(struct store *s)
{
	strmap_walk(&s->coming, free_unless_current, s);
	strmap_clear(&s->coming);
}

static void collect(struct store *s, const char *key, const struct json *object)
{
	void *current = strmap_get(&s->objects, key);
	bool same = current && s->config.same && s->config.same(current, object);
	void *twice =
		exchange(&s->coming, key, same ? current : s->config.decode(s->config.ctx, object));

	if (twice != current)
		free_value(s, twice);
}

static void report_present(void *ctx, const char *key, void *now)
{
	const struct store *s = ctx;
	void *old = strmap_get(&s->coming, key);

	if (old != now)
		report(s, key, old, now);
}

static void report_gone(void *ctx, const char *key, void *old)
{
	const struct store *s = ctx;

	if (!strmap_has(&s->objects, key))
		report(s, key, old, NULL);
}

static void list_begin(void *ctx)
{
	struct store *s = ctx;

	drop_coming(s);
	s->listing = true;
}

static void list_end(void *ctx)
{
	struct store *s = ctx;
	const struct strmap before = s->objects;

	write_lock(s);
	s->objects = s->coming;
	write_unlock(s);
	s->coming = before;
	strmap_walk(&s->objects, report_present, s);
	strmap_walk(&s->coming, report_gone, s);
	strmap_clear(&s->coming);
	s->listing = false;
	if (s->config.listed)
		s->config.listed(s->config.ctx);
}

/* --- the informer's objects ------------------------------------------------------------------- */

static void set(void *ctx, const char *ns, const char *name, const struct json *object)
{
	CLEANUP(free_p) char *key = xasprintf("%s/%s", ns, name);
	struct store *s = ctx;

	if (s->listing)
		collect(s, key, object);
	else
		change(s, key, s->config.decode(s->config.ctx, object));
}

static void gone(void *ctx, const char *ns, const char *name)
{
	CLEANUP(free_p) char *key = xasprintf("%s/%s", ns, name);

	change(ctx, key, NULL);
}

/* It keeps the value that it has, if it has one. */
static void skip(void *ctx, const char *ns, const char *name)
{
	CLEANUP(free_p) char *key = xasprintf("%s/%s", ns, name);
	struct store *s = ctx;

	if (s->listing && !strmap_has(&s->coming, key))
		(void)exchange(&s->coming, key, strmap_get(&s->objects, key));
}

static void progressed(void *ctx)
{
	const struct store *s = ctx;

	if (s->config.progressed)
		s->config.progressed(s->config.progressed_ctx);
}

/* --- the whole -------------------------------------------------------------------------------- */

void store_init(struct store *s, const struct store_config *config)
{
	const struct informer_handler handler = {.list_begin = list_begin,
		.list_end = list_end,
		.set = set,
		.remove = gone,
		.skip = skip,
		.progressed = progressed,
		.ctx = s};

	/* The store frees values itself: two maps may hold the same one. */
	*s = (struct store){.config = *config};
	s->informer = informer_new(config->env, config->kind, config->label_selector, &handler);
}

static void free_current(void *ctx, const char *key, void *value)
{
	(void)key;
	free_value(ctx, value);
}

void store_release(struct store *s)
{
	informer_free(s->informer);
	drop_coming(s);
	strmap_walk(&s->objects, free_current, s);
	strmap_release(&s->objects);
}

const void *store_get(const struct store *s, const char *ns, const char *name)
{
	CLEANUP(free_p) char *key = xasprintf("%s/%s", ns, name);

	return strmap_get(&s->objects, key);
}

bool store_synced(const struct store *s)
{
	return informer_synced(s->informer);
}

int store_ready(const struct store *s, struct buf *reasons)
{
	return informer_ready(s->informer, reasons);
}

bool store_unheard(const struct store *s)
{
	return informer_unheard(s->informer);
}

uint64_t store_progress(const struct store *s)
{
	return informer_progress(s->informer);
}
