#include "reconciler/reports.h"

#include <stdlib.h>

#include "base/str.h"
#include "kube/event.h"
#include "kube/timestamp.h"
#include "promotion/event_text.h"
#include "reconciler/api_requests.h"
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
METRIC_COUNTER(promotions, "promogate_promotions_total",
	"Promotions by final state; a retry counts again.", "state");
METRIC_COUNTER(tasks, "promogate_promotion_tasks_total", "Tasks by final state.", "state");
METRIC_HISTOGRAM(to_running, metric_call_bounds, "promogate_delivery_to_running_seconds",
	"Time from the first sight of a delivered version until the last of its Jobs was resumed.");

METRIC_COUNTER(
	events, "promogate_events_total", "Events, by reason and outcome.", "reason", "outcome");

#define TASK_TYPE "promotion"
#define COMPONENT "promogate"

enum {
	/* Events in flight. More than those of a few plans are a flood; Events may be lost. */
	MAX_EVENTS = 256,
	/* The actions that it reports go first, so that the Jobs run. */
	EVENT_DELAY_MS = 100,
};

struct reports {
	const struct env *env;
	unsigned events; /* in flight */
	reports_quiet_fn *quiet; /* called when none is in flight any more; or NULL */
	void *quiet_ctx;
	bool reported_foreign; /* once: it is one setting of Keptn's operator */
};

struct reports *reports_new(const struct env *env)
{
	struct reports *r = xcalloc(1, sizeof(*r));

	r->env = env;
	return r;
}

void reports_free(struct reports *r)
{
	free(r);
}

bool reports_quiet(const struct reports *r)
{
	return r->events == 0;
}

void reports_when_quiet(struct reports *r, reports_quiet_fn *quiet, void *ctx)
{
	r->quiet = quiet;
	r->quiet_ctx = ctx;
}

/* "namespace/version", for free(). */
static char *key_of(const struct appversion *v)
{
	return xasprintf("%s/%s", v->namespace, v->view.name);
}

/* --- Events ----------------------------------------------------------------------------------- */

/* An Event in flight. */
struct posting {
	struct reports *r;
	const char *reason; /* a constant */
	char *namespace;
	struct kube_request call;
};

static void over(struct posting *posting, bool cancelled)
{
	struct reports *r = posting->r;

	kube_request_release(&posting->call);
	free(posting->namespace);
	free(posting);
	if (--r->events == 0 && r->quiet && !cancelled)
		r->quiet(r->quiet_ctx);
}

static void posted(void *ctx, const struct api_response *response, const struct err *err)
{
	struct posting *posting = ctx;
	/* Posted already, before a restart or by another replica. */
	bool known = err && err->kind == ERR_EXISTS;

	(void)response;
	metric_add(metric_at(&events, posting->reason,
			   known ? "Known"
			   : err ? err_kind_name(err->kind)
				 : "OK"),
		1);
	if (err && !known)
		log_event(LOG_DEBUG, "event lost", LOG_STR("reason", posting->reason), LOG_ERR(err),
			LOG_END);
	over(posting, err && api_cancelled(err));
}

static void post_now(void *ctx, const struct api_response *response, const struct err *err)
{
	struct posting *posting = ctx;

	(void)response;
	if (err)
		over(posting, true);
	else
		kube_request_send(posting->r->env, &posting->call, posted, posting);
}

static void post(struct reports *r, const struct appversion *v, const struct event_text *t)
{
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
	struct posting *posting;

	if (r->events >= MAX_EVENTS) {
		metric_add(metric_at(&events, t->reason, "Dropped"), 1);
		return;
	}
	posting = xcalloc(1, sizeof(*posting));
	*posting = (struct posting){r, t->reason, xstrdup(v->namespace), KUBE_REQUEST_INIT};
	posting->call.method = "POST";
	posting->call.url = (struct url){
		.version = "v1", .namespace = posting->namespace, .resource = "events"};
	event_encode(&event, &posting->call.body);
	r->events++;
	(void)env_timer(r->env, EVENT_DELAY_MS, post_now, posting);
}

