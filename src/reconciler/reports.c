#include "reconciler/reports_internal.h"

#include <stdlib.h>

#include "base/str.h"
#include "kube/timestamp.h"
#include "promotion/wait_text.h"
#include "run/log.h"
#include "run/metrics.h"

METRIC_COUNTER(promotions, "promogate_promotions_total",
	"Promotions by final state; a retry counts again.", "state");
METRIC_HISTOGRAM(to_running, metric_call_bounds, "promogate_delivery_to_running_seconds",
	"Time from the first sight of a delivered version until the last of its Jobs was resumed.");

#define COMPONENT "promogate"

struct reports *reports_new(const struct env *env)
{
	struct reports *r = xcalloc(1, sizeof(*r));

	r->env = env;
	r->queue = event_queue_new(env);
	return r;
}

void reports_free(struct reports *r)
{
	if (!r)
		return;
	event_queue_free(r->queue);
	free(r);
}

bool reports_quiet(const struct reports *r)
{
	return event_queue_quiet(r->queue);
}

void reports_stop(struct reports *r, reports_quiet_fn *quiet, void *ctx)
{
	event_queue_stop(r->queue, quiet, ctx);
}

bool reports_post(struct reports *r, const struct appversion *v, const struct event_text *t,
	const struct event_queue_watcher *watcher)
{
	CLEANUP(free_p) char *app = xasprintf("%s/%s", v->namespace, v->app);
	const struct timestamp now = timestamp_format(env_wall_ms(r->env));
	const struct event event = {.namespace = v->namespace,
		.api_version = APPVERSION_API_VERSION,
		.kind = APPVERSION_KIND,
		.name = v->view.name,
		.uid = v->view.uid,
		.resource_version = v->view.resource_version,
		.warning = t->warning,
		.reason = t->reason,
		.message = buf_str(&t->message),
		.component = COMPONENT,
		.now = now.text};

	return event_queue_add(r->queue, app, &event, watcher);
}

void reports_count(const char *state)
{
	metric_add(metric_at(&promotions, state), 1);
}

/* --- transitions ------------------------------------------------------------------------------ */

static void started(struct reports *r, const struct appversion *v, const struct plan *plan,
	const struct plan_action *a)
{
	CLEANUP(free_p) char *key = appversion_key(v);
	CLEANUP(event_text_release) struct event_text t = EVENT_TEXT_INIT;

	reports_count("Started");
	log_event(LOG_INFO, "promotion started", LOG_STR("promotion", key), LOG_STR("app", v->app),
		LOG_STR("version", v->view.version), LOG_INT("attempt", a->attempt),
		LOG_INT("tasks", (int64_t)a->count), LOG_END);
	event_text_started(&t, v, a, plan);
	(void)reports_post(r, v, &t, NULL);
}

static void fenced(struct reports *r, const struct appversion *v, const struct plan_action *a)
{
	CLEANUP(free_p) char *key = appversion_key(v);
	CLEANUP(event_text_release) struct event_text t = EVENT_TEXT_INIT;

	reports_count("Superseded");
	log_event(LOG_INFO, "promotion superseded", LOG_STR("promotion", key),
		LOG_STR("by", a->other->name), LOG_END);
	event_text_retired(&t, v, a);
	(void)reports_post(r, v, &t, NULL);
}

static bool is_release(enum plan_kind kind)
{
	return kind == PLAN_UNSUSPEND || kind == PLAN_QUEUE;
}

static void released(const struct reports *r, struct report_memory *memory, const struct plan *plan,
	const struct plan_action *a)
{
	const struct plan_action *last = a + 1;
	const int64_t *delivered = strmap_get(&memory->delivered, a->version->name);

	if (last < plan->actions + plan->nactions && is_release(last->kind))
		return;
	if (delivered)
		metric_observe_ns(
			metric_at(&to_running), (env_mono_ms(r->env) - *delivered) * 1000000);
	(void)strmap_remove(&memory->delivered, a->version->name);
}

/* Whether what came of a lost write is still unknown; reports it if it has reached its version. */
static bool still_lost(struct reports *r, struct report_memory *memory,
	const struct lost_writes *lost, const struct plan_action *a, const struct view *view)
{
	const struct view_version *now = view_with_uid(view, a->version->uid);

	if (!now)
		return false;
	if (str_eq(now->resource_version, a->version->resource_version))
		return true;
	if (plan_landed(&lost->plan, a, now))
		reports_done(r, memory, lost->snapshot, &lost->plan, a);
	return false;
}

