#include "reconciler/cache.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/str.h"
#include "controller/configs.h"
#include "controller/store.h"
#include "job/definition.h"
#include "keptn/appcontext.h"
#include "kube/names.h"

static const struct url definitions_kind = {
	.group = KEPTN_GROUP, .version = "v1", .resource = "keptntaskdefinitions"};
static const struct url contexts_kind = {
	.group = KEPTN_GROUP, .version = "v1", .resource = APPCONTEXT_RESOURCE};

struct cache {
	const char *keptn_namespace;
	cache_changed_fn *changed;
	void *ctx;
	struct store definitions; /* struct kept */
	size_t definition_bytes; /* of those that are kept whole */
	unsigned round; /* of their changes */
	struct store on_failure; /* the annotation, of contexts that have it */
	struct configs *configs;
};

/* --- definitions ------------------------------------------------------------------------------ */

struct kept {
	struct job_definition *definition;
	char *version; /* resourceVersion */
	size_t *bytes; /* where it is counted */
};

static size_t counted_bytes(const struct job_definition *d)
{
	return d->whole ? d->size : 0;
}

/* An outline costs a GET for each Job that is made of it, and nothing else. */
static struct job_definition *keep(const struct cache *c, const struct json *object)
{
	struct job_definition *d = job_definition_decode(object);

	if (!d || (d->size <= LIMIT_DEFINITION_KEPT_BYTES &&
			  c->definition_bytes + d->size <= LIMIT_DEFINITIONS_KEPT_BYTES))
		return d;
	free(d);
	return job_definition_outline(object);
}

static void *decode_definition(void *ctx, const struct json *object)
{
	struct cache *c = ctx;
	struct job_definition *d = keep(c, object);
	struct kept *kept;

	if (!d)
		return NULL;
	kept = xcalloc(1, sizeof(*kept));
	*kept = (struct kept){d,
		xstrdup(json_string_or(json_at(object, "metadata", "resourceVersion"), "")),
		&c->definition_bytes};
	c->definition_bytes += counted_bytes(d);
	return kept;
}

static void free_definition(void *value)
{
	struct kept *kept = value;

	*kept->bytes -= counted_bytes(kept->definition);
	free(kept->definition);
	free(kept->version);
	free(kept);
}

/* So that a list does not need room for two copies. */
static bool is_same_definition(const void *value, const struct json *object)
{
	return str_eq(((const struct kept *)value)->version,
		json_string(json_at(object, "metadata", "resourceVersion")));
}

/* ns NULL: maybe all. Those of Keptn's namespace count in every namespace. */
static void changed(struct cache *c, const char *ns)
{
	c->round++;
	c->changed(c->ctx, ns && str_eq(ns, c->keptn_namespace) ? NULL : ns);
}

/* One that is gone matters too: it may have hidden one of Keptn's namespace. */
static void definition_changed(void *ctx, const char *key, void *old, void *now)
{
	CLEANUP(free_p) char *ns = name_namespace(key);
	struct cache *c = ctx;

	(void)old;
	(void)now;
	if (!c->definitions.listing)
		changed(c, ns);
}

static void definitions_listed(void *ctx)
{
	changed(ctx, NULL);
}

unsigned cache_round(const struct cache *c)
{
	return c->round;
}

static struct resolve_found find(const void *ctx, const char *ns, const char *name)
{
	const struct cache *c = ctx;
	const struct kept *kept = store_get(&c->definitions, ns, name);

	return (struct resolve_found){kept ? &kept->definition->taskdef : NULL, .confirmed = true};
}

struct resolver cache_resolver(const struct cache *c, const char *ns)
{
	return (struct resolver){ns, c->keptn_namespace, find, c};
}

int cache_resolve(const struct cache *c, const char *ns, const char *task, struct resolution *ret,
	struct err *err)
{
	const struct resolver resolver = cache_resolver(c, ns);
	CLEANUP(buf_release) struct buf why = BUF_INIT(LIMIT_DETAIL_BYTES);

	resolve(&resolver, task, ret);
	if (ret->outcome == RESOLVE_RUNS)
		return 0;
	resolution_describe(ret, NULL, &why);
	return err_set(err, ret->outcome == RESOLVE_MISSING ? ERR_NOT_FOUND : ERR_INVALID,
		"\"%.*s\": %s", LIMIT_QUOTED_BYTES, task, buf_str(&why));
}

/* --- contexts --------------------------------------------------------------------------------- */

/* Cut: no valid value is as long, and an annotation may have 256 KiB. */
static void *decode_on_failure(void *ctx, const struct json *context)
{
	const char *value =
		json_string(json_at(context, "metadata", "annotations", ON_FAILURE_ANNOTATION));

	(void)ctx;
	return value ? xstrndup(value, LIMIT_LABEL_VALUE_BYTES) : NULL;
}

struct on_failure_decision cache_on_failure(
	const struct cache *c, const char *ns, const char *application)
{
	return on_failure_decide(
		store_get(&c->on_failure, ns, application), configs_block_deployment(c->configs));
}

/* --- the whole -------------------------------------------------------------------------------- */

struct cache *cache_new(const struct env *env, const char *keptn_namespace,
	cache_changed_fn *on_change, cache_progressed_fn *progressed, void *ctx)
{
	struct cache *c = xcalloc(1, sizeof(*c));
	const struct store_config definitions = {.env = env,
		.kind = &definitions_kind,
		.decode = decode_definition,
		.free_value = free_definition,
		.same = is_same_definition,
		.changed = definition_changed,
		.listed = definitions_listed,
		.ctx = c,
		.progressed = progressed,
		.progressed_ctx = ctx};
	const struct store_config on_failure = {.env = env,
		.kind = &contexts_kind,
		.decode = decode_on_failure,
		.free_value = free,
		.ctx = c,
		.progressed = progressed,
		.progressed_ctx = ctx};

	c->keptn_namespace = keptn_namespace;
	c->changed = on_change;
	c->ctx = ctx;
	store_init(&c->definitions, &definitions);
	store_init(&c->on_failure, &on_failure);
	c->configs = configs_new(env, keptn_namespace, progressed, ctx);
	return c;
}

void cache_free(struct cache *c)
{
	if (!c)
		return;
	store_release(&c->definitions);
	store_release(&c->on_failure);
	configs_free(c->configs);
	free(c);
}

bool cache_synced(const struct cache *c)
{
	return store_synced(&c->definitions) && store_synced(&c->on_failure) &&
	       configs_synced(c->configs);
}

int cache_ready(const struct cache *c, struct buf *reasons)
{
	int definitions = store_ready(&c->definitions, reasons);
	int contexts = store_ready(&c->on_failure, reasons);
	int configs = configs_ready(c->configs, reasons);

	return definitions || contexts || configs ? -1 : 0;
}