/* --- transitions ------------------------------------------------------------------------------ */

static void started(struct reports *r, const struct appversion *v, const struct snapshot *s,
	const struct plan *plan, const struct plan_action *a)
{
	CLEANUP(free_p) char *key = key_of(v);
	CLEANUP(event_text_release) struct event_text t = EVENT_TEXT_INIT;

	metric_add(metric_at(&promotions, "Started"), 1);
	log_event(LOG_INFO, "promotion started", LOG_STR("promotion", key), LOG_STR("app", v->app),
		LOG_STR("version", v->view.version), LOG_INT("attempt", a->attempt),
		LOG_INT("tasks", (int64_t)a->count),
		LOG_STR("onFailure", on_failure_name(s->on_failure.value)), LOG_END);
	event_text_started(&t, v, a, plan);
	post(r, v, &t);
}

static int64_t item_start_ms(const struct appversion *v, const char *task)
{
	int64_t ms;

	for (size_t i = 0; i < v->view.nitems; i++)
		if (str_eq(v->items[i].task, task) && timestamp_parse(v->items[i].start, &ms) == 0)
			return ms;
	return -1;
}

static void task_ended(
	const struct reports *r, const struct appversion *v, const struct plan_change *c)
{
	const char *state = appversion_state_name(c->state);
	CLEANUP(free_p) char *key = key_of(v);
	int64_t start = item_start_ms(v, c->task);

	metric_add(metric_at(&tasks, state), 1);
	metric_add(metric_at(&keptn_tasks, v->app, v->view.version, v->namespace, c->task, state,
			   TASK_TYPE),
		1);
	if (start >= 0) {
		int64_t now = env_wall_ms(r->env);
		/* Another clock, or somebody else, may have written a later start. */
		int64_t ns = now > start ? (now - start) * 1000000 : 0;

		metric_observe_ns(metric_at(&keptn_durations, v->app, v->namespace, c->task, state,
					  TASK_TYPE),
			ns);
		metric_observe_ns(metric_at(&all_durations), ns);
	}
	log_event(LOG_INFO, "task ended", LOG_STR("promotion", key), LOG_STR("task", c->task),
		LOG_STR("job", c->job), LOG_STR("state", state), LOG_END);
}

static void recorded(struct reports *r, const struct appversion *v, const struct snapshot *s,
	const struct plan *plan, const struct plan_action *a)
{
	CLEANUP(free_p) char *key = key_of(v);
	CLEANUP(event_text_release) struct event_text t = EVENT_TEXT_INIT;
	const struct event_text_end end = {.version = v,
		.action = a,
		.plan = plan,
		.jobs = (const struct promotion_job *const *)s->jobs,
		.njobs = s->view.njobs,
		.decision = s->on_failure};
	const char *state = appversion_state_name(a->promotion);

	for (size_t i = a->first; i < a->first + a->count; i++)
		task_ended(r, v, &plan->changes[i]);
	if (a->promotion == VIEW_NONE)
		return;
	metric_add(metric_at(&promotions, state), 1);
	metric_add(metric_at(&keptn_promotions, v->app, v->view.version, v->namespace, state), 1);
	log_event(LOG_INFO, "promotion ended", LOG_STR("promotion", key), LOG_STR("state", state),
		LOG_STR("onFailure", on_failure_name(s->on_failure.value)),
		LOG_STR("decidedBy", on_failure_source_text(s->on_failure.source)), LOG_END);
	event_text_ended(&t, &end);
	post(r, v, &t);
}

static void fenced(struct reports *r, const struct appversion *v, const struct plan_action *a)
{
	CLEANUP(free_p) char *key = key_of(v);
	CLEANUP(event_text_release) struct event_text t = EVENT_TEXT_INIT;

	metric_add(metric_at(&promotions, "Superseded"), 1);
	log_event(LOG_INFO, "promotion superseded", LOG_STR("promotion", key),
		LOG_STR("by", a->other->name), LOG_END);
	event_text_retired(&t, v, a);
	post(r, v, &t);
}

