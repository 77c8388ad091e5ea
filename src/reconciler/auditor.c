#include "reconciler/auditor.h"

#include <stdlib.h>

#include "kube/backoff.h"
#include "reconciler/audit_metrics.h"
#include "reconciler/audit_pass.h"
#include "reconciler/status_writer.h"
#include "run/log.h"
#include "run/metrics.h"

METRIC_COUNTER(passes, "promogate_policy_audits_total", "Audits of all stored KeptnAppContexts.");

enum {
	/* From a change to the audit: `kubectl apply` changes many objects one after the other. */
	SETTLE_MS = 300,
	/* An audit takes at most a twentieth of the thread. */
	REST_FACTOR = 20,
	/* A slice ends after so many comparisons, of about a microsecond, or so long. */
	SLICE_CHECKS = 2000,
	SLICE_MS = 5,
};

struct auditor {
	struct auditor_config config;
	struct status_writer *writer;
	struct audit_metrics *metrics;
	struct backoff backoff; /* of writes */
	bool due, since_due; /* an audit; a write of since when added tasks count */
	bool stopped;
	int64_t not_before_ms; /* the next audit */
	api_id timer;
	int64_t timer_ms; /* INT64_MAX: there is none */
	/* The pass under way. */
	bool running, failed;
	struct audit_pass pass;
	int64_t cost_ms;
	size_t written; /* targets of the pass: these are done */
};

static void schedule(struct auditor *a);
static void write_next(struct auditor *a);

static int64_t now_ms(const struct auditor *a)
{
	return env_mono_ms(a->config.env);
}

static bool may_act(const struct auditor *a)
{
	return !a->stopped && a->config.may_act(a->config.may_act_ctx);
}

/* --- the end of a pass ------------------------------------------------------------------------ */

static void end_pass(struct auditor *a)
{
	int64_t rest_ms = REST_FACTOR * a->cost_ms;

	if (a->failed) {
		a->due = true;
		rest_ms += backoff_next(&a->backoff, env_random(a->config.env));
	} else {
		backoff_reset(&a->backoff);
	}
	if (a->not_before_ms < now_ms(a) + rest_ms)
		a->not_before_ms = now_ms(a) + rest_ms;
	a->running = false;
	audit_pass_release(&a->pass);
	schedule(a);
}

static void note_failure(struct auditor *a, const struct err *err)
{
	a->failed = true;
	log_event(err->kind == ERR_CONFLICT ? LOG_DEBUG : LOG_WARN,
		"failed to write the status of a PromotionPolicy, retrying",
		LOG_STR("policy", a->pass.targets[a->written].name), LOG_ERR(err), LOG_END);
}

static void written(void *ctx, const struct err *err)
{
	struct auditor *a = ctx;

	if (err && api_cancelled(err))
		return;
	if (err)
		note_failure(a, err);
	a->written++;
	write_next(a);
}

static void write_next(struct auditor *a)
{
	for (; a->written < a->pass.ntargets && may_act(a); a->written++) {
		const struct audit_target *t = &a->pass.targets[a->written];

		if (status_writer_write(a->writer, t->name, t->version, &t->findings, written, a))
			return;
	}
	end_pass(a);
}

/* --- slices ----------------------------------------------------------------------------------- */

static void slice(void *ctx, const struct api_response *response, const struct err *err);

/* Whether all is audited. */
static bool run_slice(struct auditor *a)
{
	int64_t begin_ms = now_ms(a);
	size_t checks = 0, more;

	while ((more = audit_pass_step(&a->pass)) > 0) {
		checks += more;
		if (checks >= SLICE_CHECKS || now_ms(a) - begin_ms >= SLICE_MS)
			break;
	}
	a->cost_ms += now_ms(a) - begin_ms;
	return more == 0;
}

