#include "webhook/live_lookup.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/strmap.h"
#include "controller/discovery.h"
#include "json/json.h"
#include "keptn/appcontext.h"
#include "keptn/taskdefinition.h"
#include "run/memory.h"
#include "run/metrics.h"

METRIC_COUNTER(lookups, "promogate_live_lookups_total",
	"Live look-ups of KeptnTaskDefinitions, by outcome.", "outcome");

static const struct url definitions_kind = {
	.group = KEPTN_GROUP, .version = "v1", .resource = "keptntaskdefinitions"};

struct asker {
	live_lookup_fn *fn;
	void *ctx;
	struct asker *next;
};

/* A name that is being looked up for a namespace; one GET is under way. */
struct question {
	struct live_lookup *lookup;
	struct asker *now; /* asked before the GET was sent */
	struct asker *after; /* asked since */
	struct question *next_unserved;
	const char *key; /* the end of id */
	char *asking; /* the namespace */
	char id[]; /* "ASKING KEY" */
};

struct live_lookup {
	const struct env *env;
	struct strmap open; /* id to struct question */
	/* Those whose path is not served: discovery is being asked for the first, then for the rest. */
	struct question *discovering, *unserved;
};

static void get_done(void *ctx, const struct api_response *response, const struct err *failure);

static void send_get(struct question *q)
{
	const char *slash = strchr(q->key, '/');
	CLEANUP(free_p) char *ns = xstrndup(q->key, (size_t)(slash - q->key));
	const struct api_request request = {.timeout_ms = LIMIT_LOOKUP_MS, .fair_key = q->asking};
	struct url url = definitions_kind;

	url.namespace = ns;
	url.name = slash + 1;
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
	if (!taskdef_is(object, q->key))
		return err_set(err, ERR_IO, "the response is not the definition asked for");
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

static void discover(struct live_lookup *c);

static void discovered(void *ctx, enum discovery found, const struct err *failure)
{
	struct live_lookup *c = ctx;
	struct question *q = c->discovering;
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
	c->discovering = NULL;
	if (c->unserved)
		discover(c);
}

/* An answer counts only for GETs that ended before discovery was asked. */
static void discover(struct live_lookup *c)
{
	c->discovering = STEAL(c->unserved);
	discovery_ask(c->env, &definitions_kind, discovered, c);
}

static void ask_discovery(struct question *q)
{
	struct live_lookup *c = q->lookup;

	q->next_unserved = c->unserved;
	c->unserved = q;
	if (!c->discovering)
		discover(c);
}

static void take_answer(
	struct question *q, const struct api_response *response, const struct err *failure)
{
	CLEANUP(json_free_p) struct json *object = NULL;
	struct err err = ERR_INIT;

	if (!response && failure->kind == ERR_NOT_SERVED)
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
	free(q);
}

struct live_lookup *live_lookup_new(const struct env *env)
{
	struct live_lookup *c = xcalloc(1, sizeof(*c));

	c->env = env;
	c->open = (struct strmap)STRMAP_INIT(question_free);
	return c;
}

void live_lookup_free(struct live_lookup *c)
{
	if (!c)
		return;
	strmap_release(&c->open);
	free(c);
}

static struct question *question_new(struct live_lookup *c, const char *asking, const char *id)
{
	size_t len = strlen(id);
	struct question *q = xcalloc(1, sizeof(*q) + len + 1);

	q->lookup = c;
	q->asking = xstrdup(asking);
	memcpy(q->id, id, len + 1);
	q->key = q->id + strlen(asking) + 1;
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
