#include "reconciler/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/str.h"
#include "promotion/event_text.h"
#include "reconciler/app_policy.h"
#include "reconciler/apps.h"

/* A version that waits no longer than this is not written to: the reason may pass at once. */
enum { EXPLAIN_AFTER_S = 2 };

/* Whether plan() may need the definitions of its tasks: it waits, or is retried. */
static bool may_start(const struct view_version *v)
{
	if (!v->delivered || view_absorbed(v) || view_active(v))
		return false;
	return v->nitems == 0 || v->retry > 0;
}

/* Whether plan() may enrol it. */
static bool may_join(const struct view_version *v)
{
	return v->delivered && !view_over(v) && !view_takes_part(v) && v->nitems == 0;
}

/* Whether a Job can be created for this task, and if not, why. */
static void check_task(const struct app *app, const struct app_policy *policy,
	struct view_task *task, struct buf *lacking)
{
	const char *ns = app_policy_namespace(policy, task->name);
	const char *refused = executor_memory_refusal(&app->execution, task->name);
	struct resolution r;
	struct err err = ERR_INIT;

	task->defined = !refused && cache_resolve(policy->cache, ns, task->name, &r, &err) == 0;
	if (!task->defined)
		(void)buf_addf(
			lacking, "%s%s", lacking->len ? "; " : "", refused ? refused : err.msg);
}

static void check_tasks(struct snapshot *s, const struct app *app, const struct app_policy *policy,
	struct view_version *v, struct view_task *tasks)
{
	CLEANUP(buf_release) struct buf lacking = BUF_INIT(EVENT_TEXT_MESSAGE_MAX / 2);

	for (size_t i = 0; i < v->ntasks; i++)
		check_task(app, policy, &tasks[i], &lacking);
	v->lacking = s->lacking[v - s->view_versions] = xstrdup(buf_str(&lacking));
}

/* Writes all tasks of a version that may start to *at, and checks each of them. */
static void show_tasks(struct snapshot *s, const struct app *app, const struct app_policy *policy,
	struct view_version *v, struct view_task **at)
{
	bool joins = may_join(v);
	size_t n;

	if (!joins && !may_start(v))
		return;
	n = version_tasks(v, &s->added, *at);
	if (n == 0)
		return;
	v->tasks = *at;
	v->ntasks = n;
	*at += n;
	if (!joins)
		check_tasks(s, app, policy, v, *at - n);
}

/* Room for all tasks of all versions that may start. */
static size_t count_tasks(const struct snapshot *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->view.nversions; i++) {
		const struct view_version *v = &s->view_versions[i];

		if (may_join(v) || may_start(v))
			n += v->ntasks + s->added.count + v->nitems;
	}
	return n;
}

static void show_all_tasks(
	struct snapshot *s, const struct app *app, const struct app_policy *policy)
{
	struct view_task *at = s->view_tasks = xcalloc(count_tasks(s), sizeof(*at));

	for (size_t i = 0; i < s->view.nversions; i++)
		show_tasks(s, app, policy, &s->view_versions[i], &at);
}

/* In a copy: what is reported while the plan is executed changes the memory. */
static void show_reports(struct snapshot *s, const struct report_memory *memory, size_t version)
{
	struct view_version *v = &s->view_versions[version];

	report_memory_show(memory, v);
	if (v->rejected)
		v->rejected = s->rejected[version] = xstrdup(v->rejected);
}

static void show_versions(struct snapshot *s, const struct app *app)
{
	size_t n = app->versions.count;

	s->versions = xcalloc(n, sizeof(struct appversion *));
	s->view_versions = xcalloc(n, sizeof(*s->view_versions));
	s->lacking = xcalloc(n, sizeof(char *));
	s->rejected = xcalloc(n, sizeof(char *));
	for (size_t i = 0; i < n; i++) {
		s->versions[i] = appversion_ref(app->versions.at[i]);
		s->view_versions[i] = s->versions[i]->view;
		show_reports(s, &app->reports, i);
		s->view_versions[i].create_refused =
			preparation_pauses(&app->preparation, s->view_versions[i].name);
	}
	view_rank(s->view_versions, n);
	s->view.versions = s->view_versions;
	s->view.nversions = n;
}

/* --- what a failed task means ------------------------------------------------------------------ */

/* Whether its phase has still to end. */
static bool runs(const struct view_version *v)
{
	return !v->foreign && (view_active(v) || v->promotion == VIEW_PROGRESSING);
}

static bool is_decided(const struct snapshot *s, const char *task)
{
	for (size_t i = 0; i < s->view.ndecisions; i++)
		if (str_eq(s->decisions[i].task, task))
			return true;
	return false;
}

static void decide(struct snapshot *s, const struct app_policy *policy, const char *task)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(LIMIT_DETAIL_BYTES);
	struct view_decision *d = &s->decisions[s->view.ndecisions];

	if (is_decided(s, task))
		return;
	d->task = task;
	d->on_failure = app_policy_on_failure(policy, task, &text);
	d->decided_by = s->decided_by[s->view.ndecisions++] = xstrdup(buf_str(&text));
}