static void resumed(const struct reports *r, struct report_memory *memory, const struct plan *plan,
	const struct plan_action *a)
{
	const struct plan_action *last = a + 1;
	const int64_t *delivered = strmap_get(&memory->delivered, a->version->name);

	if (last < plan->actions + plan->nactions && last->kind == PLAN_UNSUSPEND)
		return;
	if (delivered)
		metric_observe_ns(
			metric_at(&to_running), (env_mono_ms(r->env) - *delivered) * 1000000);
	(void)strmap_remove(&memory->delivered, a->version->name);
}

void reports_planned(struct reports *r, struct report_memory *memory, const struct view *view)
{
	for (size_t i = 0; i < view->nversions; i++) {
		const struct view_version *v = &view->versions[i];

		if (!view_waits(view, v) && !view_active(v)) {
			(void)strmap_remove(&memory->delivered, v->name);
		} else if (view_waits(view, v) && !strmap_has(&memory->delivered, v->name)) {
			int64_t *now = xcalloc(1, sizeof(*now));

			*now = env_mono_ms(r->env);
			strmap_put(&memory->delivered, v->name, now);
		}
	}
}

void reports_done(struct reports *r, struct report_memory *memory, const struct snapshot *s,
	const struct plan *plan, const struct plan_action *a)
{
	const struct appversion *v = snapshot_version(s, a->version);

	switch (a->kind) {
	case PLAN_COMMIT:
		started(r, v, s, plan, a);
		break;
	case PLAN_RECORD:
		recorded(r, v, s, plan, a);
		break;
	case PLAN_DEPRECATE:
	case PLAN_SUPERSEDE:
		fenced(r, v, a);
		break;
	case PLAN_UNSUSPEND:
		resumed(r, memory, plan, a);
		break;
	case PLAN_CREATE_JOB:
	case PLAN_CREATE_CODE:
	case PLAN_GET_JOB:
	case PLAN_SET_TTL:
	case PLAN_DELETE:
	case PLAN_REPORT:
		break;
	}
}

/* --- waiting ---------------------------------------------------------------------------------- */

/* Whether the last report of this version, or of this task of it, was another one. */
static bool is_news(struct report_memory *memory, const char *about, const char *what)
{
	const char *before = strmap_get(&memory->reported, about);

	if (before && str_eq(before, what))
		return false;
	strmap_put(&memory->reported, about, xstrdup(what));
	return true;
}

/* A report about a version or a task. `what` is equal if it is no news. */
struct report {
	const char *task; /* NULL: the version */
	const char *what;
	enum log_level level;
};

static void say(struct reports *r, struct report_memory *memory, const struct appversion *v,
	const struct event_text *t, struct report report)
{
	CLEANUP(free_p) char *key = key_of(v);
	CLEANUP(free_p)
	char *about = xasprintf(
		"%s%s%s", v->view.name, report.task ? "/" : "", report.task ? report.task : "");

	if (!is_news(memory, about, report.what))
		return;
	log_event(report.level, "promotion waiting", LOG_STR("promotion", key),
		LOG_STR("reason", t->reason), LOG_STR("because", buf_str(&t->message)), LOG_END);
	post(r, v, t);
}

/* Keptn's operator promotes this version: nothing is written, not even an Event. */
static void stand_down(struct reports *r, const struct appversion *v)
{
	CLEANUP(free_p) char *key = key_of(v);

	if (!r->reported_foreign)
		log_event(LOG_WARN,
			"leaving versions alone that Keptn's operator promotes; disable its promotion tasks",
			LOG_STR("promotion", key), LOG_END);
	r->reported_foreign = true;
}