static void tell_landed(struct reports *r, struct report_memory *memory, const struct view *view)
{
	struct lost_writes lost = memory->lost;
	size_t kept = 0;

	if (!lost.snapshot)
		return;
	memory->lost = (struct lost_writes){.snapshot = NULL};
	for (size_t i = 0; i < lost.plan.nactions; i++)
		if (still_lost(r, memory, &lost, &lost.plan.actions[i], view))
			lost.plan.actions[kept++] = lost.plan.actions[i];
	lost.plan.nactions = kept;
	if (kept)
		memory->lost = lost;
	else
		lost_writes_release(&lost);
}

/* A later try of the same write succeeded: the lost one never reached its version. */
static void forget_lost(struct report_memory *memory, const struct view_version *v)
{
	struct plan *p = &memory->lost.plan;
	size_t kept = 0;

	for (size_t i = 0; i < p->nactions; i++)
		if (!str_eq(p->actions[i].version->uid, v->uid))
			p->actions[kept++] = p->actions[i];
	p->nactions = kept;
}

void reports_lost(
	struct report_memory *memory, struct snapshot *snapshot_take, struct plan *plan_take)
{
	lost_writes_release(&memory->lost);
	memory->lost = (struct lost_writes){snapshot_take, *plan_take};
	*plan_take = (struct plan)PLAN_INIT;
}

static void note_delivery(struct reports *r, struct report_memory *memory, const struct view *view,
	const struct view_version *v)
{
	bool waits = view_waits(view, v);

	if (!waits && !view_active(v)) {
		(void)strmap_remove(&memory->delivered, v->name);
	} else if (waits && !strmap_has(&memory->delivered, v->name)) {
		int64_t *now = xcalloc(1, sizeof(*now));

		*now = env_mono_ms(r->env);
		strmap_put(&memory->delivered, v->name, now);
	}
}

static void note_wait(struct reports *r, struct report_memory *memory, const struct plan *plan,
	const struct view_version *v)
{
	if (v != plan->wait.version && !v->rejected) {
		(void)strmap_remove(&memory->waits, v->name);
	} else if (!strmap_has(&memory->waits, v->name)) {
		int64_t *now = xcalloc(1, sizeof(*now));

		*now = env_wall_ms(r->env) / 1000;
		strmap_put(&memory->waits, v->name, now);
	}
}

void reports_planned(struct reports *r, struct report_memory *memory, const struct view *view,
	const struct plan *plan)
{
	bool rejected = false;

	tell_landed(r, memory, view);
	for (size_t i = 0; i < view->nversions; i++) {
		note_delivery(r, memory, view, &view->versions[i]);
		note_wait(r, memory, plan, &view->versions[i]);
		rejected |= plan_held_up(plan, view, &view->versions[i]);
	}
	report_memory_waits(memory, plan->wait.version ? wait_text_name(plan->wait.reason)
				    : rejected         ? WAIT_TEXT_REJECTED
						       : NULL);
}

void reports_done(struct reports *r, struct report_memory *memory, const struct snapshot *s,
	const struct plan *plan, const struct plan_action *a)
{
	const struct appversion *v = snapshot_version(s, a->version);

	reports_accepted(memory, a);
	if (plan_writes_version(a->kind))
		forget_lost(memory, a->version);
	switch (a->kind) {
	case PLAN_COMMIT:
		started(r, v, plan, a);
		break;
	case PLAN_RECORD:
		reports_recorded(r, v, s, plan, a);
		break;
	case PLAN_DEPRECATE:
	case PLAN_SUPERSEDE:
		fenced(r, v, a);
		break;
	case PLAN_UNSUSPEND:
	case PLAN_QUEUE:
		released(r, memory, plan, a);
		break;
	case PLAN_CREATE_JOB:
	case PLAN_CREATE_CODE:
	case PLAN_CLAIM:
	case PLAN_ENROL:
	case PLAN_LEAVE:
	case PLAN_GET_JOB:
	case PLAN_SET_TTL:
	case PLAN_DELETE:
	case PLAN_REPORT:
	case PLAN_ANNOTATE:
		break;
	}
}
