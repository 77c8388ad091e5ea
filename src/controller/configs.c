#include "controller/configs.h"

#include <stdlib.h>

#include "base/str.h"
#include "controller/store.h"
#include "run/log.h"

static const struct url configs_kind = {
	.group = "options.keptn.sh", .version = "v1alpha1", .resource = "keptnconfigs"};

struct configs {
	struct store store; /* of block_words */
	char *keptn_prefix; /* "keptn-system/" */
	void (*changed)(void *ctx);
	void *ctx;
	bool synced;
	bool warned; /* of one in another namespace */
	enum block_deployment block_deployment;
};

/* What the store can point to, for each value. */
static enum block_deployment block_words[] = {
	[BLOCK_DEPLOYMENT_UNSET] = BLOCK_DEPLOYMENT_UNSET,
	[BLOCK_DEPLOYMENT_TRUE] = BLOCK_DEPLOYMENT_TRUE,
	[BLOCK_DEPLOYMENT_FALSE] = BLOCK_DEPLOYMENT_FALSE,
};

struct choice {
	const char *keptn_prefix;
	const enum block_deployment *first; /* of Keptn's namespace */
	const char *ignored; /* the key of one elsewhere that says something */
};

static void choose(void *ctx, const char *key, void *value)
{
	struct choice *choice = ctx;

	if (!str_starts(key, choice->keptn_prefix)) {
		if (value != &block_words[BLOCK_DEPLOYMENT_UNSET])
			choice->ignored = key;
	} else if (!choice->first) {
		choice->first = value;
	}
}

/* Once, until there is none any more. */
static void warn_of(struct configs *c, const char *ignored)
{
	if (ignored && !c->warned)
		log_event(LOG_WARN, "KeptnConfig ignored: not in Keptn's namespace",
			LOG_STR("config", ignored), LOG_END);
	c->warned = ignored != NULL;
}

static void settle(struct configs *c)
{
	struct choice choice = {.keptn_prefix = c->keptn_prefix};
	enum block_deployment now = BLOCK_DEPLOYMENT_UNSET;

	strmap_walk(&c->store.objects, choose, &choice);
	if (choice.first)
		now = *choice.first;
	warn_of(c, choice.ignored);
	if (c->synced && now == c->block_deployment)
		return;
	c->synced = true;
	c->block_deployment = now;
	c->changed(c->ctx);
}

static void changed(void *ctx, const char *key, void *old, void *now)
{
	struct configs *c = ctx;

	(void)key;
	(void)old;
	(void)now;
	if (!c->store.listing)
		settle(c);
}

static void listed(void *ctx)
{
	settle(ctx);
}

static void *decode(void *ctx, const struct json *object)
{
	const struct json *block = json_at(object, "spec", "blockDeployment");
	enum block_deployment value = BLOCK_DEPLOYMENT_UNSET;

	(void)ctx;
	if (json_type(block) == JSON_BOOL)
		value = json_is_true(block) ? BLOCK_DEPLOYMENT_TRUE : BLOCK_DEPLOYMENT_FALSE;
	return &block_words[value];
}

struct configs *configs_new(
	const struct env *env, const char *keptn_namespace, void (*on_change)(void *ctx), void *ctx)
{
	struct configs *c = xcalloc(1, sizeof(*c));
	const struct store_config config = {.env = env,
		.kind = &configs_kind,
		.decode = decode,
		.changed = changed,
		.listed = listed,
		.ctx = c};

	c->keptn_prefix = xasprintf("%s/", keptn_namespace);
	c->changed = on_change;
	c->ctx = ctx;
	store_init(&c->store, &config);
	return c;
}

void configs_free(struct configs *c)
{
	if (!c)
		return;
	store_release(&c->store);
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

int configs_ready(const struct configs *c, struct buf *reasons)
{
	return store_ready(&c->store, reasons);
}
