#include "controller/elector.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/str.h"
#include "kube/url.h"
#include "run/log.h"
#include "run/metrics.h"

METRIC_GAUGE(leader, "promogate_leader", "1 while this replica leads.");
METRIC_COUNTER(renewals, "promogate_lease_renewals_total",
	"Attempts to renew the Lease while leading, by outcome.", "outcome");

/* One call at a time. An attempt is a write, or a read and the write that may follow it. */
enum calling { CALLING_NOTHING, CALLING_READ, CALLING_WRITE };

/* Used on the client's thread alone, except where a member says otherwise. */
struct elector {
	const struct env *env;
	struct elector_config config;
	struct lease_view view;
	bool view_is_current; /* no failure since it was set */
	bool has_written; /* the Lease may be held, whatever the response was */

	enum calling calling;
	bool has_read; /* in this attempt */
	int64_t tried_ms; /* when this attempt began */
	int64_t sent_ms; /* when its write was sent */

	bool leading, ended;
	uint64_t term;
	int64_t renewed_ms; /* when the last successful write was sent */
	char *reported_holder;
	enum err_kind reported_failure;

	bool stepping_down;
	void (*stepped_down)(void *ctx); /* set before the timer that starts it */
	void *stepped_down_ctx;

	atomic_int_fast64_t reached_ms; /* any thread */
};

static void start_try(struct elector *e);
static void read_lease(struct elector *e);
static void step_down_next(struct elector *e);

static int64_t now_ms(const struct elector *e)
{
	return env_mono_ms(e->env);
}

/* How long the last renewal still counts; 0 or less: no longer. */
static int64_t left_ms(const struct elector *e)
{
	return e->renewed_ms + e->config.lease.renew_deadline_ms - now_ms(e);
}

static void start_timer(struct elector *e, int64_t delay_ms, api_done_fn *done)
{
	(void)env_timer(e->env, delay_ms > 0 ? (unsigned)delay_ms : 0, done, e);
}

static bool holds(const struct elector *e)
{
	return str_eq(lease_holder(&e->view), e->config.lease.identity);
}

static void stop_leading(struct elector *e, const char *reason)
{
	e->leading = false;
	metric_set(metric_at(&leader), 0);
	log_event(LOG_INFO, "stopped leading", LOG_STR("reason", reason), LOG_END);
}

static void lose(struct elector *e, const struct err *why)
{
	stop_leading(e, why->msg);
	e->ended = true;
	e->config.lost(e->config.ctx, why);
}

bool elector_leading(struct elector *e)
{
	struct err why = ERR_INIT;

	if (!e->leading || left_ms(e) > 0)
		return e->leading;
	(void)err_set(&why, ERR_TIMEOUT, "the Lease %s/%s was not renewed for %lld ms",
		e->config.lease.namespace, e->config.lease.name,
		(long long)(now_ms(e) - e->renewed_ms));
	lose(e, &why);
	return false;
}

/* The deadline as it was when the timer was set; usually the Lease has been renewed since. */
static void deadline_came(void *ctx, const struct api_response *response, const struct err *err)
{
	struct elector *e = ctx;

	(void)response;
	if (!err && elector_leading(e))
		start_timer(e, left_ms(e), deadline_came);
}

static void finish_step_down(struct elector *e)
{
	if (!e->stepping_down)
		return;
	e->stepping_down = false;
	e->ended = true;
	e->stepped_down(e->stepped_down_ctx);
}

/* Whether the outcome of a call is still of interest. */
static bool call_over(struct elector *e, const struct err *err)
{
	e->calling = CALLING_NOTHING;
	if (api_cancelled(err)) {
		finish_step_down(e);
		return false;
	}
	return !e->ended && (!e->leading || elector_leading(e));
}

static void try_again(void *ctx, const struct api_response *response, const struct err *err)
{
	struct elector *e = ctx;

	(void)response;
	if (!err && !e->ended && !e->stepping_down && (!e->leading || elector_leading(e)))
		start_try(e);
}

/* A leader is punctual; standbys are spread over time (client-go's JitterUntil). */
static void try_later(struct elector *e)
{
	int64_t period = e->config.lease.retry_period_ms;
	uint32_t random;

	if (e->leading) {
		start_timer(e, e->tried_ms + period - now_ms(e), try_again);
		return;
	}
	random = env_random(e->env);
	start_timer(e, period + (int64_t)((double)period * 1.2 * random / UINT32_MAX), try_again);
}

