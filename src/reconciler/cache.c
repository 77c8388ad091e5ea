#include "reconciler/cache.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/strmap.h"
#include "controller/configs.h"
#include "controller/informer.h"
#include "job/function.h"
#include "json/emit.h"
#include "keptn/appcontext.h"
#include "keptn/taskdefinition.h"

static const struct url definitions_kind = {
	.group = KEPTN_GROUP, .version = "v1", .resource = "keptntaskdefinitions"};
static const struct url contexts_kind = {
	.group = KEPTN_GROUP, .version = "v1", .resource = APPCONTEXT_RESOURCE};

/* Texts by "namespace/name", and a list of them under way. */
struct texts {
	struct strmap current, coming;
	bool listing;
};

struct cache {
	const char *keptn_namespace;
	cache_changed_fn *changed;
	cache_progressed_fn *progressed;
	void *ctx;
	struct informer *definitions_informer, *contexts_informer;
	struct configs *configs;
	struct texts definitions; /* compact JSON */
	unsigned round; /* of their changes */
	struct texts on_failure; /* the annotation, of contexts that have it */
};

static void texts_begin(struct texts *t)
{
	strmap_release(&t->coming);
	t->coming = (struct strmap)STRMAP_INIT(free);
	t->listing = true;
}

static void texts_end(struct texts *t)
{
	strmap_release(&t->current);
	t->current = t->coming;
	t->coming = (struct strmap)STRMAP_INIT(free);
	t->listing = false;
}

/* NULL: none. */
static void texts_set(struct texts *t, const char *ns, const char *name, char *text_take)
{
	CLEANUP(free_p) char *key = xasprintf("%s/%s", ns, name);
	struct strmap *to = t->listing ? &t->coming : &t->current;

	if (text_take)
		strmap_put(to, key, text_take);
	else
		(void)strmap_remove(to, key);
}

static const char *texts_get(const struct texts *t, const char *ns, const char *name)
{
	CLEANUP(free_p) char *key = xasprintf("%s/%s", ns, name);

	return strmap_get(&t->current, key);
}

static void texts_release(struct texts *t)
{
	strmap_release(&t->current);
	strmap_release(&t->coming);
}

/* --- definitions ------------------------------------------------------------------------------ */

/* What a Job is made of: names, labels, annotations and the spec. */
static char *reduce_definition(const struct json *object)
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

/* ns NULL: maybe all. Those of Keptn's namespace are everybody's. */
static void changed(struct cache *b, const char *ns)
{
	b->round++;
	b->changed(b->ctx, ns && str_eq(ns, b->keptn_namespace) ? NULL : ns);
}

static void definitions_begin(void *ctx)
{
	struct cache *b = ctx;

	texts_begin(&b->definitions);
}

static void definitions_end(void *ctx)
{
	struct cache *b = ctx;

	texts_end(&b->definitions);
	changed(b, NULL);
}

static void definitions_set(void *ctx, const char *ns, const char *name, const struct json *object)
{
	struct cache *b = ctx;

	texts_set(&b->definitions, ns, name, reduce_definition(object));
	if (!b->definitions.listing)
		changed(b, ns);
}

static void definitions_gone(void *ctx, const char *ns, const char *name)
{
	struct cache *b = ctx;

	texts_set(&b->definitions, ns, name, NULL);
	changed(b, ns); /* it may have hidden one of Keptn's namespace */
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
	const char *text = texts_get(&b->definitions, ns, name);
	struct json *parsed = NULL;

	if (!text)
		text = texts_get(&b->definitions, b->keptn_namespace, name);
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

static void contexts_begin(void *ctx)
{
	struct cache *b = ctx;

	texts_begin(&b->on_failure);
}

static void contexts_end(void *ctx)
{
	struct cache *b = ctx;

	texts_end(&b->on_failure);
}

static void contexts_set(void *ctx, const char *ns, const char *name, const struct json *object)
{
	const char *value =
		json_string(json_at(object, "metadata", "annotations", ON_FAILURE_ANNOTATION));
	struct cache *b = ctx;

	texts_set(&b->on_failure, ns, name, value ? xstrdup(value) : NULL);
}

static void contexts_gone(void *ctx, const char *ns, const char *name)
{
	struct cache *b = ctx;

	texts_set(&b->on_failure, ns, name, NULL);
}

struct on_failure_decision cache_on_failure(
	const struct cache *b, const char *ns, const char *application)
{
	return on_failure_decide(
		texts_get(&b->on_failure, ns, application), configs_block_deployment(b->configs));
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
	const struct informer_handler definitions = {.list_begin = definitions_begin,
		.list_end = definitions_end,
		.set = definitions_set,
		.remove = definitions_gone,
		.progressed = progressed,
		.ctx = b};
	const struct informer_handler contexts = {.list_begin = contexts_begin,
		.list_end = contexts_end,
		.set = contexts_set,
		.remove = contexts_gone,
		.progressed = progressed,
		.ctx = b};

	b->keptn_namespace = keptn_namespace;
	b->changed = on_change;
	b->progressed = moved;
	b->ctx = ctx;
	b->definitions.current = b->definitions.coming = (struct strmap)STRMAP_INIT(free);
	b->on_failure.current = b->on_failure.coming = (struct strmap)STRMAP_INIT(free);
	b->definitions_informer = informer_new(env, &definitions_kind, NULL, &definitions);
	b->contexts_informer = informer_new(env, &contexts_kind, NULL, &contexts);
	b->configs = configs_new(env, keptn_namespace, progressed, b);
	return b;
}

void cache_free(struct cache *b)
{
	if (!b)
		return;
	informer_free(b->definitions_informer);
	informer_free(b->contexts_informer);
	configs_free(b->configs);
	texts_release(&b->definitions);
	texts_release(&b->on_failure);
	free(b);
}

bool cache_synced(const struct cache *b)
{
	return informer_synced(b->definitions_informer) && informer_synced(b->contexts_informer) &&
	       configs_synced(b->configs);
}

int cache_ready(const struct cache *b, struct buf *reasons)
{
	int definitions = informer_ready(b->definitions_informer, reasons);
	int contexts = informer_ready(b->contexts_informer, reasons);
	int configs = configs_ready(b->configs, reasons);

	return definitions < 0 || contexts < 0 || configs < 0 ? -1 : 0;
}
