#include "reconciler/promoter.h"

#include <stdlib.h>
#include <string.h>

#include "kube/workqueue.h"
#include "reconciler/apps.h"
#include "reconciler/cache.h"
#include "reconciler/execute.h"
#include "reconciler/job_limit.h"
#include "reconciler/reports.h"
#include "run/log.h"
#include "run/metrics.h"

METRIC_GAUGE(depth, "promogate_workqueue_depth", "Applications that are due to be judged.");
METRIC_GAUGE(
	running, "promogate_workqueue_running", "Applications whose plan is being carried out.");
METRIC_COUNTER(judgements, "promogate_judgements_total", "Times that an application was judged.");
METRIC_COUNTER(retries, "promogate_workqueue_retries_total",
	"Plans that were dropped halfway, by why; the application is judged again.", "reason");

enum {
	/* Plans that are carried out at once. Each has at most a few calls in flight. */
	MAX_RUNNING = 32,
	/*
	 * How long an outcome that is not the last of its version waits for others, to be recorded
	 * in one write with them. Nothing is lost meanwhile: a Job may expire once it is recorded.
	 */
	RECORD_TOGETHER_MS = 50,
	/*
	 * How long after a reply that was lost: long enough for the watches to bring what came of
	 * it.
	 */
	AFTER_LOST_REPLY_MS = 1000,
};

struct promoter {
	struct promoter_config config;
	struct cache *cache;
	struct apps *apps;
	struct reports *reports;
	struct job_limit *job_limit;
	struct workqueue *queue;
	struct executor executor;
	size_t running;
	int64_t turn_at; /* when the next turn is due; INT64_MAX: none is */
	api_id turn_timer; /* … and its timer */
	bool counted; /* what ran before this term has its place under the cap */
	promoter_idle_fn *idle; /* called once nothing runs any more; NULL: not stopped */
	void *idle_ctx;
	bool told_idle;
};

static void set_turn(struct promoter *p);

/* --- what makes an application due ------------------------------------------------------------ */

static void due(void *ctx, const char *key)
{
	struct promoter *p = ctx;

	workqueue_add(p->queue, key);
}

static void app_due(void *ctx, struct app *app)
{
	due(ctx, app->key);
}

static void apps_changed(void *ctx, const char *key, bool version)
{
	struct promoter *p = ctx;

	if (key && version)
		workqueue_wake(p->queue, key); /* maybe a person did it, and looks on */
	else if (key)
		due(p, key);
	else
		apps_walk(p->apps, app_due, p);
	set_turn(p);
}

struct definitions_changed {
	struct promoter *p;
	const char *ns;
};

static void due_if_it_waits(void *ctx, struct app *app)
{
	const struct definitions_changed *change = ctx;
	size_t len = change->ns ? strlen(change->ns) : 0;

	if (change->ns && (strncmp(app->key, change->ns, len) != 0 || app->key[len] != '/'))
		return;
	strmap_clear(&app->refused);
	if (app->wants_definitions)
		workqueue_wake(change->p->queue, app->key);
}

static void progressed(void *ctx)
{
	set_turn(ctx);
}

static void definitions_changed(void *ctx, const char *ns)
{
	struct definitions_changed change = {ctx, ns};

	apps_walk(change.p->apps, due_if_it_waits, &change);
	set_turn(change.p);
}

/* --- judging ---------------------------------------------------------------------------------- */

static bool may_wait(const struct plan_action *a)
{
	return a->kind == PLAN_RECORD && a->promotion == VIEW_NONE;
}

static bool has_waited(struct app *app, int64_t now)
{
	if (!app->record_at_ms)
		app->record_at_ms = now + RECORD_TOGETHER_MS;
	return now >= app->record_at_ms;
}

/* Takes the records out of the plan that are to wait for others. */
static void hold_records(struct promoter *p, struct app *app, struct plan *plan)
{
	int64_t now = env_mono_ms(p->config.env);
	size_t kept = 0;

	for (size_t i = 0; i < plan->nactions; i++)
		if (!may_wait(&plan->actions[i]) || has_waited(app, now))
			plan->actions[kept++] = plan->actions[i];
	if (kept == plan->nactions)
		app->record_at_ms = 0;
	else
		workqueue_add_at(p->queue, app->key, app->record_at_ms);
	plan->nactions = kept;
}

static void set_wake(struct promoter *p, const char *key, int64_t wake)
{
	if (wake > 0)
		workqueue_add_at(p->queue, key,
			env_mono_ms(p->config.env) + wake * 1000 - env_wall_ms(p->config.env));
}

/* Once, when the last plan was carried out and the last Event was posted. */
static void stopped(void *ctx)
{
	struct promoter *p = ctx;

	if (!p->idle || p->told_idle || p->running > 0 || !reports_quiet(p->reports))
		return;
	p->told_idle = true;
	p->idle(p->idle_ctx);
}

static void executed(void *ctx, struct app *app, bool again, const struct err *err)
{
	struct promoter *p = ctx;
	bool lost = err && (err->kind == ERR_IO || err->kind == ERR_TIMEOUT);

	p->running--;
	if (err && !lost)
		job_limit_give_back(p->job_limit, app);
	if (again)
		workqueue_add(p->queue, app->key);
	if (err && !again) {
		metric_add(metric_at(&retries, err_kind_name(err->kind)), 1);
		log_event(err->kind == ERR_CONFLICT ? LOG_DEBUG : LOG_WARN, "judging again",
			LOG_STR("application", app->key), LOG_ERR(err), LOG_END);
		workqueue_retry(p->queue, app->key, env_mono_ms(p->config.env),
			env_random(p->config.env), lost ? AFTER_LOST_REPLY_MS : 0);
	} else {
		workqueue_done(p->queue, app->key);
	}
	apps_unref(p->apps, app);
	set_turn(p);
	stopped(p);
}