static void continue_pass(struct auditor *a)
{
	if (!run_slice(a)) {
		(void)env_timer(a->config.env, 0, slice, a);
		return;
	}
	metric_add(metric_at(&passes), 1);
	audit_metrics_show(a->metrics, &a->pass);
	write_next(a);
}

static void slice(void *ctx, const struct api_response *response, const struct err *err)
{
	struct auditor *a = ctx;

	(void)response;
	if (err)
		return;
	if (may_act(a))
		continue_pass(a);
	else
		end_pass(a);
}

/* --- the beginning of a pass ------------------------------------------------------------------ */

static const struct policy_cache *policies_of(const struct auditor *a)
{
	return cache_policies(a->config.cache);
}

static void count_one(void *ctx, const struct invalid_policy *p)
{
	(void)p;
	++*(size_t *)ctx;
}

static size_t count_policies(const struct auditor *a)
{
	size_t count = policy_cache_policies(policies_of(a))->count;

	policy_cache_invalid(policies_of(a), count_one, &count);
	return count;
}

/* Without a policy there is nothing to do, except to show that those are gone that were. */
static bool has_work(const struct auditor *a)
{
	return count_policies(a) > 0 || audit_metrics_shows(a->metrics);
}

static void begin_pass(struct auditor *a, bool audits)
{
	a->running = true;
	a->failed = false;
	a->cost_ms = 0;
	a->written = 0;
	a->since_due = false;
	if (audits) {
		a->due = false;
		audit_pass_begin(&a->pass, a->config.cache);
		continue_pass(a);
	} else {
		audit_pass_begin_added(&a->pass, a->config.cache);
		write_next(a);
	}
}

static void fired(void *ctx, const struct api_response *response, const struct err *err)
{
	struct auditor *a = ctx;

	(void)response;
	if (err)
		return;
	a->timer_ms = INT64_MAX;
	if (a->running || !cache_synced(a->config.cache) || !may_act(a))
		return;
	begin_pass(a, !a->since_due);
}

static int64_t next_ms(const struct auditor *a, int64_t now)
{
	if (a->since_due)
		return now;
	if (!a->due)
		return INT64_MAX;
	return a->not_before_ms > now + SETTLE_MS ? a->not_before_ms : now + SETTLE_MS;
}

/* One timer serves all changes before it. */
static void schedule(struct auditor *a)
{
	int64_t now = now_ms(a), next = next_ms(a, now);

	if (next >= a->timer_ms || a->running || a->stopped || !cache_synced(a->config.cache))
		return;
	if (!has_work(a)) {
		a->due = a->since_due = false;
		return;
	}
	if (a->timer_ms != INT64_MAX)
		env_cancel(a->config.env, a->timer);
	a->timer_ms = next;
	a->timer = env_timer(a->config.env, (unsigned)(next - now), fired, a);
}

void auditor_due(struct auditor *a)
{
	a->due = true;
	schedule(a);
}

void auditor_policies_changed(struct auditor *a)
{
	if (status_writer_count(a->writer) > count_policies(a))
		status_writer_clear(a->writer); /* one is gone */
	a->since_due = true;
	auditor_due(a);
}

void auditor_progressed(struct auditor *a)
{
	schedule(a);
}

/* --- the whole -------------------------------------------------------------------------------- */

struct auditor *auditor_new(const struct auditor_config *config)
{
	struct auditor *a = xcalloc(1, sizeof(*a));

	a->config = *config;
	a->timer_ms = INT64_MAX;
	a->backoff = (struct backoff)BACKOFF_INIT;
	a->writer = status_writer_new(config->env);
	a->metrics = audit_metrics_new();
	a->due = a->since_due = true;
	return a;
}

void auditor_stop(struct auditor *a)
{
	a->stopped = true;
}

void auditor_free(struct auditor *a)
{
	if (!a)
		return;
	audit_pass_release(&a->pass);
	status_writer_free(a->writer);
	audit_metrics_free(a->metrics);
	free(a);
}
