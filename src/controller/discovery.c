#include "controller/discovery.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "json/json.h"

struct question {
	const struct env *env;
	const struct url *kind;
	discovery_fn *fn;
	void *ctx;
};

static void answer(struct question *q, enum discovery found, const struct err *err)
{
	q->fn(q->ctx, found, err);
	free(q);
}

static void send(struct question *q, const char *path, api_done_fn *done)
{
	const struct api_request request = {
		.path = path, .max_bytes = LIMIT_LIST_PAGE_BYTES, .urgent = true};

	(void)env_call(q->env, &request, done, q);
}

/* Parses a response of this kind, which has a list of this name. ERR_IO for anything else. */
static int read_list(const struct api_response *response, const char *kind, const char *list,
	struct json **ret, struct err *err)
{
	if (json_parse(response->body, response->len, ret, err) == 0 &&
		str_eq(json_string(json_get(*ret, "kind")), kind) &&
		json_type(json_get(*ret, list)) == JSON_ARRAY)
		return 0;
	return err_set(err, ERR_IO, "discovery: the response is not an %s", kind);
}

/* The element whose member has this value; NULL if there is none. */
static const struct json *find(const struct json *list, const char *member, const char *value)
{
	json_each (item, list)
		if (str_eq(json_string(json_get(item, member)), value))
			return item;
	return NULL;
}

static void resources_done(
	void *ctx, const struct api_response *response, const struct err *failure)
{
	CLEANUP(json_free_p) struct json *list = NULL;
	struct question *q = ctx;
	struct err err = ERR_INIT;

	if (failure)
		answer(q, DISCOVERY_FAILED, failure);
	else if (read_list(response, "APIResourceList", "resources", &list, &err) < 0)
		answer(q, DISCOVERY_FAILED, &err);
	else if (find(json_get(list, "resources"), "name", q->kind->resource))
		answer(q, DISCOVERY_SERVED, NULL);
	else
		answer(q, DISCOVERY_ABSENT, NULL);
}

static void groups_done(void *ctx, const struct api_response *response, const struct err *failure)
{
	CLEANUP(json_free_p) struct json *list = NULL;
	CLEANUP(free_p) char *path = NULL;
	struct question *q = ctx;
	struct err err = ERR_INIT;
	const struct json *group;

	if (failure) {
		answer(q, DISCOVERY_FAILED, failure);
		return;
	}
	if (read_list(response, "APIGroupList", "groups", &list, &err) < 0) {
		answer(q, DISCOVERY_FAILED, &err);
		return;
	}
	group = find(json_get(list, "groups"), "name", q->kind->group);
	if (!find(json_get(group, "versions"), "version", q->kind->version)) {
		answer(q, DISCOVERY_ABSENT, NULL);
		return;
	}
	path = xasprintf("/apis/%s/%s", q->kind->group, q->kind->version);
	send(q, path, resources_done);
}

void discovery_ask(const struct env *env, const struct url *kind, discovery_fn *fn, void *ctx)
{
	struct question *q = xmalloc(sizeof(*q));

	*q = (struct question){env, kind, fn, ctx};
	send(q, "/apis", groups_done);
}