/* The reason of each task that can't start. */
static void add_lacking(struct buf *to, const struct snapshot *s, const struct view_version *v)
{
	for (size_t i = 0; i < v->ntasks; i++) {
		const char *why = strmap_get(&s->lacking, v->tasks[i].name);

		if (why)
			(void)buf_addf(to, "%s%s", to->len ? "; " : "", why);
	}
}

static void ignored(struct reports *r, struct report_memory *memory, const struct appversion *v,
	const struct plan_action *a)
{
	CLEANUP(event_text_release) struct event_text t = EVENT_TEXT_INIT;
	/* No task has such a name. */
	const char *about = a->reason == PLAN_RETRY_IGNORED ? "/retry" : "/abort";

	event_text_ignored(&t, v, a);
	say(r, memory, v, &t, (struct report){about, buf_str(&t.message), LOG_INFO});
}

void reports_waits(struct reports *r, struct report_memory *memory, const struct snapshot *s,
	const struct plan_action *a)
{
	const struct appversion *v = snapshot_version(s, a->version);
	CLEANUP(event_text_release) struct event_text t = EVENT_TEXT_INIT;
	CLEANUP(buf_release) struct buf detail = BUF_INIT(EVENT_TEXT_MESSAGE_MAX / 2);

	if (a->reason == PLAN_NOT_OURS && !v->oversized) {
		stand_down(r, v);
		return;
	}
	if (a->reason == PLAN_RETRY_IGNORED || a->reason == PLAN_ABORT_IGNORED) {
		ignored(r, memory, v, a);
		return;
	}
	if (a->reason == PLAN_NO_DEFINITION)
		add_lacking(&detail, s, a->version);
	event_text_waits(&t, v, a, s->view.deadline, detail.len ? buf_str(&detail) : NULL);
	say(r, memory, v, &t, (struct report){NULL, buf_str(&t.message), LOG_INFO});
}

void reports_refused(struct reports *r, struct report_memory *memory, const struct snapshot *s,
	const struct plan_action *a, const struct err *err)
{
	const struct appversion *v = snapshot_version(s, a->version);
	CLEANUP(event_text_release) struct event_text t = EVENT_TEXT_INIT;
	bool code = a->kind == PLAN_CREATE_CODE;
	const char *task = code ? a->job->task : a->task;
	const char *job = code ? a->job->name : a->name.text;
	CLEANUP(free_p) char *words = NULL;

	words = refusal_text(err, job, task);
	event_text_create_failed(&t, task, words);
	say(r, memory, v, &t, (struct report){task, err_kind_name(err->kind), LOG_WARN});
}

static const char *doing(enum plan_kind kind)
{
	static const char *const words[] = {
		[PLAN_COMMIT] = "start the promotion",
		[PLAN_UNSUSPEND] = "resume a Job",
		[PLAN_RECORD] = "record an outcome",
		[PLAN_SET_TTL] = "set the TTL of a Job",
		[PLAN_DELETE] = "delete a Job",
		[PLAN_GET_JOB] = "get a Job",
		[PLAN_DEPRECATE] = "retire an older version",
		[PLAN_SUPERSEDE] = "retire an older version",
	};

	return kind < ARRAY_SIZE(words) && words[kind] ? words[kind] : "continue";
}

void reports_failed(struct reports *r, struct report_memory *memory, const struct snapshot *s,
	const struct plan_action *a, const struct err *err)
{
	const char *job = a->job ? a->job->name : a->item ? a->item->job : "";
	CLEANUP(free_p) char *words = refusal_text(err, job, "the Job");
	CLEANUP(free_p) char *what = xasprintf("%s: %s", doing(a->kind), err_kind_name(err->kind));
	CLEANUP(event_text_release) struct event_text t = EVENT_TEXT_INIT;

	event_text_failed(&t, doing(a->kind), words);
	say(r, memory, snapshot_version(s, a->version), &t, (struct report){job, what, LOG_WARN});
}
