#include "reconciler/cache.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/str.h"
#include "controller/configs.h"
#include "controller/store.h"
#include "job/definition.h"
#include "kube/names.h"

static const struct url definitions_kind = {
	.group = KEPTN_GROUP, .version = "v1", .resource = "keptntaskdefinitions"};

struct cache {
	const char *keptn_namespace;
	struct cache_handler handler;
	struct store definitions; /* struct kept */
	size_t definition_bytes; /* of those that are kept whole */
	unsigned round; /* of their changes */
	struct policy_cache *policies;
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
	c->handler.definitions_changed(
		c->handler.ctx, ns && str_eq(ns, c->keptn_namespace) ? NULL : ns);
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

enum on_failure_choice cache_definition_choice(
	const struct cache *c, const char *ns, const char *task)
{
	const struct resolver resolver = {ns, c->keptn_namespace, find, c};
	struct resolution r;

	resolve_name(&resolver, task, &r);
	return r.count ? r.chain[0].definition->on_failure : ON_FAILURE_UNSET;
}

/* --- policies --------------------------------------------------------------------------------- */

/* Where there is no policy, what they look at does not matter. */
static void report(struct cache *c, const char *ns, const char *app)
{
	if (policy_cache_policies(c->policies)->count > 0)
		c->handler.policies_changed(c->handler.ctx, ns, app);
}

static void policies_changed(void *ctx, const char *name)
{
	const struct cache *c = ctx;

	(void)name;
	c->handler.policies_changed(c->handler.ctx, NULL, NULL);
}

static void namespace_changed(void *ctx, const char *ns)
{
	report(ctx, ns, NULL);
}

static void context_changed(void *ctx, const char *ns, const char *name)
{
	report(ctx, ns, name);
}

static void progressed(void *ctx)
{
	const struct cache *c = ctx;

	c->handler.progressed(c->handler.ctx);
}

static void config_changed(void *ctx)
{
	const struct cache *c = ctx;

	if (c->handler.config_changed)
		c->handler.config_changed(c->handler.ctx);
	progressed(ctx);
}

struct subject cache_subject(const struct cache *c, const char *ns, const char *app)
{
	const struct subject *s = policy_cache_context(c->policies, ns, app);

	return s ? *s : subject_of_app(ns, app);
}

bool cache_match(const struct cache *c, const struct subject *s, struct policy_match *ret)
{
	const struct policies *policies = policy_cache_policies(c->policies);
	const struct labels *ns = policy_cache_namespace(c->policies, s->namespace);

	policies_match(policies, ns, s, NULL, ret);
	return ns || policies->count == 0;
}

const struct policy_cache *cache_policies(const struct cache *c)
{
	return c->policies;
}

enum block_deployment cache_block_deployment(const struct cache *c)
{
	return configs_block_deployment(c->configs);
}

/* --- the whole -------------------------------------------------------------------------------- */

struct cache *cache_new(
	const struct env *env, const char *keptn_namespace, const struct cache_handler *handler)
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
		.progressed_ctx = c};
	const struct policy_cache_handler policies = {.policies_changed = policies_changed,
		.namespace_changed = namespace_changed,
		.context_changed = context_changed,
		.progressed = progressed,
		.ctx = c};

	c->keptn_namespace = keptn_namespace;
	c->handler = *handler;
	store_init(&c->definitions, &definitions);
	c->policies = policy_cache_new(env, NULL, &policies);
	c->configs = configs_new(env, keptn_namespace, config_changed, c);
	return c;
}

void cache_free(struct cache *c)
{
	if (!c)
		return;
	store_release(&c->definitions);
	policy_cache_free(c->policies);
	configs_free(c->configs);
	free(c);
}

bool cache_synced(const struct cache *c)
{
	return store_synced(&c->definitions) && policy_cache_synced(c->policies) &&
	       configs_synced(c->configs);
}

int cache_ready(const struct cache *c, struct buf *reasons)
{
	int definitions = store_ready(&c->definitions, reasons);
	int policies = policy_cache_ready(c->policies, reasons);
	int configs = configs_ready(c->configs, reasons);

	return definitions || policies || configs ? -1 : 0;
}
