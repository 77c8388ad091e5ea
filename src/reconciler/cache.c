#include "reconciler/cache.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "controller/configs.h"
#include "controller/store.h"
#include "job/function.h"
#include "json/emit.h"
#include "keptn/appcontext.h"
#include "keptn/taskdefinition.h"

static const struct url definitions_kind = {
	.group = KEPTN_GROUP, .version = "v1", .resource = "keptntaskdefinitions"};
static const struct url contexts_kind = {
	.group = KEPTN_GROUP, .version = "v1", .resource = APPCONTEXT_RESOURCE};

struct cache {
	const char *keptn_namespace;
	cache_changed_fn *changed;
	cache_progressed_fn *progressed;
	void *ctx;
	struct store definitions; /* compact JSON */
	unsigned round; /* of their changes */
	struct store on_failure; /* the annotation, of contexts that have it */
	struct configs *configs;
};

/* --- definitions ------------------------------------------------------------------------------ */

/* What a Job is made of: names, labels, annotations and the spec. */
static void *decode_definition(const struct json *object)
{
	const struct json *metadata = json_get(object, "metadata");
	CLEANUP(buf_release) struct buf text = BUF_INIT(LIMIT_OBJECT_BYTES);
	struct emit e = EMIT_INIT(&text);

	emit_object_begin(&e);
	emit_key(&e, "metadata");
	emit_object_begin(&e);
	emit_key_json(&e, "namespace", json_get(metadata, "namespace"));
	emit_key_json(&e, "name", json_get(metadata, "name"));
	emit_key_json(&e, "labels", json_get(metadata, "labels"));
	emit_key_json(&e, "annotations", json_get(metadata, "annotations"));
	emit_object_end(&e);
	emit_key_json(&e, "spec", json_get(object, "spec"));
	emit_object_end(&e);
	return text.overflowed ? NULL : xstrdup(buf_str(&text));
}

/* ns NULL: maybe all. Those of Keptn's namespace count in every namespace. */
static void changed(struct cache *b, const char *ns)
{
	b->round++;
	b->changed(b->ctx, ns && str_eq(ns, b->keptn_namespace) ? NULL : ns);
}

/* One that is gone matters too: it may have hidden one of Keptn's namespace. */
static void definition_changed(void *ctx, const char *key, void *old, void *now)
{
	CLEANUP(free_p) char *ns = xstrndup(key, strcspn(key, "/"));
	struct cache *b = ctx;

	(void)old;
	(void)now;
	if (!b->definitions.listing)
		changed(b, ns);
}

static void definitions_listed(void *ctx)
{
	changed(ctx, NULL);
}

unsigned cache_round(const struct cache *b)
{
	return b->round;
}

void chain_release(struct chain *c)
{
	for (size_t i = 0; i < c->count; i++)
		json_free(c->definitions[i]);
	c->count = 0;
}

/* The definition that a name means for this namespace, parsed; NULL if there is none. */
static struct json *find_definition(const struct cache *b, const char *ns, const char *name)
{
	const char *text = store_get(&b->definitions, ns, name);
	struct json *parsed = NULL;

	if (!text)
		text = store_get(&b->definitions, b->keptn_namespace, name);
	if (text)
		(void)json_parse(text, strlen(text), &parsed, NULL);
	return parsed;
}

int cache_chain(
	const struct cache *b, const char *ns, const char *task, struct chain *ret, struct err *err)
{
	CLEANUP(free_p) struct taskdef *t = NULL;
	const char *next = task;

	ret->count = 0;
	while (*next && ret->count < ARRAY_SIZE(ret->definitions)) {
		struct json *found = find_definition(b, ns, next);

		if (!found)
			break;
		ret->definitions[ret->count++] = found;
		free(t);
		t = taskdef_decode(found);
		next = t->function_ref;
	}
	if (*next && ret->count == ARRAY_SIZE(ret->definitions))
		return err_set(err, ERR_INVALID,
			"the functionRefs of the KeptnTaskDefinition \"%s\" lead in a cycle, or "
			"over %d "
			"definitions: end them at code",
			task, LIMIT_FUNCTION_REF_DEPTH);
	if (ret->count == 0)
		return err_set(err, ERR_NOT_FOUND,
			"no KeptnTaskDefinition \"%s\" in \"%s\" or \"%s\"", task, ns,
			b->keptn_namespace);
	return function_check((const struct json *const *)ret->definitions, ret->count, err);
}

/* --- contexts --------------------------------------------------------------------------------- */

static void *decode_on_failure(const struct json *context)
{
	const char *value =
		json_string(json_at(context, "metadata", "annotations", ON_FAILURE_ANNOTATION));

	return value ? xstrdup(value) : NULL;
}

struct on_failure_decision cache_on_failure(
	const struct cache *b, const char *ns, const char *application)
{
	return on_failure_decide(
		store_get(&b->on_failure, ns, application), configs_block_deployment(b->configs));
}

/* --- the whole -------------------------------------------------------------------------------- */

static void progressed(void *ctx)
{
	const struct cache *b = ctx;

	b->progressed(b->ctx);
}

struct cache *cache_new(const struct env *env, const char *keptn_namespace,
	cache_changed_fn *on_change, cache_progressed_fn *moved, void *ctx)
{
	struct cache *b = xcalloc(1, sizeof(*b));
	const struct store_config definitions = {.env = env,
		.kind = &definitions_kind,
		.decode = decode_definition,
		.free_value = free,
		.changed = definition_changed,
		.listed = definitions_listed,
		.progressed = progressed,
		.ctx = b};
	const struct store_config on_failure = {.env = env,
		.kind = &contexts_kind,
		.decode = decode_on_failure,
		.free_value = free,
		.progressed = progressed,
		.ctx = b};

	b->keptn_namespace = keptn_namespace;
	b->changed = on_change;
	b->progressed = moved;
	b->ctx = ctx;
	store_init(&b->definitions, &definitions);
	store_init(&b->on_failure, &on_failure);
	b->configs = configs_new(env, keptn_namespace, progressed, b);
	return b;
}

void cache_free(struct cache *b)
{
	if (!b)
		return;
	store_release(&b->definitions);
	store_release(&b->on_failure);
	configs_free(b->configs);
	free(b);
}

bool cache_synced(const struct cache *b)
{
	return store_synced(&b->definitions) && store_synced(&b->on_failure) &&
	       configs_synced(b->configs);
}

int cache_ready(const struct cache *b, struct buf *reasons)
{
	int definitions = store_ready(&b->definitions, reasons);
	int contexts = store_ready(&b->on_failure, reasons);
	int configs = configs_ready(b->configs, reasons);

	return definitions < 0 || contexts < 0 || configs < 0 ? -1 : 0;
}