static void show_decisions(struct snapshot *s, const struct app_policy *policy)
{
	size_t most = 0;

	for (size_t i = 0; i < s->view.nversions; i++)
		most += s->view_versions[i].ntasks + s->view_versions[i].nitems;
	s->decisions = xcalloc(most, sizeof(*s->decisions));
	s->decided_by = xcalloc(most, sizeof(char *));
	for (size_t i = 0; i < s->view.nversions; i++) {
		const struct view_version *v = &s->view_versions[i];

		for (size_t t = 0; may_start(v) && t < v->ntasks; t++)
			decide(s, policy, v->tasks[t].name);
		for (size_t t = 0; runs(v) && t < v->nitems; t++)
			decide(s, policy, v->items[t].task);
	}
	s->view.decisions = s->decisions;
}

/* --- what policies refuse --------------------------------------------------------------------- */

static void show_refusals(struct snapshot *s, const struct app_policy *policy)
{
	s->refused = xcalloc(s->view.nversions, sizeof(char *));
	for (size_t i = 0; i < s->view.nversions; i++) {
		struct view_version *v = &s->view_versions[i];

		if (may_start(v))
			v->refused = s->refused[i] =
				app_policy_refusal(policy, v->tasks, v->ntasks);
	}
}

/* --- what policies add ------------------------------------------------------------------------ */

static void show_added(struct snapshot *s, const struct app_policy *policy)
{
	struct added_task *added = decide_added(&policy->match, &s->added.count);

	for (size_t i = 0; i < s->added.count; i++)
		added[i].name = xstrdup(added[i].name);
	s->added.at = added;
}

static void release_added(struct snapshot *s)
{
	for (size_t i = 0; i < s->added.count; i++)
		free((char *)s->added.at[i].name);
	free((struct added_task *)s->added.at);
}

static void show_policy(struct snapshot *s, const struct app *app, const struct cache *cache)
{
	CLEANUP(app_policy_release) struct app_policy policy;

	app_policy_init(&policy, cache, s->namespace, s->app);
	show_added(s, &policy);
	show_all_tasks(s, app, &policy);
	show_decisions(s, &policy);
	show_refusals(s, &policy);
}

/* --- Jobs ------------------------------------------------------------------------------------- */

static void show_job(struct view_job *job, const struct executor_memory *memory)
{
	job->own = str_eq(strmap_get(&memory->own, job->name), job->uid);
	job->ready |= strmap_has(&memory->with_code, job->name);
}

static void show_jobs(struct snapshot *s, const struct app *app)
{
	size_t n = app->jobs.count;

	s->jobs = xcalloc(n, sizeof(struct promotion_job *));
	s->view_jobs = xcalloc(n, sizeof(*s->view_jobs));
	for (size_t i = 0; i < n; i++) {
		s->jobs[i] = promotion_job_ref(app->jobs.at[i]);
		s->view_jobs[i] = s->jobs[i]->view;
		show_job(&s->view_jobs[i], &app->execution);
	}
	s->view.jobs = s->view_jobs;
	s->view.njobs = n;
}

static void show_gone(void *ctx, const char *key, void *value)
{
	struct snapshot *s = ctx;

	(void)value;
	s->gone[s->view.ngone++] = key;
}

struct snapshot *snapshot_new(const struct app *app, const struct cache *cache,
	const struct limiter *limiter, const struct snapshot_config *config)
{
	struct snapshot *s = xcalloc(1, sizeof(*s));
	const char *slash = strchr(app->key, '/');
	struct limiter_answer answer;

	s->namespace = xstrndup(app->key, (size_t)(slash - app->key));
	s->app = xstrdup(slash + 1);
	show_versions(s, app);
	show_policy(s, app, cache);
	show_jobs(s, app);
	s->gone = xcalloc(app->execution.gone.count, sizeof(*s->gone));
	strmap_walk(&app->execution.gone, show_gone, s);
	s->view.gone = s->gone;
	answer = limiter_ask(limiter, app->key, s->namespace);
	s->view.room = answer.room;
	s->view.idle = answer.idle;
	s->view.term = config->term;
	s->view.claim = app->execution.claim;
	s->view.since = config->since;
	s->view.max_age = config->max_age;
	s->view.deadline = config->deadline;
	s->view.namespace = s->namespace;
	s->view.explain_after = EXPLAIN_AFTER_S;
	return s;
}

void snapshot_free(struct snapshot *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->view.nversions; i++) {
		free(s->lacking[i]);
		free(s->rejected[i]);
		free(s->refused[i]);
		appversion_unref(s->versions[i]);
	}
	for (size_t i = 0; i < s->view.njobs; i++)
		promotion_job_unref(s->jobs[i]);
	free(s->versions);
	free(s->jobs);
	free(s->view_versions);
	free(s->view_jobs);
	free(s->view_tasks);
	release_added(s);
	for (size_t i = 0; i < s->view.ndecisions; i++)
		free(s->decided_by[i]);
	free(s->decisions);
	free(s->decided_by);
	free(s->gone);
	free(s->namespace);
	free(s->app);
	free(s->lacking);
	free(s->rejected);
	free(s->refused);
	free(s);
}

const struct appversion *snapshot_version(const struct snapshot *s, const struct view_version *v)
{
	return s->versions[v - s->view_versions];
}

const struct promotion_job *snapshot_job(const struct snapshot *s, const struct view_job *job)
{
	return s->jobs[job - s->view_jobs];
}