/* From when on a version that is to start was seen, for the metric. */
static void note_delivery(struct app *app, const struct snapshot *s, int64_t now_ms)
{
	for (size_t i = 0; i < s->view.nversions; i++) {
		if (!view_waits(&s->view, &s->view.versions[i]))
			continue;
		if (!app->delivered_ms)
			app->delivered_ms = now_ms;
		return;
	}
}

/* What was refused is tried again by and by. */
static void forget_refusals(struct promoter *p, struct app *app)
{
	if (app->refused.count == 0)
		return;
	if (env_mono_ms(p->config.env) >= app->refused_until_ms)
		strmap_clear(&app->refused);
	else
		workqueue_add_at(p->queue, app->key, app->refused_until_ms);
}

static void judge(struct promoter *p, struct app *app)
{
	struct snapshot *snapshot;
	struct plan plan_made = PLAN_INIT;
	uint64_t random = (uint64_t)env_random(p->config.env) << 32 | env_random(p->config.env);

	metric_add(metric_at(&judgements), 1);
	forget_refusals(p, app);
	snapshot =
		snapshot_new(app, p->cache, job_limit_limiter(p->job_limit), &p->config.snapshot);
	plan(&snapshot->view, env_wall_ms(p->config.env) / 1000, random, &plan_made);
	app->wants_definitions = plan_made.wait.reason == PLAN_NO_DEFINITION;
	note_delivery(app, snapshot, env_mono_ms(p->config.env));
	job_limit_take(p->job_limit, app, snapshot, &plan_made);
	set_wake(p, app->key, plan_made.wake);
	hold_records(p, app, &plan_made);
	apps_ref(app);
	p->running++;
	execute(&p->executor, app, snapshot, &plan_made, executed, p);
}

/* --- turns ------------------------------------------------------------------------------------ */

static bool may_judge(const struct promoter *p)
{
	return !p->idle && p->running < MAX_RUNNING && apps_consistent(p->apps) &&
	       cache_synced(p->cache);
}

static void turn(struct promoter *p)
{
	const char *key;

	if (!p->counted && may_judge(p)) {
		apps_walk(p->apps, job_limit_count, p->job_limit);
		p->counted = true;
	}
	while (may_judge(p) && p->config.may_act(p->config.may_act_ctx) &&
		(key = workqueue_take(p->queue, env_mono_ms(p->config.env)))) {
		struct app *app = apps_find(p->apps, key);

		if (app && apps_caught_up(p->apps, app)) {
			judge(p, app);
			continue;
		}
		if (!app)
			job_limit_leave(p->job_limit, key);
		workqueue_done(p->queue, key);
	}
	metric_set(metric_at(&depth), (int64_t)workqueue_depth(p->queue));
	metric_set(metric_at(&running), (int64_t)p->running);
}

static void turn_now(void *ctx, const struct api_response *response, const struct err *err)
{
	struct promoter *p = ctx;

	(void)response;
	if (err)
		return;
	p->turn_at = INT64_MAX;
	turn(p);
	/* The term ends in a moment; until then nothing is due. */
	if (p->config.may_act(p->config.may_act_ctx))
		set_turn(p);
}

/* Each change asks for a turn; one that is asked for serves all that came before it. */
static void set_turn(struct promoter *p)
{
	int64_t now = env_mono_ms(p->config.env), next = workqueue_next_ms(p->queue);

	if (next == INT64_MAX || !may_judge(p))
		return;
	if (next < now)
		next = now;
	if (next >= p->turn_at)
		return;
	if (p->turn_at != INT64_MAX)
		env_cancel(p->config.env, p->turn_timer);
	p->turn_at = next;
	p->turn_timer = env_timer(p->config.env,
		(unsigned)(next - now < 3600000 ? next - now : 3600000), turn_now, p);
}

/* --- the whole -------------------------------------------------------------------------------- */

struct promoter *promoter_new(const struct promoter_config *config)
{
	struct promoter *p = xcalloc(1, sizeof(*p));

	p->config = *config;
	p->turn_at = INT64_MAX;
	p->queue = workqueue_new();
	p->job_limit = job_limit_new(
		config->max_running_jobs, config->max_running_jobs_per_namespace, due, p);
	p->reports = reports_new(config->env);
	p->apps = apps_new(config->env, apps_changed, progressed, p);
	p->cache =
		cache_new(config->env, config->keptn_namespace, definitions_changed, progressed, p);
	p->executor =
		(struct executor){.env = config->env, .cache = p->cache, .reports = p->reports};
	memcpy(p->executor.images, config->images, sizeof(p->executor.images));
	return p;
}

void promoter_stop(struct promoter *p, promoter_idle_fn *idle, void *ctx)
{
	p->idle = idle;
	p->idle_ctx = ctx;
	reports_when_quiet(p->reports, stopped, p);
	stopped(p);
}

void promoter_free(struct promoter *p)
{
	if (!p)
		return;
	apps_free(p->apps);
	cache_free(p->cache);
	reports_free(p->reports);
	workqueue_free(p->queue);
	job_limit_free(p->job_limit);
	free(p);
}

int promoter_ready(const struct promoter *p, struct buf *reasons)
{
	int apps = apps_ready(p->apps, reasons);
	int cache = cache_ready(p->cache, reasons);

	return apps < 0 || cache < 0 ? -1 : 0;
}
