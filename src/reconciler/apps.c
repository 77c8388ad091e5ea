#include "reconciler/apps.h"

#include <stdlib.h>

#include "base/str.h"
#include "controller/informer.h"
#include "job/meta.h"
#include "keptn/appcontext.h"

static const struct url versions_kind = {
	.group = KEPTN_GROUP, .version = "v1", .resource = "keptnappversions"};
static const struct url jobs_kind = {.group = "batch", .version = "v1", .resource = "jobs"};

/* All objects of one kind, by "namespace/name". */
struct shelf {
	struct strmap by_name; /* to struct kept */
	unsigned round; /* of the last list */
	bool listing;
};

struct apps {
	apps_changed_fn *changed;
	apps_progressed_fn *progressed;
	void *ctx;
	struct informer *versions_informer, *jobs_informer;
	struct strmap by_key; /* to struct app */
	struct shelf versions, jobs;
};

static void app_free(void *value)
{
	struct app *app = value;

	strmap_release(&app->gone);
	strmap_release(&app->with_code);
	strmap_release(&app->refused);
	strmap_release(&app->told);
	free(app->key);
	free(app);
}

static struct app *app_make(struct apps *a, const char *ns, const char *name)
{
	CLEANUP(free_p) char *key = xasprintf("%s/%s", ns, name);
	struct app *app = strmap_get(&a->by_key, key);

	if (app)
		return app;
	app = xcalloc(1, sizeof(*app));
	app->key = STEAL(key);
	app->refused.free_value = app->told.free_value = free;
	strmap_put(&a->by_key, app->key, app);
	return app;
}

static void app_free_if_empty(struct apps *a, struct app *app)
{
	if (!app->held && !app->versions && !app->jobs)
		(void)strmap_remove(&a->by_key, app->key);
}

/* --- one object ------------------------------------------------------------------------------- */

static void kept_link(struct kept *k)
{
	struct kept **list = k->version ? &k->app->versions : &k->app->jobs;

	k->next = *list;
	*list = k;
	if (k->version)
		k->app->nversions++;
	else
		k->app->njobs++;
}

static void kept_unlink(struct kept *k)
{
	struct kept **at = k->version ? &k->app->versions : &k->app->jobs;

	while (*at != k)
		at = &(*at)->next;
	*at = k->next;
	if (k->version)
		k->app->nversions--;
	else
		k->app->njobs--;
}

/* What was remembered of it. */
static void forget(struct app *app, const struct kept *k)
{
	if (k->version)
		strmap_clear(&app->told);
	else
		(void)strmap_remove(&app->with_code, k->job->view.name);
}

static void shelf_remove(struct apps *a, struct shelf *s, const char *key)
{
	struct kept *k = strmap_get(&s->by_name, key);
	struct app *app = k ? k->app : NULL;

	if (!k)
		return;
	kept_unlink(k);
	forget(app, k);
	appversion_unref(k->version);
	promotion_job_unref(k->job);
	(void)strmap_remove(&s->by_name, key);
	free(k);
	a->changed(a->ctx, app->key, s == &a->versions);
	app_free_if_empty(a, app);
}

/* Takes one of the two, or neither: then the object is nothing that concerns us. */
static void shelf_set(struct apps *a, struct shelf *s, const char *key, struct app *app,
	struct appversion *version_take, struct promotion_job *job_take)
{
	struct kept *k = strmap_get(&s->by_name, key);

	if (k && k->app != app) {
		shelf_remove(a, s, key);
		k = NULL;
	}
	if (!app)
		return;
	if (k) {
		appversion_unref(k->version);
		promotion_job_unref(k->job);
		k->version = version_take;
		k->job = job_take;
	} else {
		k = xcalloc(1, sizeof(*k));
		*k = (struct kept){.app = app, .version = version_take, .job = job_take};
		kept_link(k);
		strmap_put(&s->by_name, key, k);
	}
	k->round = s->round;
	a->changed(a->ctx, app->key, s == &a->versions);
}

/* --- lists ------------------------------------------------------------------------------------ */

static void shelf_list_begin(struct shelf *s)
{
	s->round++;
	s->listing = true;
}

struct sweep {
	unsigned round;
	char **keys;
	size_t count;
};

static void find_unseen(void *ctx, const char *key, void *value)
{
	struct sweep *sweep = ctx;
	const struct kept *k = value;

	if (k->round == sweep->round)
		return;
	sweep->keys = xreallocarray(sweep->keys, sweep->count + 1, sizeof(*sweep->keys));
	sweep->keys[sweep->count++] = xstrdup(key);
}

/* What was not in the list does not exist. */
static void shelf_list_end(struct apps *a, struct shelf *s)
{
	struct sweep sweep = {.round = s->round};

	strmap_walk(&s->by_name, find_unseen, &sweep);
	for (size_t i = 0; i < sweep.count; i++) {
		shelf_remove(a, s, sweep.keys[i]);
		free(sweep.keys[i]);
	}
	free(sweep.keys);
	s->listing = false;
	a->changed(a->ctx, NULL, false);
}

/* --- what the informers call ------------------------------------------------------------------ */

static void count(const struct url *kind, const struct shelf *s)
{
	informer_show_objects(kind->resource, s->by_name.count);
}

