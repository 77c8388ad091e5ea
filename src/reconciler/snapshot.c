#include "reconciler/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

/* Whether plan() may ask for the definitions of its tasks: it waits, or is to be tried again. */
static bool may_start(const struct seen_version *v)
{
	if (!v->delivered || seen_absorbed(v) || seen_active(v))
		return false;
	return v->nitems == 0 || v->retry > 0;
}

/* "" if a Job can be made for this task, or why not. */
static void judge_task(
	struct sight *s, const struct app *app, const struct basis *basis, struct seen_task *task)
{
	CLEANUP(chain_release) struct chain chain = {.count = 0};
	const char *refused = strmap_get(&app->refused, task->name);
	struct err err = ERR_INIT;

	task->defined = !refused && basis_chain(basis, s->namespace, task->name, &chain, &err) == 0;
	if (!task->defined)
		strmap_put(&s->lacking, task->name, xstrdup(refused ? refused : err.msg));
}

/* Copies the tasks of a version that may start to *at, and says of each whether it can. */
static void show_tasks(struct sight *s, const struct app *app, const struct basis *basis,
	struct seen_version *v, struct seen_task **at)
{
	if (v->ntasks == 0 || !may_start(v))
		return;
	memcpy(*at, v->tasks, v->ntasks * sizeof(**at));
	for (size_t i = 0; i < v->ntasks; i++)
		judge_task(s, app, basis, &(*at)[i]);
	v->tasks = *at;
	*at += v->ntasks;
}

static void show_versions(struct sight *s, const struct app *app, const struct basis *basis)
{
	size_t n = 0, ntasks = 0;
	struct seen_task *at;

	s->versions = xcalloc(app->nversions, sizeof(struct appversion *));
	s->seen_versions = xcalloc(app->nversions, sizeof(*s->seen_versions));
	for (const struct kept *k = app->versions; k; k = k->next, n++) {
		s->versions[n] = appversion_keep(k->version);
		s->seen_versions[n] = k->version->seen;
		s->seen_versions[n].on_failure = s->on_failure.value;
		ntasks += k->version->seen.ntasks;
	}
	at = s->seen_tasks = xcalloc(ntasks, sizeof(*at));
	for (size_t i = 0; i < n; i++)
		show_tasks(s, app, basis, &s->seen_versions[i], &at);
	s->seen.versions = s->seen_versions;
	s->seen.nversions = n;
}

static void show_jobs(struct sight *s, const struct app *app)
{
	size_t n = 0;

	s->jobs = xcalloc(app->njobs, sizeof(struct ownjob *));
	s->seen_jobs = xcalloc(app->njobs, sizeof(*s->seen_jobs));
	for (const struct kept *k = app->jobs; k; k = k->next, n++) {
		s->jobs[n] = ownjob_keep(k->job);
		s->seen_jobs[n] = k->job->seen;
		s->seen_jobs[n].ready |= strmap_has(&app->with_code, k->job->seen.name);
	}
	s->seen.jobs = s->seen_jobs;
	s->seen.njobs = n;
}

static void show_gone(void *ctx, const char *key, void *value)
{
	struct sight *s = ctx;

	(void)value;
	s->gone[s->seen.ngone++] = key;
}

struct sight *sight_new(const struct app *app, const struct basis *basis, const struct room *room,
	const struct sight_config *config)
{
	struct sight *s = xcalloc(1, sizeof(*s));
	const char *slash = strchr(app->key, '/');
	struct room_answer answer;

	s->lacking = (struct strmap)STRMAP_INIT(free);
	s->namespace = xstrndup(app->key, (size_t)(slash - app->key));
	s->app = xstrdup(slash + 1);
	s->on_failure = basis_on_failure(basis, s->namespace, s->app);
	show_versions(s, app, basis);
	show_jobs(s, app);
	s->gone = xcalloc(app->gone.count, sizeof(*s->gone));
	strmap_walk(&app->gone, show_gone, s);
	s->seen.gone = s->gone;
	answer = room_ask(room, app->key, s->namespace);
	s->seen.room = answer.room;
	s->seen.idle = answer.idle;
	s->seen.since = config->since;
	s->seen.max_age = config->max_age;
	s->seen.deadline = config->deadline;
	return s;
}

void sight_free(struct sight *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->seen.nversions; i++)
		appversion_drop(s->versions[i]);
	for (size_t i = 0; i < s->seen.njobs; i++)
		ownjob_drop(s->jobs[i]);
	free(s->versions);
	free(s->jobs);
	free(s->seen_versions);
	free(s->seen_jobs);
	free(s->seen_tasks);
	free(s->gone);
	free(s->namespace);
	free(s->app);
	strmap_release(&s->lacking);
	free(s);
}

const struct appversion *sight_version(const struct sight *s, const struct seen_version *v)
{
	return s->versions[v - s->seen_versions];
}

const struct ownjob *sight_job(const struct sight *s, const struct seen_job *job)
{
	return s->jobs[job - s->seen_jobs];
}

unsigned sight_needed(const struct seen_version *v)
{
	unsigned n = 0;

	for (size_t i = 0; i < v->ntasks; i++) {
		const struct seen_item *item = seen_item(v, v->tasks[i].name);

		n += !item || item->state != SEEN_SUCCEEDED;
	}
	return n;
}
