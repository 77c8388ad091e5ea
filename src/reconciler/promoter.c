#include "reconciler/promoter.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "kube/workqueue.h"
#include "reconciler/apps.h"
#include "reconciler/auditor.h"
#include "reconciler/cache.h"
#include "reconciler/execute.h"
#include "reconciler/job_limit.h"
#include "reconciler/preparation.h"
#include "reconciler/reports.h"
#include "run/log.h"
#include "run/metrics.h"

METRIC_GAUGE(depth, "promogate_workqueue_depth", "Applications that are due to be reconciled.");
METRIC_GAUGE(running, "promogate_workqueue_running", "Applications whose plan is being executed.");
METRIC_GAUGE(active, "keptn_task_active", "Tasks whose Jobs run or are about to.");
METRIC_COUNTER(reconciliations, "promogate_reconciliations_total", "Reconciliations.");
METRIC_COUNTER(retries, "promogate_workqueue_retries_total",
	"Plans that were dropped before their end, by reason; each is retried.", "reason");

enum {
	/* Plans that are executed at once, half of them of one namespace at most. */
	MAX_RUNNING = 64,
	/*
	 * How long an outcome that is not the last of its version waits for more, to be recorded in
	 * one write with them. Nothing is lost meanwhile: no Job expires before it is recorded.
	 */
	RECORD_TOGETHER_MS = 50,
	/* The delay after a lost reply: enough for the watches to deliver what was written. */
	AFTER_LOST_REPLY_MS = 1000,
	/* How many applications are due in each ms after a policy has changed. */
	APPS_PER_MS = 4,
	/* The delay after an annotation that failed, if nothing else changes. */
	ANNOTATE_AGAIN_MS = 60 * 1000,
};

struct promoter {
	struct promoter_config config;
	struct cache *cache;
	struct apps *apps;
	struct reports *reports;
	struct auditor *auditor;
	struct job_limit *job_limit;
	struct preparation *preparation;
	struct workqueue *queue;
	struct strmap behind; /* keys that were due before the watches had brought their writes */
	struct executor executor;
	size_t running;
	int64_t scheduled_ms; /* the next reconcile_due(); INT64_MAX: none */
	api_id timer; /* of it */
	bool counted; /* Jobs that ran before this term have their places under the limit */
	promoter_idle_fn *idle; /* called once no plan runs any more; NULL: not stopped */
	void *idle_ctx;
	bool is_idle;
};

static void schedule(struct promoter *p);

static void show(size_t depth_now, size_t running_now, int64_t active_now)
{
	metric_set(metric_at(&depth), (int64_t)depth_now);
	metric_set(metric_at(&running), (int64_t)running_now);
	metric_set(metric_at(&active), active_now);
}

/* --- what makes an application due ------------------------------------------------------------ */

static void due(void *ctx, const char *key)
{
	struct promoter *p = ctx;

	workqueue_add(p->queue, key);
}

/* While it could start and does not, it holds up others: a backoff ends. */
static void has_turn(void *ctx, const char *key)
{
	struct promoter *p = ctx;

	workqueue_wake(p->queue, key);
}

static void app_due(void *ctx, const char *key, void *app)
{
	(void)app;
	due(ctx, key);
}

static void apps_changed(void *ctx, const char *key, bool version)
{
	struct promoter *p = ctx;

	if (key && version)
		workqueue_wake(p->queue, key); /* a person may have annotated it, and waits */
	else if (key)
		due(p, key);
	else
		apps_walk(p->apps, app_due, p);
	schedule(p);
}

struct definitions_changed {
	struct promoter *p;
	const char *ns;
};

static void due_if_it_waits(void *ctx, const char *key, void *value)
{
	const struct definitions_changed *change = ctx;
	struct app *app = value;
	size_t len = change->ns ? strlen(change->ns) : 0;
	bool paused;

	if (change->ns && (strncmp(key, change->ns, len) != 0 || key[len] != '/'))
		return;
	executor_memory_forget_refusals(&app->execution);
	paused = preparation_resume(&app->preparation);
	if (app->reconcile.wants_definitions || paused)
		workqueue_wake(change->p->queue, key);
}

static void due_if_caught_up(void *ctx, const char *key, void *value)
{
	struct promoter *p = ctx;
	const struct app *app = apps_find(p->apps, key);

	(void)value;
	if (!app || apps_caught_up(p->apps, app))
		due(p, key);
}

