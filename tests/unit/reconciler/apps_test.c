#include "reconciler/apps.h"

#include <stdio.h>

#include "cluster.h"

struct fixture {
	struct cluster cluster;
	struct apps *apps;
	struct buf said; /* "version:dev/app", "job:dev/app", "all" */
};

static void changed(void *ctx, const char *key, bool version)
{
	struct fixture *f = ctx;

	if (key)
		(void)buf_addf(&f->said, "%s:%s ", version ? "version" : "job", key);
	else
		(void)buf_add(&f->said, "all ");
}

static void progressed(void *ctx)
{
	(void)ctx;
}

static void fixture_init(struct fixture *f)
{
	*f = (struct fixture){.said = BUF_INIT(10000)};
	cluster_init(&f->cluster);
	f->apps = apps_new(&f->cluster.fake.env, changed, progressed, f);
}

static void fixture_release(struct fixture *f)
{
	fake_env_release(&f->cluster.fake);
	apps_free(f->apps);
	buf_release(&f->said);
}

static void said(struct fixture *f, const char *what)
{
	assert_string_equal(buf_str(&f->said), what);
	buf_reset(&f->said);
}

/* Answers the list of versions: "name app" for each, joined by commas. */
static void list_versions(struct fixture *f, const char *versions, bool more)
{
	CLEANUP(buf_release) struct buf items = BUF_INIT(100000);
	char name[32], app[32];
	int n;

	for (; sscanf(versions, " %31s %31[^, ]%n", name, app, &n) == 2; versions += n) {
		CLEANUP(free_p)
		char *version = cluster_version(&f->cluster, name, app, DELIVERED);

		n += versions[n] == ',';
		(void)buf_addf(&items, "%s%s", items.len ? "," : "", version);
	}
	cluster_page(&f->cluster, "keptnappversions", buf_str(&items), more);
}

static void version_event(struct fixture *f, const char *type, const char *name, const char *app)
{
	CLEANUP(free_p) char *version = cluster_version(&f->cluster, name, app, DELIVERED);

	cluster_event(&f->cluster, "keptnappversions", type, version);
}

static void job_event(struct fixture *f, const char *type, const char *name, const char *app)
{
	CLEANUP(free_p) char *job = cluster_job(&f->cluster, name, "a", app);

	cluster_event(&f->cluster, "jobs", type, job);
}

static void has(const struct fixture *f, const char *key, size_t versions, size_t jobs)
{
	const struct app *app = apps_find(f->apps, key);

	assert_int_equal(app ? app->versions.count : 0, versions);
	assert_int_equal(app ? app->jobs.count : 0, jobs);
	assert_true(app == NULL || versions + jobs > 0);
}

static void objects_are_found_by_their_application(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	list_versions(&f, "v app, w app, x other", false);
	said(&f, "version:dev/app version:dev/app version:dev/other all ");
	cluster_list(&f.cluster, "jobs", "");
	said(&f, "all ");
	job_event(&f, "ADDED", "a-1-bcdfghjk", "app");
	job_event(&f, "ADDED", "a-2-bcdfghjk", "new");
	said(&f, "job:dev/app job:dev/new ");
	has(&f, "dev/app", 2, 1);
	has(&f, "dev/other", 1, 0);
	has(&f, "dev/new", 0, 1);
	version_event(&f, "MODIFIED", "w", "app");
	has(&f, "dev/app", 2, 1);
	/* It changes hands: both applications have changed. */
	version_event(&f, "MODIFIED", "w", "other");
	said(&f, "version:dev/app version:dev/other version:dev/app ");
	has(&f, "dev/app", 1, 1);
	has(&f, "dev/other", 2, 0);
	/* The last object takes the application with it. */
	job_event(&f, "DELETED", "a-2-bcdfghjk", "new");
	assert_null(apps_find(f.apps, "dev/new"));
	fixture_release(&f);
}

static void many_objects_come_and_go_in_any_order(void **state)
{
	enum { COUNT = 40 };
	struct fixture f;
	char name[16];

	(void)state;
	fixture_init(&f);
	list_versions(&f, "", false);
	cluster_list(&f.cluster, "jobs", "");
	for (int i = 0; i < COUNT; i++) {
		(void)snprintf(name, sizeof(name), "v%d", i * 7 % COUNT);
		version_event(&f, "ADDED", name, "app");
		has(&f, "dev/app", (size_t)i + 1, 0);
	}
	for (int i = 0; i < COUNT; i++) {
		(void)snprintf(name, sizeof(name), "v%d", i * 11 % COUNT);
		version_event(&f, "MODIFIED", name, "app");
		version_event(&f, "DELETED", name, "app");
		has(&f, "dev/app", (size_t)(COUNT - 1 - i), 0);
	}
	fixture_release(&f);
}

