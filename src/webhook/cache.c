#include "webhook/cache.h"

#include <stdlib.h>

#include "controller/configs.h"
#include "controller/policy_cache.h"
#include "controller/store.h"
#include "keptn/appcontext.h"
#include "run/lock.h"

/* Served since Keptn's lifecycle API is stable, and stored: the version that the rules check. */
static const struct url definitions_kind = {
	.group = KEPTN_GROUP, .version = "v1", .resource = "keptntaskdefinitions"};

struct cache {
	struct rwlock lock; /* the four below */
	struct store definitions; /* its objects, of struct taskdef */
	struct configs *configs; /* the pointer; what it points to is the client's thread's */
	enum block_deployment block_deployment;
	struct policy_cache *policies; /* what it points to */
};

static void *decode(void *ctx, const struct json *object)
{
	(void)ctx;
	return taskdef_decode(object);
}

static void config_changed(void *ctx)
{
	struct cache *c = ctx;

	rwlock_wrlock(&c->lock);
	c->block_deployment = configs_block_deployment(c->configs);
	rwlock_unlock(&c->lock);
}

struct cache *cache_new(const struct env *env, const char *keptn_namespace)
{
	static const struct policy_cache_handler nobody = {.ctx = NULL};
	struct cache *c = xcalloc(1, sizeof(*c));
	const struct store_config definitions = {.env = env,
		.kind = &definitions_kind,
		.lock = &c->lock,
		.decode = decode,
		.free_value = free};

	rwlock_init(&c->lock);
	store_init(&c->definitions, &definitions);
	/* Under the lock: config_changed() may come before this has returned. */
	rwlock_wrlock(&c->lock);
	c->configs = configs_new(env, keptn_namespace, config_changed, c);
	rwlock_unlock(&c->lock);
	c->policies = policy_cache_new(env, &c->lock, &nobody);
	return c;
}

void cache_free(struct cache *c)
{
	if (!c)
		return;
	store_release(&c->definitions);
	configs_free(c->configs);
	policy_cache_free(c->policies);
	rwlock_destroy(&c->lock);
	free(c);
}

static const struct labels *labels(const void *ctx, const char *ns)
{
	const struct policy_cache *p = ctx;

	return policy_cache_namespaces_unheard(p) ? NULL : policy_cache_namespace(p, ns);
}

static void contexts(const void *ctx, const char *ns, known_visit_fn *visit, void *visit_ctx)
{
	policy_cache_contexts(ctx, ns, visit, visit_ctx);
}

struct cache_view cache_read(struct cache *c)
{
	rwlock_rdlock(&c->lock);
	return (struct cache_view){.definitions = {c->definitions.objects},
		.unheard = store_unheard(&c->definitions),
		.block_deployment = c->block_deployment,
		.around = {policy_cache_policies(c->policies), labels, contexts, c->policies}};
}

void cache_read_end(struct cache *c)
{
	rwlock_unlock(&c->lock);
}

void cache_contexts_after(
	const struct cache *c, const char *ns, const char *name, known_visit_fn *visit, void *ctx)
{
	policy_cache_contexts_after(c->policies, ns, name, visit, ctx);
}

int cache_ready(void *cache, struct buf *reasons)
{
	const struct cache *c = cache;
	int definitions = store_ready(&c->definitions, reasons);
	int configs = configs_ready(c->configs, reasons);
	int policies = policy_cache_ready(c->policies, reasons);

	return definitions < 0 || configs < 0 || policies < 0 ? -1 : 0;
}
