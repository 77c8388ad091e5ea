#include "reconciler/event_queue.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/strmap.h"
#include "kube/names.h"
#include "reconciler/api_requests.h"
#include "run/log.h"
#include "run/metrics.h"

METRIC_COUNTER(
	events, "promogate_events_total", "Events, by reason and outcome.", "reason", "outcome");
METRIC_GAUGE(pending, "promogate_events_pending", "Events that are not posted yet.");

enum {
	/* Posts in flight: few, since what they report goes first. */
	MAX_POSTS = 32,
	/* The actions that it reports go first, so that the Jobs run. */
	DELAY_MS = 100,
	RETRY_MS = 1000,
	RETRY_MAX_MS = 60 * 1000,
	/* Of one Event: after 10 minutes its cause is an administrator's. */
	MAX_TRIES = 15,
};

struct entry {
	struct entry *next;
	const char *reason; /* a constant */
	char *body;
	struct event_queue_watcher watcher;
	unsigned tries;
};

/* The Events of one application: the first is in flight, or waits for its timer or its turn. */
struct line {
	struct event_queue *q;
	struct line *next; /* that waits for its turn */
	char *app, *namespace;
	struct entry *first, **last;
	unsigned count;
	bool retrying; /* its timer is that of a retry */
	bool given_up; /* it has no entries any more, and only its timer is left */
};

struct event_queue {
	const struct env *env;
	struct strmap lines; /* application to struct line, while it has an entry */
	struct line *turn, **turn_last; /* those that wait for a post to end */
	unsigned posts, count;
	bool failing; /* the last post failed: logged once until one succeeds */
	event_queue_quiet_fn *quiet; /* stopped */
	void *quiet_ctx;
};

struct event_queue *event_queue_new(const struct env *env)
{
	struct event_queue *q = xcalloc(1, sizeof(*q));

	q->env = env;
	q->turn_last = &q->turn;
	return q;
}

static void set_count(struct event_queue *q, unsigned count)
{
	q->count = count;
	metric_set(metric_at(&pending), count);
}

/* --- entries ---------------------------------------------------------------------------------- */

static void entry_free(struct entry *e)
{
	if (e->watcher.tried)
		e->watcher.forget(e->watcher.ctx);
	free(e->body);
	free(e);
}

static void pop(struct line *l)
{
	struct entry *e = l->first;

	l->first = e->next;
	if (!l->first)
		l->last = &l->first;
	l->count--;
	set_count(l->q, l->q->count - 1);
	entry_free(e);
}

static void count(const struct entry *e, const char *outcome)
{
	metric_add(metric_at(&events, e->reason, outcome), 1);
}

static void give_up(struct line *l, const char *outcome)
{
	while (l->first) {
		count(l->first, outcome);
		pop(l);
	}
}

static void line_free(struct line *l)
{
	while (l->first)
		pop(l);
	free(l->app);
	free(l->namespace);
	free(l);
}

/* Its last entry has gone. */
static void line_done(struct line *l)
{
	(void)strmap_remove(&l->q->lines, l->app);
	line_free(l);
}

/* --- posts ------------------------------------------------------------------------------------ */

static void timer_fired(void *ctx, const struct api_response *response, const struct err *err);
static void take_turns(struct event_queue *q);

static void enqueue(struct line *l)
{
	l->next = NULL;
	*l->q->turn_last = l;
	l->q->turn_last = &l->next;
}

static void wait_for(struct line *l, unsigned ms)
{
	(void)env_timer(l->q->env, ms, timer_fired, l);
}

static unsigned retry_delay(const struct entry *e)
{
	unsigned shift = e->tries < 7 ? e->tries - 1 : 6, ms = (unsigned)RETRY_MS << shift;

	return ms < RETRY_MAX_MS ? ms : RETRY_MAX_MS;
}

/* The API server may take it later. */
static bool may_retry(const struct event_queue *q, const struct entry *e, const struct err *err)
{
	switch (err->kind) {
	case ERR_IO:
	case ERR_TIMEOUT:
	case ERR_THROTTLED:
	case ERR_NOT_SERVED:
	case ERR_CONFLICT:
	case ERR_QUOTA:
	case ERR_AUTH:
		return !q->quiet && e->tries < MAX_TRIES;
	default:
		return false;
	}
}

static void tell_watcher(struct entry *e, const struct err *err)
{
	struct event_queue_watcher w = e->watcher;

	e->watcher.tried = NULL;
	if (!w.tried)
		return;
	w.tried(w.ctx, err);
	w.forget(w.ctx);
}

static void lost(struct line *l, const struct entry *e, const struct err *err)
{
	bool leaving = err->kind == ERR_TERMINATING || err->kind == ERR_NOT_FOUND;

	count(e, err_kind_name(err->kind));
	log_event(leaving || l->q->failing ? LOG_DEBUG : LOG_WARN, "event lost",
		LOG_STR("application", l->app), LOG_STR("reason", e->reason), LOG_ERR(err),
		LOG_END);
	l->q->failing |= !leaving;
}