static void a_relist_forgets_what_vanished(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	list_versions(&f, "v app, w app, x other", false);
	cluster_list(&f.cluster, "jobs", "");
	job_event(&f, "ADDED", "a-1-bcdfghjk", "app");
	buf_reset(&f.said);
	cluster_expire(&f.cluster, "keptnappversions");
	list_versions(&f, "v app", true);
	said(&f, "");
	has(&f, "dev/other", 1, 0);
	list_versions(&f, "y other", false);
	has(&f, "dev/app", 1, 1);
	has(&f, "dev/other", 1, 0);
	said(&f, "version:dev/app version:dev/other version:dev/app version:dev/other all ");
	cluster_expire(&f.cluster, "jobs");
	cluster_list(&f.cluster, "jobs", "");
	said(&f, "job:dev/app all ");
	has(&f, "dev/app", 1, 0);
	cluster_expire(&f.cluster, "keptnappversions");
	list_versions(&f, "", false);
	assert_null(apps_find(f.apps, "dev/app"));
	assert_null(apps_find(f.apps, "dev/other"));
	fixture_release(&f);
}

/* The same object at the same resourceVersion is not decoded again. */
static void a_relist_keeps_versions_that_did_not_change(void **state)
{
	CLEANUP(free_p) char *v = NULL;
	struct appversion *before;
	struct fixture f;

	(void)state;
	fixture_init(&f);
	v = cluster_version(&f.cluster, "v", "app", DELIVERED);
	cluster_list(&f.cluster, "keptnappversions", v);
	cluster_list(&f.cluster, "jobs", "");
	before = apps_find(f.apps, "dev/app")->versions.at[0];
	buf_reset(&f.said);
	cluster_expire(&f.cluster, "keptnappversions");
	cluster_list(&f.cluster, "keptnappversions", v);
	assert_ptr_equal(apps_find(f.apps, "dev/app")->versions.at[0], before);
	said(&f, "all ");
	fixture_release(&f);
}

static void versions_are_consistent_between_lists_alone(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	assert_false(apps_consistent(f.apps));
	list_versions(&f, "v app", false);
	assert_false(apps_consistent(f.apps));
	cluster_list(&f.cluster, "jobs", "");
	assert_true(apps_consistent(f.apps));
	cluster_expire(&f.cluster, "keptnappversions");
	assert_true(apps_consistent(f.apps)); /* nothing has been read yet */
	list_versions(&f, "v app", true);
	assert_false(apps_consistent(f.apps));
	/* Nor while a list that failed begins again. */
	fake_fail(&f.cluster.fake, cluster_call(&f.cluster, "GET", "keptnappversions"), ERR_IO);
	assert_false(apps_consistent(f.apps));
	fake_env_run_next(&f.cluster.fake);
	list_versions(&f, "v app", false);
	assert_true(apps_consistent(f.apps));
	/* Jobs may lag. */
	cluster_expire(&f.cluster, "jobs");
	cluster_page(&f.cluster, "jobs", "", true);
	assert_true(apps_consistent(f.apps));
	fixture_release(&f);
}

static void an_application_stays_while_its_plan_is_executed(void **state)
{
	CLEANUP(free_p) char *gone = NULL;
	struct fixture f;
	struct app *app;

	(void)state;
	fixture_init(&f);
	list_versions(&f, "v app", false);
	cluster_list(&f.cluster, "jobs", "");
	app = apps_find(f.apps, "dev/app");
	apps_ref(app);
	gone = cluster_gone(&f.cluster, "v");
	cluster_event(&f.cluster, "keptnappversions", "DELETED", gone);
	assert_ptr_equal(apps_find(f.apps, "dev/app"), app);
	assert_string_equal(app->key, "dev/app");
	assert_int_equal(app->versions.count, 0);
	/* An object that comes meanwhile keeps it. */
	version_event(&f, "ADDED", "w", "app");
	apps_unref(f.apps, app);
	has(&f, "dev/app", 1, 0);
	apps_ref(app);
	version_event(&f, "DELETED", "w", "app");
	apps_unref(f.apps, app);
	assert_null(apps_find(f.apps, "dev/app"));
	fixture_release(&f);
}