/* Logged once for each kind in a row: a standby may have no API server for hours. */
static void failed(struct elector *e, const struct err *err)
{
	bool raced = err->kind == ERR_CONFLICT || err->kind == ERR_EXISTS;

	e->view_is_current = false;
	if (e->stepping_down) {
		step_down_next(e);
		return;
	}
	if (e->leading)
		metric_add(metric_at(&renewals, err_kind_name(err->kind)), 1);
	if (e->leading || (!raced && err->kind != e->reported_failure))
		log_event(LOG_WARN, e->leading ? "lease not renewed" : "lease not reached",
			LOG_ERR(err), LOG_END);
	if (!raced)
		e->reported_failure = err->kind;
	try_later(e);
}

static void reached(struct elector *e)
{
	e->reported_failure = ERR_NONE;
	atomic_store(&e->reached_ms, now_ms(e));
}

static void stand_by(struct elector *e)
{
	const char *holder = lease_holder(&e->view);

	reached(e);
	if (!str_eq(holder, e->reported_holder)) {
		free(e->reported_holder);
		e->reported_holder = xstrdup(holder);
		log_event(LOG_INFO, "standing by", LOG_STR("holder", holder), LOG_END);
		if (e->config.standing_by)
			e->config.standing_by(e->config.ctx, holder);
	}
	try_later(e);
}

static void lead_on(struct elector *e)
{
	bool first = !e->leading;

	e->renewed_ms = e->sent_ms;
	reached(e);
	if (left_ms(e) <= 0) {
		try_later(e); /* too late to count: the Lease must be acquired again */
		return;
	}
	if (!first)
		metric_add(metric_at(&renewals, "OK"), 1);
	e->leading = true;
	try_later(e);
	if (!first)
		return;
	e->term = lease_resource_version(&e->view);
	start_timer(e, left_ms(e), deadline_came);
	metric_set(metric_at(&leader), 1);
	log_event(LOG_INFO, "leading", LOG_STR("identity", e->config.lease.identity), LOG_END);
	e->config.leading(e->config.ctx);
}

static int take_answer(
	struct elector *e, const struct api_response *response, int64_t seen_ms, struct err *err)
{
	if (lease_view_set(&e->view, response->body, response->len, seen_ms, err) < 0)
		return -1;
	e->view_is_current = true;
	return 0;
}

static void write_done(void *ctx, const struct api_response *response, const struct err *failure)
{
	struct elector *e = ctx;
	struct err err = ERR_INIT;

	if (!call_over(e, failure))
		return;
	if (failure && !e->has_read &&
		(failure->kind == ERR_CONFLICT || failure->kind == ERR_NOT_FOUND)) {
		read_lease(e);
		return;
	}
	if (failure)
		failed(e, failure);
	else if (take_answer(e, response, e->sent_ms, &err) < 0)
		failed(e, &err);
	else if (e->stepping_down)
		step_down_next(e);
	else
		lead_on(e);
}

/* Two calls fit into the deadline, so one that hangs does not cost the leadership. */
static unsigned timeout_ms(const struct elector *e)
{
	int64_t ms = e->config.lease.renew_deadline_ms / 2;

	if (e->leading && left_ms(e) < ms)
		ms = left_ms(e);
	if (e->stepping_down && ms > ELECTOR_STEP_DOWN_MS)
		ms = ELECTOR_STEP_DOWN_MS;
	return ms > 0 ? (unsigned)ms : 1;
}

static void send(struct elector *e, const char *method, const struct buf *body, api_done_fn *done)
{
	const struct url url = {.group = "coordination.k8s.io",
		.version = "v1",
		.namespace = e->config.lease.namespace,
		.resource = "leases",
		.name = str_eq(method, "POST") ? NULL : e->config.lease.name};
	const struct api_request request = {.method = method,
		.body = body ? buf_str(body) : NULL,
		.body_len = body ? body->len : 0,
		.timeout_ms = timeout_ms(e),
		.urgent = true};

	e->calling = body ? CALLING_WRITE : CALLING_READ;
	(void)env_call_url(e->env, &url, &request, done, e);
}

static void send_write(struct elector *e, const char *method, const struct buf *body)
{
	struct err err = ERR_INIT;

	if (body->overflowed) {
		(void)err_set(&err, ERR_TOO_LARGE, "the Lease is over %zu bytes", body->max);
		failed(e, &err);
		return;
	}
	e->has_written = true;
	e->sent_ms = now_ms(e);
	send(e, method, body, write_done);
}