/* No watch need deliver the writes themselves: somebody else may have relabelled a Job. */
static void progressed(void *ctx)
{
	struct promoter *p = ctx;

	strmap_walk(&p->behind, due_if_caught_up, p);
	auditor_progressed(p->auditor);
	schedule(p);
}

static void definitions_changed(void *ctx, const char *ns)
{
	struct definitions_changed change = {ctx, ns};

	apps_walk(change.p->apps, due_if_it_waits, &change);
	auditor_due(change.p->auditor);
	schedule(change.p);
}

struct policies_changed {
	struct promoter *p;
	char *prefix; /* of keys; "": all */
	int64_t now_ms;
	size_t count;
};

/* A version may be refused no more, or a task be added. */
static void due_by_and_by(void *ctx, const char *key, void *app)
{
	struct policies_changed *change = ctx;

	(void)app;
	if (str_starts(key, change->prefix))
		workqueue_add_at(change->p->queue, key,
			change->now_ms + (int64_t)(change->count++ / APPS_PER_MS));
}

static void policies_changed(void *ctx, const char *ns, const char *app)
{
	struct promoter *p = ctx;
	CLEANUP(free_p) char *prefix = ns ? xasprintf("%s/%s", ns, app ? app : "") : xstrdup("");
	struct policies_changed change = {p, prefix, env_mono_ms(p->config.env), 0};

	if (app)
		workqueue_add(p->queue, prefix);
	else
		apps_walk(p->apps, due_by_and_by, &change);
	if (ns)
		auditor_due(p->auditor);
	else
		auditor_policies_changed(p->auditor);
	schedule(p);
}

static void config_changed(void *ctx)
{
	const struct promoter *p = ctx;

	auditor_due(p->auditor);
}

/* --- one application -------------------------------------------------------------------------- */

static bool may_wait(const struct plan_action *a)
{
	return a->kind == PLAN_RECORD && a->promotion == VIEW_NONE;
}

static bool has_waited(struct app *app, int64_t now)
{
	if (!app->reconcile.record_at_ms)
		app->reconcile.record_at_ms = now + RECORD_TOGETHER_MS;
	return now >= app->reconcile.record_at_ms;
}

/* Removes the records from the plan that wait for more outcomes. */
static void hold_records(struct promoter *p, struct app *app, struct plan *plan)
{
	int64_t now = env_mono_ms(p->config.env);
	size_t kept = 0;

	for (size_t i = 0; i < plan->nactions; i++)
		if (!may_wait(&plan->actions[i]) || has_waited(app, now))
			plan->actions[kept++] = plan->actions[i];
	if (kept == plan->nactions)
		app->reconcile.record_at_ms = 0;
	else
		workqueue_add_at(p->queue, app->key, app->reconcile.record_at_ms);
	plan->nactions = kept;
}

static void set_wake(struct promoter *p, const char *key, int64_t wake)
{
	if (wake > 0)
		workqueue_add_at(p->queue, key,
			env_mono_ms(p->config.env) + wake * 1000 - env_wall_ms(p->config.env));
}

/* Calls idle once, after the last plan was executed and the last Event was posted. */
static void stopped(void *ctx)
{
	struct promoter *p = ctx;

	if (!p->idle || p->is_idle || p->running > 0 || !reports_quiet(p->reports))
		return;
	p->is_idle = true;
	p->idle(p->idle_ctx);
}

/* Somebody else wrote, or deletes the version or its namespace. */
static bool is_no_trouble(const struct err *err)
{
	return err->kind == ERR_CONFLICT || err->kind == ERR_NOT_FOUND ||
	       err->kind == ERR_TERMINATING;
}

static void note_drop(const struct app *app, const struct err *err)
{
	metric_add(metric_at(&retries, err_kind_name(err->kind)), 1);
	log_event(is_no_trouble(err) ? LOG_DEBUG : LOG_WARN, "plan dropped, retrying",
		LOG_STR("application", app->key), LOG_ERR(err), LOG_END);
}

/* Ends the run of its key in the queue. */
static void requeue(struct promoter *p, struct app *app, const struct execute_result *result)
{
	const struct err *err = result->err;
	bool lost = err && (err->kind == ERR_IO || err->kind == ERR_TIMEOUT);

	if (result->annotate_later)
		workqueue_add_at(
			p->queue, app->key, env_mono_ms(p->config.env) + ANNOTATE_AGAIN_MS);
	if (result->again || result->create == EXECUTE_REFUSED) {
		workqueue_add(p->queue, app->key);
		workqueue_done(p->queue, app->key);
	} else if (err) {
		workqueue_retry(p->queue, app->key, env_mono_ms(p->config.env),
			env_random(p->config.env), lost ? AFTER_LOST_REPLY_MS : 0);
	} else if (result->wrote) {
		workqueue_succeeded(p->queue, app->key);
	} else {
		workqueue_done(p->queue, app->key);
	}
}

