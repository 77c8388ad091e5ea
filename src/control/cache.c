#include "control/cache.h"

#include <string.h>

#include "control/informer.h"
#include "promotion/appcontext.h"
#include "run/lock.h"
#include "run/metrics.h"

METRIC_GAUGE(objects, "promogate_cache_objects", "Objects in the cache, by resource.", "resource");

/* Served since Keptn's lifecycle API is stable, and stored: what the rules are about. */
static const struct url definitions_kind = {
	.group = KEPTN_GROUP, .version = "v1", .resource = "keptntaskdefinitions"};
static const struct url configs_kind = {
	.group = "options.keptn.sh", .version = "v1alpha1", .resource = "keptnconfigs"};

struct cache {
	const char *keptn_namespace;
	struct informer *definitions_informer, *configs_informer;

	struct rwlock lock; /* the four below */
	struct definitions definitions;
	struct strmap configs; /* "namespace/name" to one of block_words */
	enum block_deployment block_deployment;

	/* A list under way; on the client's thread alone. */
	bool listing_definitions, listing_configs;
	struct definitions new_definitions;
	struct strmap new_configs;
};

/* What a strmap can point to, for each value. */
static enum block_deployment block_words[] = {
	[BLOCK_DEPLOYMENT_UNSET] = BLOCK_DEPLOYMENT_UNSET,
	[BLOCK_DEPLOYMENT_TRUE] = BLOCK_DEPLOYMENT_TRUE,
	[BLOCK_DEPLOYMENT_FALSE] = BLOCK_DEPLOYMENT_FALSE,
};

static void definitions_list_begin(void *ctx)
{
	struct cache *c = ctx;

	definitions_release(&c->new_definitions);
	c->listing_definitions = true;
}

static void count_definitions(struct cache *c)
{
	metric_set(metric_at(&objects, definitions_kind.resource),
		(int64_t)c->definitions.by_key.count);
}

static void definitions_list_end(void *ctx)
{
	struct cache *c = ctx;
	struct definitions old = c->definitions;

	rwlock_write(&c->lock);
	c->definitions = c->new_definitions;
	count_definitions(c);
	rwlock_drop(&c->lock);
	c->listing_definitions = false;
	c->new_definitions = (struct definitions)DEFINITIONS_INIT;
	definitions_release(&old);
}

static void definitions_set(void *ctx, const char *ns, const char *name, const struct json *object)
{
	struct taskdef *t = taskdef_decode(object);
	struct cache *c = ctx;

	if (c->listing_definitions) {
		definitions_put(&c->new_definitions, ns, name, t);
		return;
	}
	rwlock_write(&c->lock);
	definitions_put(&c->definitions, ns, name, t);
	count_definitions(c);
	rwlock_drop(&c->lock);
}

static void definitions_gone(void *ctx, const char *ns, const char *name)
{
	struct cache *c = ctx;

	rwlock_write(&c->lock);
	definitions_remove(&c->definitions, ns, name);
	count_definitions(c);
	rwlock_drop(&c->lock);
}

struct choice {
	const char *keptn_namespace;
	const enum block_deployment *first, *first_of_keptn;
};

static void choose(void *ctx, const char *key, void *value)
{
	struct choice *choice = ctx;
	size_t len = strlen(choice->keptn_namespace);

	if (!choice->first)
		choice->first = value;
	if (!choice->first_of_keptn && strncmp(key, choice->keptn_namespace, len) == 0 &&
		key[len] == '/')
		choice->first_of_keptn = value;
}

/*
 * A cluster has one KeptnConfig by convention, and nothing enforces it: the first by name in
 * Keptn's namespace counts, and where there is none, the first by namespace and name.
 */