static void write_lease(struct elector *e)
{
	CLEANUP(buf_release) struct buf body = BUF_INIT(LIMIT_OBJECT_BYTES);

	switch (lease_next(&e->view, &e->config.lease, now_ms(e), env_wall_ms(e->env), &body)) {
	case LEASE_WAIT:
		stand_by(e);
		break;
	case LEASE_CREATE:
		send_write(e, "POST", &body);
		break;
	case LEASE_UPDATE:
		send_write(e, "PUT", &body);
		break;
	}
}

/* Another client has taken the Lease. If it was deleted instead, it is created again. */
static bool is_taken(struct elector *e)
{
	struct err why = ERR_INIT;

	if (!e->leading || !e->view.object || holds(e))
		return false;
	(void)err_set(&why, ERR_CONFLICT, "the Lease %s/%s is held by \"%s\"",
		e->config.lease.namespace, e->config.lease.name, lease_holder(&e->view));
	lose(e, &why);
	return true;
}

static void read_done(void *ctx, const struct api_response *response, const struct err *failure)
{
	struct elector *e = ctx;
	struct err err = ERR_INIT;

	if (!call_over(e, failure))
		return;
	if (failure && failure->kind != ERR_NOT_FOUND) {
		failed(e, failure);
		return;
	}
	if (failure) {
		lease_view_release(&e->view);
		e->view_is_current = true;
	} else if (take_answer(e, response, now_ms(e), &err) < 0) {
		failed(e, &err);
		return;
	}
	if (e->stepping_down)
		step_down_next(e);
	else if (!is_taken(e))
		write_lease(e);
}

static void read_lease(struct elector *e)
{
	e->has_read = true;
	send(e, "GET", NULL, read_done);
}

/* A leader knows what it wrote last; if that is outdated, its write fails with a conflict. */
static void start_try(struct elector *e)
{
	e->tried_ms = now_ms(e);
	e->has_read = false;
	if (e->leading && e->view_is_current)
		write_lease(e);
	else
		read_lease(e);
}

/* With no call under way: releases the Lease if it is held, after a read if that is not known. */
static void step_down_next(struct elector *e)
{
	CLEANUP(buf_release) struct buf body = BUF_INIT(LIMIT_OBJECT_BYTES);
	int64_t wall_ms = env_wall_ms(e->env);

	if (!e->view_is_current && e->has_written && !e->has_read)
		read_lease(e);
	else if (e->view_is_current && lease_give_up(&e->view, &e->config.lease, wall_ms, &body))
		send_write(e, "PUT", &body);
	else
		finish_step_down(e);
}

static void step_down_timed_out(
	void *ctx, const struct api_response *response, const struct err *err)
{
	(void)response;
	(void)err;
	finish_step_down(ctx);
}

static void step_down_begin(void *ctx, const struct api_response *response, const struct err *err)
{
	struct elector *e = ctx;

	(void)response;
	e->stepping_down = true;
	e->ended = false;
	if (e->leading)
		stop_leading(e, "stepping down");
	if (err) {
		finish_step_down(e);
		return;
	}
	start_timer(e, ELECTOR_STEP_DOWN_MS, step_down_timed_out);
	if (e->calling == CALLING_READ && !e->has_written) {
		finish_step_down(e);
	} else if (e->calling == CALLING_NOTHING) {
		e->has_read = false;
		step_down_next(e);
	}
}

void elector_step_down(struct elector *e, void (*done)(void *ctx), void *ctx)
{
	e->stepped_down = done;
	e->stepped_down_ctx = ctx;
	start_timer(e, 0, step_down_begin);
}

uint64_t elector_term(const struct elector *e)
{
	return e->term;
}

bool elector_reached(const struct elector *e)
{
	int64_t patience = 3 * e->config.lease.retry_period_ms;
	int64_t at = atomic_load(&e->reached_ms);

	if (patience < e->config.lease.lease_duration_ms)
		patience = e->config.lease.lease_duration_ms;
	return at != INT64_MIN && now_ms(e) - at < patience;
}

struct elector *elector_new(const struct elector_config *config)
{
	struct elector *e = xcalloc(1, sizeof(*e));

	assert(lease_config_check(&config->lease, NULL) == 0);
	e->env = config->env;
	e->config = *config;
	e->view = (struct lease_view)LEASE_VIEW_INIT;
	atomic_init(&e->reached_ms, INT64_MIN);
	metric_set(metric_at(&leader), 0);
	start_timer(e, 0, try_again);
	return e;
}

void elector_free(struct elector *e)
{
	if (!e)
		return;
	if (e->leading)
		metric_set(metric_at(&leader), 0);
	lease_view_release(&e->view);
	free(e->reported_holder);
	free(e);
}