static void executed(void *ctx, struct app *app, const struct execute_result *result)
{
	struct promoter *p = ctx;
	const struct env *env = p->config.env;

	p->running--;
	if (result->err && result->commit == EXECUTE_NOT_COMMITTED)
		job_limit_give_back(p->job_limit, app->key, app_open_jobs(app));
	preparation_ended(p->preparation, &app->preparation, app->key, result, env_mono_ms(env),
		env_random(env));
	if (result->err && !result->again)
		note_drop(app, result->err);
	requeue(p, app, result);
	apps_unref(p->apps, app);
	schedule(p);
	stopped(p);
}

/* Retries refused Jobs when it is time to. */
static void retry_refused(struct promoter *p, struct app *app)
{
	if (app->execution.refused.count == 0 || app->execution.retrying)
		return;
	if (env_mono_ms(p->config.env) >= app->execution.refused_until_ms)
		app->execution.retrying = true;
	else
		workqueue_add_at(p->queue, app->key, app->execution.refused_until_ms);
}

/* Its Jobs were refused: it is planned again when the pause ends. */
static void resume(struct promoter *p, struct app *app)
{
	int64_t until = preparation_pause(&app->preparation, env_mono_ms(p->config.env));

	if (until > 0)
		workqueue_add_at(p->queue, app->key, until);
}

/* In a new term it is not known, so the deadline starts anew: better late than too early. */
static void show_undefined(const struct promoter *p, const struct app *app, struct snapshot *s)
{
	const struct env *env = p->config.env;
	int64_t for_ms = env_mono_ms(env) - app->reconcile.undefined_ms;

	for (size_t i = 0; i < s->view.nversions; i++)
		if (str_eq(s->view_versions[i].uid, app->reconcile.undefined_uid))
			s->view_versions[i].undefined_since = (env_wall_ms(env) - for_ms) / 1000;
}

/* It goes on while a Job is retried that may be refused again, and until its end is recorded. */
static const struct view_version *lacks_definitions(const struct app *app, const struct plan *plan)
{
	if (plan->wait.reason == PLAN_NO_DEFINITION)
		return plan->wait.version;
	for (size_t i = 0; i < plan->nactions; i++)
		if (plan->actions[i].reason == PLAN_DEADLINE)
			return plan->actions[i].version;
	return app->execution.refused.count ? plan->start.version : NULL;
}

static void note_undefined(struct promoter *p, struct app *app, const struct plan *plan)
{
	const struct view_version *v = lacks_definitions(app, plan);

	if (v && str_eq(v->uid, app->reconcile.undefined_uid))
		return;
	free(app->reconcile.undefined_uid);
	app->reconcile.undefined_uid = v ? xstrdup(v->uid) : NULL;
	app->reconcile.undefined_ms = env_mono_ms(p->config.env);
}

static void reconcile(struct promoter *p, struct app *app)
{
	struct snapshot *snapshot;
	struct plan plan_made = PLAN_INIT;
	uint64_t random = (uint64_t)env_random(p->config.env) << 32 | env_random(p->config.env);

	metric_add(metric_at(&reconciliations), 1);
	retry_refused(p, app);
	resume(p, app);
	snapshot =
		snapshot_new(app, p->cache, job_limit_limiter(p->job_limit), &p->config.snapshot);
	show_undefined(p, app, snapshot);
	snapshot->view.held = preparation_is_held(p->preparation, app->key);
	plan(&snapshot->view, env_wall_ms(p->config.env) / 1000, random, &plan_made);
	app->reconcile.wants_definitions = plan_made.wait.reason == PLAN_NO_DEFINITION;
	note_undefined(p, app, &plan_made);
	reports_planned(p->reports, &app->reports, &snapshot->view, &plan_made);
	preparation_planned(p->preparation, &app->preparation, app->key, &plan_made);
	job_limit_take(p->job_limit, app->key, app_open_jobs(app), &plan_made);
	set_wake(p, app->key, plan_made.wake);
	hold_records(p, app, &plan_made);
	apps_ref(app);
	p->running++;
	execute(&p->executor, app, snapshot, &plan_made, executed, p);
}

/* --- all that are due ------------------------------------------------------------------------- */

