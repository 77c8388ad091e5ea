#include "reconciler/apps.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "controller/store.h"
#include "job/meta.h"
#include "keptn/appcontext.h"

static const struct url versions_kind = {
	.group = KEPTN_GROUP, .version = "v1", .resource = "keptnappversions"};
static const struct url jobs_kind = {.group = "batch", .version = "v1", .resource = "jobs"};

struct apps {
	apps_changed_fn *changed;
	void *ctx;
	struct store versions, jobs; /* of struct appversion and struct promotion_job */
	struct strmap by_key; /* to struct app */
};

static void app_free(void *value)
{
	struct app *app = value;

	free(app->versions.at);
	free(app->jobs.at);
	executor_memory_release(&app->execution);
	preparation_state_release(&app->preparation);
	report_memory_release(&app->reports);
	promoter_state_release(&app->reconcile);
	free(app->key);
	free(app);
}

/* The application of this name in the object's namespace; created if it does not exist. */
static struct app *app_of(struct apps *a, const char *object, const char *name)
{
	CLEANUP(free_p) char *key = xasprintf("%.*s/%s", (int)strcspn(object, "/"), object, name);
	struct app *app = strmap_get(&a->by_key, key);

	if (app)
		return app;
	app = xcalloc(1, sizeof(*app));
	app->key = STEAL(key);
	executor_memory_init(&app->execution);
	report_memory_init(&app->reports);
	strmap_put(&a->by_key, app->key, app);
	return app;
}

static void app_free_if_empty(struct apps *a, struct app *app)
{
	if (!app->referenced && app->versions.count == 0 && app->jobs.count == 0)
		(void)strmap_remove(&a->by_key, app->key);
}

/* --- an object of an application -------------------------------------------------------------- */

static void objects_add(struct app_objects *o, void *object)
{
	if ((o->count & (o->count - 1)) == 0) /* 0, or a power of two: it is full */
		o->at = xreallocarray(o->at, o->count ? 2 * o->count : 1, sizeof(*o->at));
	o->at[o->count++] = object;
}

static void objects_replace(struct app_objects *o, const void *old, void *now)
{
	size_t i = 0;

	while (o->at[i] != old)
		i++;
	o->at[i] = now ? now : o->at[--o->count];
}

static const char *app_name(bool version, const void *object)
{
	return version ? ((const struct appversion *)object)->app
		       : ((const struct promotion_job *)object)->app;
}

/* A version or a Job has changed; maybe it belongs to another application than before. */
static void object_changed(struct apps *a, bool version, const char *key, void *old, void *now)
{
	struct app *before = old ? app_of(a, key, app_name(version, old)) : NULL;
	struct app *after = now ? app_of(a, key, app_name(version, now)) : NULL;

	if (before)
		objects_replace(version ? &before->versions : &before->jobs, old,
			before == after ? now : NULL);
	if (after && before != after)
		objects_add(version ? &after->versions : &after->jobs, now);
	if (after)
		a->changed(a->ctx, after->key, version);
	if (!before || before == after)
		return;
	if (version)
		report_memory_forget(&before->reports, strchr(key, '/') + 1);
	else
		executor_memory_forget_job(&before->execution, strchr(key, '/') + 1);
	a->changed(a->ctx, before->key, version);
	app_free_if_empty(a, before);
}

static void *version_decode(void *ctx, const struct json *object)
{
	(void)ctx;
	return appversion_decode(object);
}

static void version_free(void *v)
{
	appversion_unref(v);
}

static bool version_same(const void *v, const struct json *object)
{
	return str_eq(((const struct appversion *)v)->view.resource_version,
		json_string(json_at(object, "metadata", "resourceVersion")));
}

static void version_changed(void *ctx, const char *key, void *old, void *now)
{
	object_changed(ctx, true, key, old, now);
}

static void *job_decode(void *ctx, const struct json *object)
{
	(void)ctx;
	return promotion_job_decode(object);
}

static void job_free(void *j)
{
	promotion_job_unref(j);
}

static void job_changed(void *ctx, const char *key, void *old, void *now)
{
	object_changed(ctx, false, key, old, now);
}

static void listed(void *ctx)
{
	const struct apps *a = ctx;

	a->changed(a->ctx, NULL, false);
}

/* --- the whole -------------------------------------------------------------------------------- */

struct apps *apps_new(
	const struct env *env, apps_changed_fn *changed, apps_progressed_fn *progressed, void *ctx)
{
	struct apps *a = xcalloc(1, sizeof(*a));
	const struct store_config versions = {.env = env,
		.kind = &versions_kind,
		.decode = version_decode,
		.free_value = version_free,
		.same = version_same,
		.changed = version_changed,
		.listed = listed,
		.ctx = a,
		.progressed = progressed,
		.progressed_ctx = ctx};
	const struct store_config jobs = {.env = env,
		.kind = &jobs_kind,
		.label_selector = JOB_MANAGED_BY "=" JOB_MANAGER,
		.decode = job_decode,
		.free_value = job_free,
		.changed = job_changed,
		.listed = listed,
		.ctx = a,
		.progressed = progressed,
		.progressed_ctx = ctx};

	a->changed = changed;
	a->ctx = ctx;
	a->by_key.free_value = app_free;
	store_init(&a->versions, &versions);
	store_init(&a->jobs, &jobs);
	return a;
}

void apps_free(struct apps *a)
{
	if (!a)
		return;
	store_release(&a->versions);
	store_release(&a->jobs);
	strmap_release(&a->by_key);
	free(a);
}

struct app *apps_find(const struct apps *a, const char *key)
{
	return strmap_get(&a->by_key, key);
}

void apps_ref(struct app *app)
{
	app->referenced = true;
}

void apps_unref(struct apps *a, struct app *app)
{
	app->referenced = false;
	app_free_if_empty(a, app);
}

bool apps_consistent(const struct apps *a)
{
	return store_synced(&a->versions) && store_synced(&a->jobs) && !a->versions.listing;
}

bool apps_caught_up(const struct apps *a, const struct app *app)
{
	return app->execution.awaited_version <= store_progress(&a->versions) &&
	       app->execution.awaited_job <= store_progress(&a->jobs);
}

/* How many open items of this version name a Job that Kueue holds. */
static unsigned queued_items(const struct app *app, const struct view_version *v)
{
	unsigned n = 0;

	for (size_t i = 0; i < app->jobs.count; i++) {
		const struct promotion_job *job = app->jobs.at[i];
		const struct view_item *item = view_item(v, job->view.task);

		n += job->queued && str_eq(job->view.version_uid, v->uid) && item &&
		     item->state == VIEW_PROGRESSING && str_eq(item->job, job->view.name);
	}
	return n;
}

unsigned app_open_jobs(const struct app *app)
{
	unsigned n = 0;

	for (size_t i = 0; i < app->versions.count; i++) {
		const struct appversion *v = app->versions.at[i];
		unsigned open = view_open_items(&v->view);

		n += open ? open - queued_items(app, &v->view) : 0;
	}
	return n;
}

void apps_walk(const struct apps *a, strmap_visit_fn *visit, void *ctx)
{
	strmap_walk(&a->by_key, visit, ctx);
}

int apps_ready(const struct apps *a, struct buf *reasons)
{
	int versions = store_ready(&a->versions, reasons);
	int jobs = store_ready(&a->jobs, reasons);

	return versions || jobs ? -1 : 0;
}