static void settle_configs(struct cache *c)
{
	struct choice choice = {.keptn_namespace = c->keptn_namespace};

	strmap_walk(&c->configs, choose, &choice);
	c->block_deployment = BLOCK_DEPLOYMENT_UNSET;
	if (choice.first_of_keptn)
		c->block_deployment = *choice.first_of_keptn;
	else if (choice.first)
		c->block_deployment = *choice.first;
	metric_set(metric_at(&objects, configs_kind.resource), (int64_t)c->configs.count);
}

static void configs_list_begin(void *ctx)
{
	struct cache *c = ctx;

	strmap_release(&c->new_configs);
	c->listing_configs = true;
}

static void configs_list_end(void *ctx)
{
	struct cache *c = ctx;
	struct strmap old = c->configs;

	rwlock_write(&c->lock);
	c->configs = c->new_configs;
	settle_configs(c);
	rwlock_drop(&c->lock);
	c->listing_configs = false;
	c->new_configs = (struct strmap)STRMAP_INIT(NULL);
	strmap_release(&old);
}

static void configs_set(void *ctx, const char *ns, const char *name, const struct json *object)
{
	const struct json *block = json_at(object, "spec", "blockDeployment");
	CLEANUP(free_p) char *key = xasprintf("%s/%s", ns, name);
	enum block_deployment value = BLOCK_DEPLOYMENT_UNSET;
	struct cache *c = ctx;

	if (json_type(block) == JSON_BOOL)
		value = json_is_true(block) ? BLOCK_DEPLOYMENT_TRUE : BLOCK_DEPLOYMENT_FALSE;
	if (c->listing_configs) {
		strmap_put(&c->new_configs, key, &block_words[value]);
		return;
	}
	rwlock_write(&c->lock);
	strmap_put(&c->configs, key, &block_words[value]);
	settle_configs(c);
	rwlock_drop(&c->lock);
}

static void configs_gone(void *ctx, const char *ns, const char *name)
{
	CLEANUP(free_p) char *key = xasprintf("%s/%s", ns, name);
	struct cache *c = ctx;

	rwlock_write(&c->lock);
	(void)strmap_remove(&c->configs, key);
	settle_configs(c);
	rwlock_drop(&c->lock);
}

struct cache *cache_new(struct api *api, const char *keptn_namespace)
{
	struct cache *c = xcalloc(1, sizeof(*c));
	const struct informer_handler definitions_handler = {
		definitions_list_begin, definitions_list_end, definitions_set, definitions_gone, c};
	const struct informer_handler configs_handler = {
		configs_list_begin, configs_list_end, configs_set, configs_gone, c};

	c->keptn_namespace = keptn_namespace;
	rwlock_init(&c->lock);
	c->definitions = (struct definitions)DEFINITIONS_INIT;
	c->new_definitions = (struct definitions)DEFINITIONS_INIT;
	c->definitions_informer = informer_new(api, &definitions_kind, &definitions_handler);
	c->configs_informer = informer_new(api, &configs_kind, &configs_handler);
	return c;
}

void cache_free(struct cache *c)
{
	if (!c)
		return;
	informer_free(c->definitions_informer);
	informer_free(c->configs_informer);
	definitions_release(&c->definitions);
	definitions_release(&c->new_definitions);
	strmap_release(&c->configs);
	strmap_release(&c->new_configs);
	rwlock_release(&c->lock);
	free(c);
}

struct cache_view cache_read(struct cache *c)
{
	rwlock_read(&c->lock);
	return (struct cache_view){&c->definitions, c->block_deployment};
}

void cache_read_end(struct cache *c)
{
	rwlock_drop(&c->lock);
}

static int informer_ready(const struct informer *i, struct buf *reasons)
{
	if (informer_synced(i))
		return 0;
	(void)buf_addf(reasons, "%s: not listed yet\n", informer_resource(i));
	return -1;
}

int cache_ready(struct cache *c, struct buf *reasons)
{
	int definitions = informer_ready(c->definitions_informer, reasons);
	int configs = informer_ready(c->configs_informer, reasons);

	return definitions < 0 || configs < 0 ? -1 : 0;
}
