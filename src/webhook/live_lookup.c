#include "webhook/live_lookup.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/str.h"
#include "base/strmap.h"
#include "controller/discovery.h"
#include "keptn/appcontext.h"
#include "kube/names.h"
#include "run/memory.h"
#include "run/metrics.h"

METRIC_COUNTER(lookups, "promogate_live_lookups_total", "Live look-ups, by outcome.", "outcome");

enum kind { DEFINITION, CONTEXT, NAMESPACE, KIND_COUNT };

static const char *const kind_names[] = {
	[DEFINITION] = "KeptnTaskDefinition",
	[CONTEXT] = APPCONTEXT_KIND,
	[NAMESPACE] = "Namespace",
};

static const struct url kind_urls[] = {
	[DEFINITION] = {.group = KEPTN_GROUP, .version = "v1", .resource = "keptntaskdefinitions"},
	[CONTEXT] = {.group = KEPTN_GROUP, .version = "v1", .resource = APPCONTEXT_RESOURCE},
	[NAMESPACE] = {.version = "v1", .resource = "namespaces"},
};

struct asker {
	live_lookup_fn *fn;
	void *ctx;
	struct asker *next;
};

/* A key that is being looked up for a namespace; one GET is under way. */
struct question {
	struct live_lookup *lookup;
	struct asker *now; /* asked before the GET was sent */
	struct asker *after; /* asked since */
	struct question *next_unserved;
	enum kind kind; /* of the object */
	char *namespace; /* "" for a Namespace */
	const char *name; /* the end of key */
	const char *key; /* the end of id */
	char *asking; /* the namespace */
	char id[]; /* "ASKING KEY" */
};

/* Those of one kind whose path is not served. */
struct unserved {
	struct live_lookup *lookup;
	const struct url *kind;
	struct question *discovering; /* discovery is being asked for these */
	struct question *next; /* then for these */
};

struct live_lookup {
	const struct env *env;
	struct strmap open; /* id to struct question */
	struct unserved unserved[KIND_COUNT];
};

static void get_done(void *ctx, const struct api_response *response, const struct err *failure);

static void send_get(struct question *q)
{
	const struct api_request request = {.timeout_ms = LIMIT_LOOKUP_MS, .fair_key = q->asking};
	struct url url = kind_urls[q->kind];

	url.namespace = q->namespace;
	url.name = q->name;
	(void)env_call_url(q->lookup->env, &url, &request, get_done, q);
}

static void answer_all(
	struct asker **list, const char *key, const struct json *object, const struct err *err)
{
	while (*list) {
		struct asker *a = *list;

		*list = a->next;
		a->fn(a->ctx, key, object, err);
		free(a);
	}
}

static bool is_asked_for(const struct question *q, const struct json *object)
{
	const struct json *metadata = json_get(object, "metadata");

	return str_eq(json_string(json_get(object, "kind")), kind_names[q->kind]) &&
	       str_eq(json_string_or(json_get(metadata, "namespace"), ""), q->namespace) &&
	       str_eq(json_string(json_get(metadata, "name")), q->name);
}

/* Reads the response to the GET: the object, NULL if there is none, or an error. */
static int read_answer(const struct question *q, const struct api_response *response,
	const struct err *failure, struct json **ret, struct err *err)
{
	CLEANUP(json_free_p) struct json *object = NULL;

	*ret = NULL;
	if (!response && failure->kind == ERR_NOT_FOUND)
		return 0;
	if (!response) {
		*err = *failure;
		return -1;
	}
	if (json_parse(response->body, response->len, &object, err) < 0)
		return -1;
	if (!is_asked_for(q, object))
		return err_set(err, ERR_IO, "the response is not the object asked for");
	*ret = STEAL(object);
	return 0;
}

/* The answer to the GET. err: NULL, or it failed. */
static void answer(struct question *q, const struct json *object, const struct err *err)
{
	const char *outcome = object ? "Found" : "Absent";

	metric_add(metric_at(&lookups, err ? err_kind_name(err->kind) : outcome), 1);
	answer_all(&q->now, q->key, object, err);
	if (err || object)
		answer_all(&q->after, q->key, object, err);
	if (q->after) {
		q->now = q->after;
		q->after = NULL;
		send_get(q);
		return;
	}
	(void)strmap_remove(&q->lookup->open, q->id);
}

