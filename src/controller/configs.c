#include "controller/configs.h"

#include <stdlib.h>

#include "base/str.h"
#include "base/strmap.h"
#include "json/json.h"

static const struct url configs_kind = {
	.group = "options.keptn.sh", .version = "v1alpha1", .resource = "keptnconfigs"};

struct configs {
	struct informer *informer;
	char *keptn_prefix; /* "keptn-system/" */
	void (*changed)(void *ctx);
	void *ctx;
	struct strmap by_name; /* "namespace/name" to one of block_words */
	bool listing; /* by_name is not whole, and what was settled before still counts */
	bool synced;
	enum block_deployment block_deployment;
};

/* What a strmap can point to, for each value. */
static enum block_deployment block_words[] = {
	[BLOCK_DEPLOYMENT_UNSET] = BLOCK_DEPLOYMENT_UNSET,
	[BLOCK_DEPLOYMENT_TRUE] = BLOCK_DEPLOYMENT_TRUE,
	[BLOCK_DEPLOYMENT_FALSE] = BLOCK_DEPLOYMENT_FALSE,
};

struct choice {
	const char *keptn_prefix;
	const enum block_deployment *first, *first_of_keptn;
};

static void choose(void *ctx, const char *key, void *value)
{
	struct choice *choice = ctx;

	if (!choice->first)
		choice->first = value;
	if (!choice->first_of_keptn && str_starts(key, choice->keptn_prefix))
		choice->first_of_keptn = value;
}

static void settle(struct configs *c)
{
	struct choice choice = {.keptn_prefix = c->keptn_prefix};
	enum block_deployment now = BLOCK_DEPLOYMENT_UNSET;

	strmap_walk(&c->by_name, choose, &choice);
	if (choice.first_of_keptn)
		now = *choice.first_of_keptn;
	else if (choice.first)
		now = *choice.first;
	informer_show_objects(configs_kind.resource, c->by_name.count);
	if (c->synced && now == c->block_deployment)
		return;
	c->synced = true;
	c->block_deployment = now;
	c->changed(c->ctx);
}

static void list_begin(void *ctx)
{
	struct configs *c = ctx;

	strmap_release(&c->by_name);
	c->listing = true;
}

static void list_end(void *ctx)
{
	struct configs *c = ctx;

	c->listing = false;
	settle(c);
}

static void set(void *ctx, const char *ns, const char *name, const struct json *object)
{
	const struct json *block = json_at(object, "spec", "blockDeployment");
	CLEANUP(free_p) char *key = xasprintf("%s/%s", ns, name);
	enum block_deployment value = BLOCK_DEPLOYMENT_UNSET;
	struct configs *c = ctx;

	if (json_type(block) == JSON_BOOL)
		value = json_is_true(block) ? BLOCK_DEPLOYMENT_TRUE : BLOCK_DEPLOYMENT_FALSE;
	strmap_put(&c->by_name, key, &block_words[value]);
	if (!c->listing)
		settle(c);
}

static void gone(void *ctx, const char *ns, const char *name)
{
	CLEANUP(free_p) char *key = xasprintf("%s/%s", ns, name);
	struct configs *c = ctx;

	(void)strmap_remove(&c->by_name, key);
	settle(c);
}

struct configs *configs_new(
	const struct env *env, const char *keptn_namespace, void (*changed)(void *ctx), void *ctx)
{
	struct configs *c = xcalloc(1, sizeof(*c));
	const struct informer_handler handler = {
		list_begin, list_end, set, gone, .progressed = NULL, .ctx = c};

	c->keptn_prefix = xasprintf("%s/", keptn_namespace);
	c->changed = changed;
	c->ctx = ctx;
	c->informer = informer_new(env, &configs_kind, NULL, &handler);
	return c;
}

void configs_free(struct configs *c)
{
	if (!c)
		return;
	informer_free(c->informer);
	strmap_release(&c->by_name);
	free(c->keptn_prefix);
	free(c);
}

enum block_deployment configs_block_deployment(const struct configs *c)
{
	return c->block_deployment;
}

bool configs_synced(const struct configs *c)
{
	return c->synced;
}

const struct informer *configs_informer(const struct configs *c)
{
	return c->informer;
}
