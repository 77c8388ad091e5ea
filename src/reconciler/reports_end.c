/* The end of tasks and promotions. */
#include "reconciler/reports_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "kube/timestamp.h"
#include "run/log.h"
#include "run/metrics.h"

/* Keptn's own names and labels, so that its dashboards work. */
METRIC_COUNTER(keptn_promotions, "keptn_promotion_count_total", "Promotions that ended.",
	"keptn_deployment_app_name", "keptn_deployment_app_version",
	"keptn_deployment_app_namespace", "keptn_deployment_app_status");
METRIC_COUNTER(keptn_tasks, "keptn_task_count_total", "Tasks that ended.",
	"keptn_deployment_app_name", "keptn_deployment_app_version",
	"keptn_deployment_app_namespace", "keptn_deployment_task_name",
	"keptn_deployment_task_status", "keptn_deployment_task_type");
METRIC_HISTOGRAM(keptn_durations, metric_task_bounds, "keptn_task_duration_seconds",
	"Time from the commit of a task to the record of its outcome.", "keptn_deployment_app_name",
	"keptn_deployment_app_namespace", "keptn_deployment_task_name",
	"keptn_deployment_task_status", "keptn_deployment_task_type");
METRIC_HISTOGRAM(all_durations, metric_task_bounds, "keptn_task_duration",
	"The same of all tasks, under the name of Keptn's Overview dashboard, in seconds.");
METRIC_HISTOGRAM(all_tasks, metric_task_bounds, "keptn_task",
	"The same again: keptn_task_count is how many tasks ended, as that dashboard asks for it.");
METRIC_COUNTER(tasks, "promogate_promotion_tasks_total", "Tasks by final state.", "state");

#define TASK_TYPE "promotion"

/* What a RECORD has ended. */
struct ended {
	struct appversion *v;
	struct plan_change *changes;
	size_t count;
	enum view_state promotion; /* VIEW_NONE: it goes on */
	enum on_failure on_failure; /* what led to Failed or Warning, and who decided it */
	char *decided_by;
	int64_t now_ms;
};

static struct ended *ended_new(const struct reports *r, const struct appversion *v,
	const struct plan *plan, const struct plan_action *a)
{
	struct ended *e = xcalloc(1, sizeof(*e));

	*e = (struct ended){.v = appversion_ref((struct appversion *)v),
		.changes = xcalloc(a->count, sizeof(*e->changes)),
		.count = a->count,
		.promotion = a->promotion,
		.on_failure = a->decision.on_failure,
		.decided_by = xstrdup(a->decision.decided_by ? a->decision.decided_by : ""),
		.now_ms = env_wall_ms(r->env)};
	if (a->count)
		memcpy(e->changes, plan->changes + a->first, a->count * sizeof(*e->changes));
	return e;
}

static void ended_free(void *ctx)
{
	struct ended *e = ctx;

	appversion_unref(e->v);
	free(e->changes);
	free(e->decided_by);
	free(e);
}

static int64_t item_start_ms(const struct appversion *v, const char *task)
{
	int64_t ms;

	for (size_t i = 0; i < v->view.nitems; i++)
		if (str_eq(v->items[i].task, task) && timestamp_parse(v->items[i].start, &ms) == 0)
			return ms;
	return -1;
}

static void observe(const struct ended *e, const struct plan_change *c)
{
	int64_t start = item_start_ms(e->v, c->task);
	/* Another clock, or somebody else, may have written a later start. */
	int64_t ns = e->now_ms > start ? (e->now_ms - start) * 1000000 : 0;

	if (start < 0)
		return;
	metric_observe_ns(metric_at(&keptn_durations, e->v->app, e->v->namespace, c->task,
				  appversion_state_name(c->state), TASK_TYPE),
		ns);
	metric_observe_ns(metric_at(&all_durations), ns);
	metric_observe_ns(metric_at(&all_tasks), ns);
}

