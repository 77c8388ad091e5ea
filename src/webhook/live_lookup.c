#include "webhook/live_lookup.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/strmap.h"
#include "json/json.h"
#include "keptn/appcontext.h"
#include "run/metrics.h"

METRIC_COUNTER(lookups, "promogate_live_lookups_total",
	"Live look-ups of KeptnTaskDefinitions, by outcome.", "outcome");

struct asker {
	live_lookup_fn *fn;
	void *ctx;
	struct asker *next;
};

/* A name that is being looked up; one GET is under way. */
struct question {
	struct live_lookup *lookup;
	struct asker *now; /* asked before the GET was sent */
	struct asker *after; /* asked since */
	char key[];
};

struct live_lookup {
	const struct env *env;
	struct strmap open; /* key to struct question */
};

static void get_done(void *ctx, const struct api_response *response, const struct err *failure);

static void send_get(struct question *q)
{
	const char *slash = strchr(q->key, '/');
	CLEANUP(free_p) char *ns = xstrndup(q->key, (size_t)(slash - q->key));
	const struct url url = {.group = KEPTN_GROUP,
		.version = "v1",
		.namespace = ns,
		.resource = "keptntaskdefinitions",
		.name = slash + 1};
	const struct api_request request = {.timeout_ms = LIMIT_LOOKUP_MS};

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
static int read_answer(const struct api_response *response, const struct err *failure,
	struct json **ret, struct err *err)
{
	*ret = NULL;
	if (response)
		return json_parse(response->body, response->len, ret, err);
	if (failure->kind == ERR_NOT_FOUND)
		return 0;
	*err = *failure;
	return -1;
}

static void get_done(void *ctx, const struct api_response *response, const struct err *failure)
{
	CLEANUP(json_free_p) struct json *object = NULL;
	struct question *q = ctx;
	struct err err = ERR_INIT;
	bool failed = read_answer(response, failure, &object, &err) < 0;
	const char *outcome = object ? "Found" : "Absent";

	metric_add(metric_at(&lookups, failed ? err_kind_name(err.kind) : outcome), 1);
	answer_all(&q->now, q->key, object, failed ? &err : NULL);
	if (failed || object)
		answer_all(&q->after, q->key, object, failed ? &err : NULL);
	if (q->after) {
		q->now = q->after;
		q->after = NULL;
		send_get(q);
		return;
	}
	(void)strmap_remove(&q->lookup->open, q->key);
}

struct live_lookup *live_lookup_new(const struct env *env)
{
	struct live_lookup *c = xcalloc(1, sizeof(*c));

	c->env = env;
	c->open = (struct strmap)STRMAP_INIT(free);
	return c;
}

void live_lookup_free(struct live_lookup *c)
{
	if (!c)
		return;
	strmap_release(&c->open);
	free(c);
}

static struct question *question_new(struct live_lookup *c, const char *key)
{
	size_t len = strlen(key);
	struct question *q = xcalloc(1, sizeof(*q) + len + 1);

	q->lookup = c;
	memcpy(q->key, key, len + 1);
	strmap_put(&c->open, key, q);
	return q;
}

void live_lookup_ask(struct live_lookup *c, const char *key, live_lookup_fn *fn, void *ctx)
{
	struct question *q = strmap_get(&c->open, key);
	struct asker *a = xmalloc(sizeof(*a));

	*a = (struct asker){.fn = fn, .ctx = ctx};
	if (q) {
		a->next = q->after;
		q->after = a;
		return;
	}
	q = question_new(c, key);
	q->now = a;
	send_get(q);
}
