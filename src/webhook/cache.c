#include "webhook/cache.h"

#include "controller/configs.h"
#include "controller/informer.h"
#include "keptn/appcontext.h"
#include "run/lock.h"

/* Served since Keptn's lifecycle API is stable, and stored: what the rules are about. */
static const struct url definitions_kind = {
	.group = KEPTN_GROUP, .version = "v1", .resource = "keptntaskdefinitions"};

struct cache {
	struct informer *definitions_informer;

	struct rwlock lock; /* the three below */
	struct configs *configs; /* the pointer; what it points to is the client's thread's */
	struct definitions definitions;
	enum block_deployment block_deployment;

	/* A list under way; on the client's thread alone. */
	bool listing;
	struct definitions listed;
};

static void definitions_list_begin(void *ctx)
{
	struct cache *c = ctx;

	definitions_release(&c->listed);
	c->listing = true;
}

static void count_definitions(const struct cache *c)
{
	informer_show_objects(definitions_kind.resource, c->definitions.by_key.count);
}

static void definitions_list_end(void *ctx)
{
	struct cache *c = ctx;
	struct definitions old = c->definitions;

	rwlock_wrlock(&c->lock);
	c->definitions = c->listed;
	count_definitions(c);
	rwlock_unlock(&c->lock);
	c->listing = false;
	c->listed = (struct definitions)DEFINITIONS_INIT;
	definitions_release(&old);
}

static void definitions_set(void *ctx, const char *ns, const char *name, const struct json *object)
{
	struct taskdef *t = taskdef_decode(object);
	struct cache *c = ctx;

	if (c->listing) {
		definitions_put(&c->listed, ns, name, t);
		return;
	}
	rwlock_wrlock(&c->lock);
	definitions_put(&c->definitions, ns, name, t);
	count_definitions(c);
	rwlock_unlock(&c->lock);
}

static void definitions_gone(void *ctx, const char *ns, const char *name)
{
	struct cache *c = ctx;

	rwlock_wrlock(&c->lock);
	definitions_remove(&c->definitions, ns, name);
	count_definitions(c);
	rwlock_unlock(&c->lock);
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
	struct cache *c = xcalloc(1, sizeof(*c));
	const struct informer_handler handler = {definitions_list_begin, definitions_list_end,
		definitions_set, definitions_gone, .progressed = NULL, .ctx = c};

	rwlock_init(&c->lock);
	c->definitions = (struct definitions)DEFINITIONS_INIT;
	c->listed = (struct definitions)DEFINITIONS_INIT;
	c->definitions_informer = informer_new(env, &definitions_kind, NULL, &handler);
	/* Under the lock: config_changed() may come before this has returned. */
	rwlock_wrlock(&c->lock);
	c->configs = configs_new(env, keptn_namespace, config_changed, c);
	rwlock_unlock(&c->lock);
	return c;
}

void cache_free(struct cache *c)
{
	if (!c)
		return;
	informer_free(c->definitions_informer);
	configs_free(c->configs);
	definitions_release(&c->definitions);
	definitions_release(&c->listed);
	rwlock_destroy(&c->lock);
	free(c);
}

struct cache_view cache_read(struct cache *c)
{
	rwlock_rdlock(&c->lock);
	return (struct cache_view){&c->definitions, c->block_deployment};
}

void cache_read_end(struct cache *c)
{
	rwlock_unlock(&c->lock);
}

int cache_ready(struct cache *c, struct buf *reasons)
{
	int definitions = informer_ready(c->definitions_informer, reasons);
	int configs = configs_ready(c->configs, reasons);

	return definitions < 0 || configs < 0 ? -1 : 0;
}
