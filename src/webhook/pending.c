#include "webhook/pending.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "webhook/live_lookup.h"
#include "webhook/places.h"

struct pending {
	const struct env *env;
	struct live_lookup *lookup;
	struct places places;
};

/* A pending request; used on the client's thread. */
struct waiter {
	struct pending *pending;
	struct request *request;
	size_t asked; /* look-ups in all */
	size_t open; /* look-ups under way */
	struct strmap failed; /* the keys whose look-up failed */
	struct err err; /* of the last of them */
	const char *kind; /* the same: "KeptnTaskDefinition", … */
	api_id deadline;
	bool deadline_open; /* its callback has not run yet */
	bool answered; /* by the deadline; the look-ups under way only end */
	bool ended;
	char namespace[]; /* whose place it has */
};

struct pending *pending_new(const struct env *env)
{
	struct pending *w = xcalloc(1, sizeof(*w));

	w->env = env;
	w->lookup = live_lookup_new(env);
	places_init(&w->places, LIMIT_WAITING_REQUESTS);
	return w;
}

void pending_free(struct pending *w)
{
	if (!w)
		return;
	live_lookup_free(w->lookup);
	places_release(&w->places);
	free(w);
}

static void waiter_free(struct waiter *w)
{
	request_free(w->request);
	strmap_release(&w->failed);
	free(w);
}

static void ask(struct waiter *w);

static void end(struct waiter *w)
{
	places_give(&w->pending->places, w->namespace);
	w->ended = true;
	if (w->deadline_open)
		env_cancel(w->pending->env, w->deadline); /* its callback frees the waiter */
	else
		waiter_free(w);
}

/* The reason for people is its kind: the rest may name what they are not to see. */
static void refuse(struct waiter *w)
{
	CLEANUP(free_p)
	char *message = xasprintf(
		"looking up a %s: %s; see the webhook's log", w->kind, err_kind_name(w->err.kind));

	(void)err_wrap(&w->err, "looking up a %s", w->kind);
	request_fail(w->request, 500, "InternalError", message, &w->err);
}

/* Answers without further look-ups: with an error only if one of them could deny the request. */
static void answer_now(struct request *r, int status, const char *reason, const struct err *err)
{
	if (request_judge_again(r) == VERDICT_PENDING)
		request_fail(r, status, reason, err->msg, err);
}

/* The names left could deny the request. False: it was refused, since they can't all be known. */
static bool may_ask_on(struct waiter *w)
{
	struct err err = ERR_INIT;

	if (needs_decide_any(&w->request->needs, &w->failed)) {
		refuse(w);
		return false;
	}
	if (w->asked < LIMIT_REQUEST_LOOKUPS)
		return true;
	(void)err_set(&err, ERR_TOO_LARGE, "it takes more than %d live look-ups; list fewer tasks",
		LIMIT_REQUEST_LOOKUPS);
	request_fail(w->request, 500, "InternalError", err.msg, &err);
	return false;
}

/* All look-ups of a round have ended. */
static void round_done(struct waiter *w)
{
	if (w->answered) {
		end(w);
		return;
	}
	request_parse(w->request);
	if (request_judge_again(w->request) == VERDICT_PENDING && may_ask_on(w))
		ask(w);
	else
		end(w);
}

static void looked_up(void *ctx, const char *key, const struct json *object, const struct err *err)
{
	struct waiter *w = ctx;

	if (err) {
		strmap_put(&w->failed, key, NULL);
		w->err = *err;
		w->kind = live_lookup_kind(key);
	} else {
		request_learn(w->request, key, object);
	}
	if (--w->open == 0)
		round_done(w);
}

static void ask_one(void *ctx, const char *key, void *value)
{
	struct waiter *w = ctx;

	(void)value;
	live_lookup_ask(w->pending->lookup, w->namespace, key, looked_up, w);
}

/* Starts a look-up for each name. Answers come later, so the list does not change meanwhile. */
static void ask(struct waiter *w)
{
	request_unparse(w->request);
	w->open = w->request->needs.names.count;
	w->asked += w->open;
	strmap_walk(&w->request->needs.names, ask_one, w);
}

/* The API server is about to stop waiting for the webhook, and a look-up has not ended. */
static void deadline_done(void *ctx, const struct api_response *response, const struct err *err)
{
	struct waiter *w = ctx;
	struct err late = ERR_INIT;

	(void)response;
	w->deadline_open = false;
	if (w->ended) {
		waiter_free(w);
		return;
	}
	if (err)
		return; /* shutting down: the look-ups end as well */
	(void)err_set(&late, ERR_TIMEOUT, "timed out looking up what it depends on");
	request_parse(w->request);
	answer_now(w->request, 500, "InternalError", &late);
	request_unparse(w->request);
	w->answered = true;
}

static void start_deadline(struct waiter *w)
{
	int64_t at = exchange_deadline_ms(w->request->exchange) - LIMIT_ANSWER_MARGIN_MS;
	int64_t left = at - env_mono_ms(w->pending->env);

	w->deadline_open = true;
	w->deadline = env_timer(w->pending->env, left > 0 ? (unsigned)left : 0, deadline_done, w);
}

static void ask_on_client_thread(
	void *ctx, const struct api_response *response, const struct err *err)
{
	struct waiter *w = ctx;

	(void)response;
	if (!err) {
		start_deadline(w);
		ask(w);
		return;
	}
	request_parse(w->request);
	answer_now(w->request, 503, "ServiceUnavailable", err);
	end(w);
}

static struct waiter *waiter_new(struct pending *pending, struct request *r_take)
{
	size_t len = strlen(r_take->review.namespace);
	struct waiter *w = xcalloc(1, sizeof(*w) + len + 1);

	w->pending = pending;
	w->request = r_take;
	w->failed = (struct strmap)STRMAP_INIT(NULL);
	memcpy(w->namespace, r_take->review.namespace, len + 1);
	return w;
}

void pending_add(struct pending *pending, struct request *r_take)
{
	CLEANUP(request_free_p) struct request *r = r_take;
	struct err err = ERR_INIT;
	struct waiter *w;

	if (places_take(&pending->places, r->review.namespace)) {
		w = waiter_new(pending, STEAL(r));
		request_unparse(w->request);
		(void)env_timer(pending->env, 0, ask_on_client_thread, w);
		return;
	}
	(void)err_set(&err, ERR_THROTTLED,
		"too many requests of this namespace are waiting for live look-ups; try again");
	answer_now(r, 503, "ServiceUnavailable", &err);
}