static bool may_reconcile(const struct promoter *p)
{
	return !p->idle && apps_consistent(p->apps) && cache_synced(p->cache);
}

static void count_open_jobs(void *ctx, const char *key, void *value)
{
	const struct promoter *p = ctx;
	struct app *app = value;

	job_limit_count(p->job_limit, key, app_open_jobs(app));
}

/* The application does not exist any more. */
static void forget(struct promoter *p, const char *key)
{
	job_limit_leave(p->job_limit, key);
	preparation_leave(p->preparation, key);
	workqueue_succeeded(p->queue, key);
}

static void reconcile_due(struct promoter *p)
{
	const char *key;

	if (!p->counted && may_reconcile(p)) {
		apps_walk(p->apps, count_open_jobs, p);
		p->counted = true;
	}
	while (may_reconcile(p) && p->config.may_act(p->config.may_act_ctx) &&
		(key = workqueue_take(p->queue, env_mono_ms(p->config.env)))) {
		struct app *app = apps_find(p->apps, key);

		if (app && !apps_caught_up(p->apps, app)) {
			strmap_put(&p->behind, key, NULL);
			workqueue_done(p->queue, key);
			continue;
		}
		(void)strmap_remove(&p->behind, key);
		if (app)
			reconcile(p, app);
		else
			forget(p, key);
	}
	show(workqueue_depth(p->queue), p->running, limiter_used(job_limit_limiter(p->job_limit)));
}

static void timer_fired(void *ctx, const struct api_response *response, const struct err *err)
{
	struct promoter *p = ctx;

	(void)response;
	if (err)
		return;
	p->scheduled_ms = INT64_MAX;
	reconcile_due(p);
	/* Otherwise the term is about to end, and nothing is due until then. */
	if (p->config.may_act(p->config.may_act_ctx))
		schedule(p);
}

/* Each change asks for a reconcile_due(), and one timer serves all changes before it. */
static void schedule(struct promoter *p)
{
	int64_t now = env_mono_ms(p->config.env), next = workqueue_next_ms(p->queue);

	if (next == INT64_MAX || !may_reconcile(p))
		return;
	if (next < now)
		next = now;
	if (next >= p->scheduled_ms)
		return;
	if (p->scheduled_ms != INT64_MAX)
		env_cancel(p->config.env, p->timer);
	p->scheduled_ms = next;
	p->timer = env_timer(p->config.env, (unsigned)(next - now < 3600000 ? next - now : 3600000),
		timer_fired, p);
}

/* --- the whole -------------------------------------------------------------------------------- */

struct promoter *promoter_new(const struct promoter_config *config)
{
	struct promoter *p = xcalloc(1, sizeof(*p));
	const struct cache_handler handler = {
		definitions_changed, policies_changed, config_changed, progressed, p};

	p->config = *config;
	p->scheduled_ms = INT64_MAX;
	p->queue = workqueue_new(MAX_RUNNING);
	p->job_limit = job_limit_new(
		config->max_running_jobs, config->max_running_jobs_per_namespace, has_turn, p);
	p->preparation = preparation_new(has_turn, p);
	p->reports = reports_new(config->env);
	p->apps = apps_new(config->env, apps_changed, progressed, p);
	p->cache = cache_new(config->env, config->keptn_namespace, &handler);
	p->auditor = auditor_new(&(struct auditor_config){
		config->env, p->cache, config->may_act, config->may_act_ctx});
	p->executor =
		(struct executor){.env = config->env, .cache = p->cache, .reports = p->reports};
	memcpy(p->executor.images, config->images, sizeof(p->executor.images));
	return p;
}

void promoter_stop(struct promoter *p, promoter_idle_fn *idle, void *ctx)
{
	p->idle = idle;
	p->idle_ctx = ctx;
	auditor_stop(p->auditor);
	reports_stop(p->reports, stopped, p);
	stopped(p);
}

void promoter_free(struct promoter *p)
{
	if (!p)
		return;
	show(0, 0, 0); /* the next leader shows them */
	apps_free(p->apps);
	auditor_free(p->auditor);
	cache_free(p->cache);
	reports_free(p->reports);
	workqueue_free(p->queue);
	strmap_release(&p->behind);
	job_limit_free(p->job_limit);
	preparation_free(p->preparation);
	free(p);
}

int promoter_ready(const struct promoter *p, struct buf *reasons)
{
	int apps = apps_ready(p->apps, reasons);
	int cache = cache_ready(p->cache, reasons);

	return apps < 0 || cache < 0 ? -1 : 0;
}