static void discover(struct unserved *u);

static void discovered(void *ctx, enum discovery found, const struct err *failure)
{
	struct unserved *u = ctx;
	struct question *q = u->discovering;
	struct err err = ERR_INIT;

	if (found == DISCOVERY_FAILED)
		err = *failure;
	else
		(void)err_set(&err, ERR_NOT_SERVED, "not found, but discovery has the kind");
	while (q) {
		struct question *next = q->next_unserved;

		answer(q, NULL, found == DISCOVERY_ABSENT ? NULL : &err);
		q = next;
	}
	u->discovering = NULL;
	if (u->next)
		discover(u);
}

/* An answer counts only for GETs that ended before discovery was asked. */
static void discover(struct unserved *u)
{
	u->discovering = STEAL(u->next);
	discovery_ask(u->lookup->env, u->kind, discovered, u);
}

static void ask_discovery(struct question *q)
{
	struct unserved *u = &q->lookup->unserved[q->kind];

	q->next_unserved = u->next;
	u->next = q;
	if (!u->discovering)
		discover(u);
}

static void take_answer(
	struct question *q, const struct api_response *response, const struct err *failure)
{
	CLEANUP(json_free_p) struct json *object = NULL;
	struct err err = ERR_INIT;

	/* A Namespace is not of a CRD: its path is always served. */
	if (!response && failure->kind == ERR_NOT_SERVED && q->kind != NAMESPACE)
		ask_discovery(q);
	else if (read_answer(q, response, failure, &object, &err) < 0)
		answer(q, NULL, &err);
	else
		answer(q, object, NULL);
}

static void get_done(void *ctx, const struct api_response *response, const struct err *failure)
{
	take_answer(ctx, response, failure);
	memory_trim_after(response ? response->len : 0);
}

static void question_free(void *value)
{
	struct question *q = value;

	free(q->asking);
	free(q->namespace);
	free(q);
}

struct live_lookup *live_lookup_new(const struct env *env)
{
	struct live_lookup *c = xcalloc(1, sizeof(*c));

	c->env = env;
	c->open = (struct strmap)STRMAP_INIT(question_free);
	for (enum kind kind = 0; kind < KIND_COUNT; kind++)
		c->unserved[kind] = (struct unserved){.lookup = c, .kind = &kind_urls[kind]};
	return c;
}

void live_lookup_free(struct live_lookup *c)
{
	if (!c)
		return;
	strmap_release(&c->open);
	free(c);
}

/* "namespace", "namespace/name" or "namespace/keptnappcontexts/name". */
static enum kind kind_of(const char *key)
{
	const char *slash = strchr(key, '/');

	if (!slash)
		return NAMESPACE;
	return strchr(slash + 1, '/') ? CONTEXT : DEFINITION;
}

const char *live_lookup_kind(const char *key)
{
	return kind_names[kind_of(key)];
}

static void read_key(struct question *q)
{
	const char *slash = strrchr(q->key, '/');

	q->kind = kind_of(q->key);
	q->namespace = slash ? name_namespace(q->key) : xstrdup("");
	q->name = slash ? slash + 1 : q->key;
}

static struct question *question_new(struct live_lookup *c, const char *asking, const char *id)
{
	size_t len = strlen(id);
	struct question *q = xcalloc(1, sizeof(*q) + len + 1);

	q->lookup = c;
	q->asking = xstrdup(asking);
	memcpy(q->id, id, len + 1);
	q->key = q->id + strlen(asking) + 1;
	read_key(q);
	strmap_put(&c->open, id, q);
	return q;
}

void live_lookup_ask(
	struct live_lookup *c, const char *asking, const char *key, live_lookup_fn *fn, void *ctx)
{
	CLEANUP(free_p) char *id = xasprintf("%s %s", asking, key);
	struct question *q = strmap_get(&c->open, id);
	struct asker *a = xmalloc(sizeof(*a));

	*a = (struct asker){.fn = fn, .ctx = ctx};
	if (q) {
		a->next = q->after;
		q->after = a;
		return;
	}
	q = question_new(c, asking, id);
	q->now = a;
	send_get(q);
}