static void call_quiet(struct event_queue *q)
{
	if (q->quiet && q->count == 0)
		q->quiet(q->quiet_ctx);
}

static void posted(void *ctx, const struct api_response *response, const struct err *err)
{
	struct line *l = ctx;
	struct event_queue *q = l->q;
	struct entry *e = l->first;
	/* Posted already, before a restart or by another replica. */
	bool known = err && err->kind == ERR_EXISTS;

	(void)response;
	q->posts--;
	if (api_cancelled(err)) {
		line_done(l);
		return;
	}
	e->tries++;
	tell_watcher(e, known ? NULL : err);
	if (err && !known && may_retry(q, e, err)) {
		count(e, "Retried");
		l->retrying = true;
		wait_for(l, retry_delay(e));
	} else {
		if (err && !known)
			lost(l, e, err);
		else
			count(e, known ? "Known" : "OK");
		q->failing &= err && !known;
		pop(l);
		if (l->first)
			enqueue(l);
		else
			line_done(l);
	}
	take_turns(q);
	call_quiet(q);
}

static void post(struct line *l)
{
	CLEANUP(kube_request_release) struct kube_request request = KUBE_REQUEST_INIT;

	l->q->posts++;
	request.method = "POST";
	request.url =
		(struct url){.version = "v1", .namespace = l->namespace, .resource = "events"};
	(void)buf_add(&request.body, l->first->body);
	kube_request_send(l->q->env, &request, posted, l);
}

static void take_turns(struct event_queue *q)
{
	while (q->turn && q->posts < MAX_POSTS) {
		struct line *l = q->turn;

		q->turn = l->next;
		if (!q->turn)
			q->turn_last = &q->turn;
		post(l);
	}
}

static void timer_fired(void *ctx, const struct api_response *response, const struct err *err)
{
	struct line *l = ctx;
	struct event_queue *q = l->q;

	(void)response;
	l->retrying = false;
	if (l->given_up) {
		line_free(l);
	} else if (err) {
		line_done(l);
	} else {
		enqueue(l);
		take_turns(q);
	}
}

/* --- the whole -------------------------------------------------------------------------------- */

static struct line *line_of(struct event_queue *q, const char *app)
{
	struct line *l = strmap_get(&q->lines, app);

	if (l)
		return l;
	l = xcalloc(1, sizeof(*l));
	*l = (struct line){.q = q, .app = xstrdup(app), .namespace = name_namespace(app)};
	l->last = &l->first;
	strmap_put(&q->lines, app, l);
	wait_for(l, DELAY_MS);
	return l;
}

static bool is_full(const struct event_queue *q, const char *app)
{
	const struct line *l = strmap_get(&q->lines, app);

	return q->count >= LIMIT_EVENTS || (l && l->count >= LIMIT_EVENTS_OF_APP);
}

bool event_queue_add(struct event_queue *q, const char *app, const struct event *event,
	const struct event_queue_watcher *watcher)
{
	CLEANUP(buf_release) struct buf body = BUF_INIT(LIMIT_JOB_BYTES);
	struct entry *e;
	struct line *l;

	if (is_full(q, app)) {
		metric_add(metric_at(&events, event->reason, "Dropped"), 1);
		log_event(LOG_WARN, "event dropped: too many are pending",
			LOG_STR("application", app), LOG_STR("reason", event->reason), LOG_END);
		return false;
	}
	event_encode(event, &body);
	e = xcalloc(1, sizeof(*e));
	*e = (struct entry){.reason = event->reason, .body = xstrdup(buf_str(&body))};
	if (watcher)
		e->watcher = *watcher;
	l = line_of(q, app);
	*l->last = e;
	l->last = &e->next;
	l->count++;
	set_count(q, q->count + 1);
	return true;
}

bool event_queue_quiet(const struct event_queue *q)
{
	return q->count == 0;
}

static void give_up_retry(void *ctx, const char *app, void *line)
{
	struct line *l = line, **given_up = ctx;

	(void)app;
	if (!l->retrying)
		return;
	l->next = *given_up;
	*given_up = l;
}

void event_queue_stop(struct event_queue *q, event_queue_quiet_fn *quiet, void *ctx)
{
	struct line *list = NULL;

	q->quiet = quiet;
	q->quiet_ctx = ctx;
	strmap_walk(&q->lines, give_up_retry, &list);
	for (struct line *l = list; l; l = l->next) {
		give_up(l, "Dropped");
		l->given_up = true;
		(void)strmap_remove(&q->lines, l->app);
	}
}

static void drop_line(void *ctx, const char *app, void *line)
{
	(void)ctx;
	(void)app;
	line_free(line);
}

void event_queue_free(struct event_queue *q)
{
	if (!q)
		return;
	/* Those that waited for their turn; the others have ended with the client. */
	strmap_walk(&q->lines, drop_line, NULL);
	strmap_release(&q->lines);
	metric_set(metric_at(&pending), 0);
	free(q);
}