static void task_ended(const struct ended *e, const struct plan_change *c)
{
	const char *state = appversion_state_name(c->state);
	CLEANUP(free_p) char *key = appversion_key(e->v);

	metric_add(metric_at(&tasks, state), 1);
	metric_add(metric_at(&keptn_tasks, e->v->app, e->v->view.version, e->v->namespace, c->task,
			   state, TASK_TYPE),
		1);
	observe(e, c);
	log_event(LOG_INFO, "task ended", LOG_STR("promotion", key), LOG_STR("task", c->task),
		LOG_STR("job", c->job), LOG_STR("state", state), LOG_END);
}

static void log_ended(const struct ended *e, const char *key, const char *state)
{
	if (e->promotion == VIEW_SUCCEEDED)
		log_event(LOG_INFO, "promotion ended", LOG_STR("promotion", key),
			LOG_STR("state", state), LOG_END);
	else
		log_event(LOG_INFO, "promotion ended", LOG_STR("promotion", key),
			LOG_STR("state", state),
			LOG_STR("onFailure", on_failure_name(e->on_failure)),
			LOG_STR("decidedBy", e->decided_by), LOG_END);
}

static void promotion_ended(const struct ended *e)
{
	CLEANUP(free_p) char *key = appversion_key(e->v);
	const char *state = appversion_state_name(e->promotion);

	for (size_t i = 0; i < e->count; i++)
		task_ended(e, &e->changes[i]);
	if (e->promotion == VIEW_NONE)
		return;
	reports_count(state);
	metric_add(
		metric_at(&keptn_promotions, e->v->app, e->v->view.version, e->v->namespace, state),
		1);
	log_ended(e, key, state);
}

/* It was deleted, alone or with its namespace, and its Jobs first: no promotion has failed. */
static void deleted_meanwhile(const struct appversion *v)
{
	CLEANUP(free_p) char *key = appversion_key(v);

	log_event(LOG_DEBUG, "promotion ended: its version is being deleted",
		LOG_STR("promotion", key), LOG_END);
}

static void tried_to_post(void *ctx, const struct err *err)
{
	const struct ended *e = ctx;

	if (err && (err->kind == ERR_TERMINATING || err->kind == ERR_NOT_FOUND))
		deleted_meanwhile(e->v);
	else
		promotion_ended(e);
}

/*
 * Where its namespace is deleted, a Job is missing, or fails as its pods are deleted first. Only the
 * answer to an Event tells.
 */
static bool is_in_doubt(const struct ended *e)
{
	for (size_t i = 0; i < e->count; i++)
		if (e->changes[i].reason == PLAN_MISSING_JOB)
			return true;
	return e->promotion == VIEW_FAILED || e->promotion == VIEW_WARNING;
}

static void make_ended_text(struct event_text *t, const struct ended *e, const struct snapshot *s,
	const struct plan *plan, const struct plan_action *a)
{
	const struct event_text_end end = {.version = e->v,
		.action = a,
		.plan = plan,
		.jobs = (const struct promotion_job *const *)s->jobs,
		.njobs = s->view.njobs};

	if (e->promotion != VIEW_NONE)
		event_text_ended(t, &end);
	else
		event_text_missing(t, &end);
}

void reports_recorded(struct reports *r, const struct appversion *v, const struct snapshot *s,
	const struct plan *plan, const struct plan_action *a)
{
	CLEANUP(event_text_release) struct event_text t = EVENT_TEXT_INIT;
	struct ended *e;
	struct event_queue_watcher watcher;

	if (v->deleting) {
		deleted_meanwhile(v);
		return;
	}
	e = ended_new(r, v, plan, a);
	make_ended_text(&t, e, s, plan, a);
	watcher = (struct event_queue_watcher){tried_to_post, ended_free, e};
	if (is_in_doubt(e) && reports_post(r, v, &t, &watcher))
		return;
	promotion_ended(e);
	if (e->promotion != VIEW_NONE && !is_in_doubt(e))
		(void)reports_post(r, v, &t, NULL);
	ended_free(e);
}