static void versions_begin(void *ctx)
{
	struct apps *a = ctx;

	shelf_list_begin(&a->versions);
}

static void versions_end(void *ctx)
{
	struct apps *a = ctx;

	shelf_list_end(a, &a->versions);
	count(&versions_kind, &a->versions);
}

static void versions_set(void *ctx, const char *ns, const char *name, const struct json *object)
{
	CLEANUP(free_p) char *key = xasprintf("%s/%s", ns, name);
	struct appversion *v = appversion_decode(object);
	struct apps *a = ctx;

	shelf_set(a, &a->versions, key, v ? app_make(a, ns, v->app) : NULL, v, NULL);
	count(&versions_kind, &a->versions);
}

static void versions_gone(void *ctx, const char *ns, const char *name)
{
	CLEANUP(free_p) char *key = xasprintf("%s/%s", ns, name);
	struct apps *a = ctx;

	shelf_remove(a, &a->versions, key);
	count(&versions_kind, &a->versions);
}

static void jobs_begin(void *ctx)
{
	struct apps *a = ctx;

	shelf_list_begin(&a->jobs);
}

static void jobs_end(void *ctx)
{
	struct apps *a = ctx;

	shelf_list_end(a, &a->jobs);
	count(&jobs_kind, &a->jobs);
}

static void jobs_set(void *ctx, const char *ns, const char *name, const struct json *object)
{
	CLEANUP(free_p) char *key = xasprintf("%s/%s", ns, name);
	struct promotion_job *j = promotion_job_decode(object);
	struct apps *a = ctx;

	shelf_set(a, &a->jobs, key, j ? app_make(a, ns, j->app) : NULL, NULL, j);
	count(&jobs_kind, &a->jobs);
}

static void jobs_gone(void *ctx, const char *ns, const char *name)
{
	CLEANUP(free_p) char *key = xasprintf("%s/%s", ns, name);
	struct apps *a = ctx;

	shelf_remove(a, &a->jobs, key);
	count(&jobs_kind, &a->jobs);
}

static void progressed(void *ctx)
{
	const struct apps *a = ctx;

	a->progressed(a->ctx);
}

/* --- the whole -------------------------------------------------------------------------------- */

struct apps *apps_new(
	const struct env *env, apps_changed_fn *changed, apps_progressed_fn *moved, void *ctx)
{
	struct apps *a = xcalloc(1, sizeof(*a));
	const struct informer_handler versions = {.list_begin = versions_begin,
		.list_end = versions_end,
		.set = versions_set,
		.remove = versions_gone,
		.progressed = progressed,
		.ctx = a};
	const struct informer_handler jobs = {.list_begin = jobs_begin,
		.list_end = jobs_end,
		.set = jobs_set,
		.remove = jobs_gone,
		.progressed = progressed,
		.ctx = a};

	a->changed = changed;
	a->progressed = moved;
	a->ctx = ctx;
	a->by_key.free_value = app_free;
	a->versions_informer = informer_new(env, &versions_kind, NULL, &versions);
	a->jobs_informer = informer_new(env, &jobs_kind, JOB_MANAGED_BY "=" JOB_MANAGER, &jobs);
	return a;
}

static void kept_free(void *ctx, const char *key, void *value)
{
	struct kept *k = value;

	(void)ctx;
	(void)key;
	appversion_unref(k->version);
	promotion_job_unref(k->job);
	free(k);
}

void apps_free(struct apps *a)
{
	if (!a)
		return;
	informer_free(a->versions_informer);
	informer_free(a->jobs_informer);
	strmap_walk(&a->versions.by_name, kept_free, NULL);
	strmap_walk(&a->jobs.by_name, kept_free, NULL);
	strmap_release(&a->versions.by_name);
	strmap_release(&a->jobs.by_name);
	strmap_release(&a->by_key);
	free(a);
}

struct app *apps_find(const struct apps *a, const char *key)
{
	return strmap_get(&a->by_key, key);
}

void apps_ref(struct app *app)
{
	app->held = true;
}

void apps_unref(struct apps *a, struct app *app)
{
	app->held = false;
	app_free_if_empty(a, app);
}

bool apps_consistent(const struct apps *a)
{
	return informer_synced(a->versions_informer) && informer_synced(a->jobs_informer) &&
	       !a->versions.listing;
}

bool apps_caught_up(const struct apps *a, const struct app *app)
{
	return app->awaited_version <= informer_progress(a->versions_informer) &&
	       app->awaited_job <= informer_progress(a->jobs_informer);
}

struct walk {
	apps_visit_fn *visit;
	void *ctx;
};

static void visit_app(void *ctx, const char *key, void *value)
{
	const struct walk *walk = ctx;

	(void)key;
	walk->visit(walk->ctx, value);
}

void apps_walk(const struct apps *a, apps_visit_fn *visit, void *ctx)
{
	struct walk walk = {visit, ctx};

	strmap_walk(&a->by_key, visit_app, &walk);
}

int apps_ready(const struct apps *a, struct buf *reasons)
{
	int versions = informer_ready(a->versions_informer, reasons);
	int jobs = informer_ready(a->jobs_informer, reasons);

	return versions < 0 || jobs < 0 ? -1 : 0;
}