/* v has started a and b; the Job of a has this in its metadata, and this in its spec. */
static unsigned open_jobs_with(const char *metadata, const char *spec)
{
	struct fixture f;
	CLEANUP(free_p) char *version = NULL, *job = NULL;
	unsigned open;

	fixture_init(&f);
	cluster_list(&f.cluster, "keptnappversions", "");
	cluster_list(&f.cluster, "jobs", "");
	version = cluster_version(&f.cluster, "v", "app",
		",\"status\":\"Progressing\",\"currentPhase\":\"PromotionTasks\","
		"\"promotionStatus\":\"Progressing\",\"promotionTaskStatus\":["
		"{\"definitionName\":\"a\",\"name\":\"a-1-bcdfghjk\",\"status\":\"Progressing\"},"
		"{\"definitionName\":\"b\",\"name\":\"b-1-bcdfghjk\",\"status\":\"Progressing\"}]");
	cluster_event(&f.cluster, "keptnappversions", "ADDED", version);
	job = xasprintf(
		"{\"metadata\":{\"namespace\":\"dev\",\"name\":\"a-1-bcdfghjk\","
		"\"uid\":\"j\",\"resourceVersion\":\"900\",\"ownerReferences\":[{\"kind\":"
		"\"KeptnAppVersion\",\"uid\":\"u-v\",\"controller\":true}],%s},\"spec\":{%s,"
		"\"template\":{\"spec\":{\"containers\":[{\"env\":[{\"name\":"
		"\"PROMOGATE_ID\",\"value\":\"u-v/a\"},{\"name\":\"KEPTN_CONTEXT\","
		"\"value\":\"{\\\"appName\\\":\\\"app\\\"}\"}]}]}}}}",
		metadata, spec);
	cluster_event(&f.cluster, "jobs", "ADDED", job);
	open = app_open_jobs(apps_find(f.apps, "dev/app"));
	fixture_release(&f);
	return open;
}

static void a_job_that_kueue_holds_takes_no_room(void **state)
{
#define RELEASED "\"annotations\":{\"promogate.dev/released\":\"true\"}"
#define QUEUE    ",\"labels\":{\"kueue.x-k8s.io/queue-name\":\"q\"}"
	(void)state;
	assert_int_equal(open_jobs_with(RELEASED QUEUE, "\"suspend\":true"), 1);
	/* Kueue has admitted it. */
	assert_int_equal(open_jobs_with(RELEASED QUEUE, "\"suspend\":false"), 2);
	/* A person has paused it, and may resume it at any time. */
	assert_int_equal(open_jobs_with(RELEASED, "\"suspend\":true"), 2);
	/* It is about to be released. */
	assert_int_equal(open_jobs_with("\"annotations\":{}" QUEUE, "\"suspend\":true"), 2);
}

static void is_ready_once_both_lists_are_complete(void **state)
{
	static const char *const orders[][2] = {
		{"keptnappversions", "jobs"}, {"jobs", "keptnappversions"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
		CLEANUP(buf_release) struct buf reasons = BUF_INIT(1000);
		struct fixture f;

		fixture_init(&f);
		assert_int_equal(apps_ready(f.apps, &reasons), -1);
		assert_string_equal(buf_str(&reasons),
			"keptnappversions: not listed yet\njobs: not listed yet\n");
		cluster_list(&f.cluster, orders[i][0], "");
		buf_reset(&reasons);
		assert_int_equal(apps_ready(f.apps, &reasons), -1);
		assert_says(buf_str(&reasons), orders[i][1]);
		assert_null(strstr(buf_str(&reasons), orders[i][0]));
		cluster_list(&f.cluster, orders[i][1], "");
		assert_int_equal(apps_ready(f.apps, &reasons), 0);
		fixture_release(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects_are_found_by_their_application),
		cmocka_unit_test(many_objects_come_and_go_in_any_order),
		cmocka_unit_test(a_relist_forgets_what_vanished),
		cmocka_unit_test(a_relist_keeps_versions_that_did_not_change),
		cmocka_unit_test(versions_are_consistent_between_lists_alone),
		cmocka_unit_test(an_application_stays_while_its_plan_is_executed),
		cmocka_unit_test(a_job_that_kueue_holds_takes_no_room),
		cmocka_unit_test(is_ready_once_both_lists_are_complete),
	};

	return cmocka_run_group_tests_name("apps", tests, NULL, NULL);
}
