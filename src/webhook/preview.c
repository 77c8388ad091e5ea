#include "webhook/preview.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/str.h"
#include "policy/impact.h"
#include "policy/satisfy.h"

void preview_release(struct preview *p)
{
	buf_release(&p->impact);
	buf_release(&p->conflict);
}

/* A preview in progress. */
struct looking {
	const struct request_config *config;
	const struct policy *policy;
	struct impact impact;
	struct known known; /* of this slice */
	int64_t slice_end;
	char *ns, *name; /* of the context that was seen last */
	bool more; /* the slice ended before the contexts did */
};

static int64_t now(const struct looking *l)
{
	return env_mono_ms(l->config->env);
}

static void remember(struct looking *l, const struct subject *s)
{
	free(l->ns);
	free(l->name);
	l->ns = xstrdup(s->namespace);
	l->name = xstrdup(s->name);
}

static bool look_at(void *ctx, const struct subject *s)
{
	struct looking *l = ctx;
	struct resolver resolver = lookup_resolver(&l->known, s->namespace);

	impact_add(&l->impact, l->policy, lookup_labels(&l->known, s->namespace), s, &resolver);
	l->more = now(l) >= l->slice_end;
	if (l->more)
		remember(l, s);
	return !l->more;
}

/* Between two slices, the cache may change. */
static void look_for_a_while(struct looking *l)
{
	static const struct definitions none = DEFINITIONS_INIT;
	struct cache_view view = cache_read(l->config->cache);

	l->known = (struct known){
		.keptn_namespace = l->config->keptn_namespace,
		.cached = &view.definitions,
		.confirmed = &none,
		.around = &view.around,
	};
	l->slice_end = now(l) + LIMIT_PREVIEW_SLICE_MS;
	l->more = false;
	cache_contexts_after(l->config->cache, l->ns, l->name, look_at, l);
	cache_read_end(l->config->cache);
}

static void look(struct looking *l, struct buf *to)
{
	int64_t end = now(l) + LIMIT_PREVIEW_MS - LIMIT_PREVIEW_SLICE_MS;

	do
		look_for_a_while(l);
	while (l->more && now(l) < end);
	impact_text(&l->impact, l->policy, !l->more, to);
}

static void find_conflict(
	const struct request_config *config, const struct policy *p, struct buf *to)
{
	struct cache_view view = cache_read(config->cache);
	CLEANUP(buf_release) struct buf why = BUF_INIT(LIMIT_DETAIL_BYTES);

	for (size_t i = 0; i < view.around.policies->count && !why.len; i++) {
		const struct policy *other = view.around.policies->at[i];

		if (!str_eq(other->name, p->name))
			(void)satisfy_conflict(p, other, &why);
	}
	cache_read_end(config->cache);
	if (why.len)
		(void)buf_addf(
			to, "no application can satisfy both policies: this one %s", buf_str(&why));
}

void preview_make(
	const struct request_config *config, const struct policy *policy, struct preview *ret)
{
	struct looking l = {config, policy, .ns = xstrdup(""), .name = xstrdup("")};

	look(&l, &ret->impact);
	find_conflict(config, policy, &ret->conflict);
	impact_release(&l.impact);
	free(l.ns);
	free(l.name);
}
