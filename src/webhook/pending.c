#include "webhook/pending.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/limits.h"
#include "run/metrics.h"
#include "webhook/live_lookup.h"

METRIC_GAUGE(waiting_gauge, "promogate_admission_waiting",
	"Requests that are waiting for live look-ups.");

struct pending {
	const struct env *env;
	struct live_lookup *lookup;
	atomic_uint count;
};

/* A pending request; used on the client's thread. */
struct waiter {
	struct pending *pending;
	struct request *request;
	size_t open; /* look-ups under way */
	struct err err; /* of a look-up that decides */
	api_id deadline;
	bool deadline_open; /* its callback has not run yet */
	bool answered; /* by the deadline; the look-ups under way only end */
	bool ended;
};

struct pending *pending_new(const struct env *env)
{
	struct pending *w = xcalloc(1, sizeof(*w));

	w->env = env;
	w->lookup = live_lookup_new(env);
	atomic_init(&w->count, 0);
	return w;
}

void pending_free(struct pending *w)
{
	if (!w)
		return;
	live_lookup_free(w->lookup);
	free(w);
}

static void waiter_free(struct waiter *w)
{
	request_free(w->request);
	free(w);
}

static void ask(struct waiter *w);

static void end(struct waiter *w)
{
	unsigned left = atomic_fetch_sub(&w->pending->count, 1) - 1;

	metric_set(metric_at(&waiting_gauge), left);
	w->ended = true;
	if (w->deadline_open)
		env_cancel(w->pending->env, w->deadline); /* its callback frees the waiter */
	else
		waiter_free(w);
}

/* Answers without further look-ups: with an error only if one of them could deny the request. */
static void answer_now(struct request *r, int status, const char *reason, const struct err *err)
{
	if (request_judge_again(r) == VERDICT_PENDING)
		request_fail(r, status, reason, err);
}

/* All look-ups of a round have ended. */
static void round_done(struct waiter *w)
{
	struct request *r = w->request;

	if (w->answered) {
		end(w);
		return;
	}
	request_parse(r);
	if (w->err.kind != ERR_NONE) {
		(void)err_wrap(&w->err, "looking up a KeptnTaskDefinition");
		answer_now(r, 500, "InternalError", &w->err);
		end(w);
	} else if (request_judge_again(r) == VERDICT_PENDING) {
		ask(w);
	} else {
		end(w);
	}
}

static void looked_up(void *ctx, const char *key, const struct json *object, const struct err *err)
{
	struct waiter *w = ctx;

	if (!err)
		request_learn(w->request, key, object);
	else if (needs_decide(&w->request->needs, key))
		w->err = *err;
	if (--w->open == 0)
		round_done(w);
}

static void ask_one(void *ctx, const char *key, void *value)
{
	struct waiter *w = ctx;

	(void)value;
	live_lookup_ask(w->pending->lookup, key, looked_up, w);
}

/* Starts a look-up for each name. Answers come later, so the list does not change meanwhile. */
static void ask(struct waiter *w)
{
	request_unparse(w->request);
	w->open = w->request->needs.names.count;
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
	(void)err_set(&late, ERR_TIMEOUT, "timed out looking up KeptnTaskDefinitions");
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

void pending_add(struct pending *pending, struct request *r_take)
{
	unsigned count = atomic_fetch_add(&pending->count, 1) + 1;
	struct waiter *w = xcalloc(1, sizeof(*w));
	struct err err = ERR_INIT;

	w->pending = pending;
	w->request = r_take;
	metric_set(metric_at(&waiting_gauge), count);
	if (count <= LIMIT_WAITING_REQUESTS) {
		request_unparse(r_take);
		(void)env_timer(pending->env, 0, ask_on_client_thread, w);
		return;
	}
	(void)err_set(&err, ERR_THROTTLED, "%d requests are waiting for live look-ups; try again",
		LIMIT_WAITING_REQUESTS);
	answer_now(r_take, 503, "ServiceUnavailable", &err);
	end(w);
}
