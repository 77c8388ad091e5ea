/*
 * fixture - one application in a fake cluster, with everything that executing and reporting a plan
 * needs; the test makes the plan.
 */
#ifndef PROMOGATE_TESTS_RECONCILER_FIXTURE_H
#define PROMOGATE_TESTS_RECONCILER_FIXTURE_H

#include "reconciler/apps.h"
#include "reconciler/execute.h"

#include "cluster.h"

#define JOB_A "a-1-bcdfghjk"
#define JOB_B "b-1-bcdfghjk"

/* The version "v" of "dev/app" has started its tasks a and b; both Jobs are suspended. */
struct fixture {
	struct cluster cluster;
	struct apps *apps;
	struct cache *cache;
	struct reports *reports;
	struct limiter *limiter;
	struct executor x;
	struct app *app;
	struct snapshot *snapshot; /* of app, for the plan */
	struct plan plan;
	/* What execute() reported. */
	int done;
	struct execute_result result; /* without its err */
	enum err_kind kind;
};

static inline void fixture_changed(void *ctx, const char *key, bool version)
{
	(void)ctx;
	(void)key;
	(void)version;
}

static inline void fixture_definitions_changed(void *ctx, const char *ns)
{
	(void)ctx;
	(void)ns;
}

static inline void fixture_policies_changed(void *ctx, const char *ns, const char *app)
{
	(void)ctx;
	(void)ns;
	(void)app;
}

static inline void fixture_progressed(void *ctx)
{
	(void)ctx;
}

#define FUNCTION(ns, name, code)                                                                   \
	"{\"metadata\":{\"namespace\":\"" ns "\",\"name\":\"" name                                 \
	"\",\"resourceVersion\":\"9\"},\"spec\":{\"deno\":{" code "}}}"
#define INLINE "\"inline\":{\"code\":\"x\"}"

static inline void fixture_lists(struct fixture *f, const char *definitions)
{
	CLEANUP(free_p)
	char *v = cluster_version(&f->cluster, "v", "app",
		",\"status\":\"Progressing\",\"currentPhase\":\"PromotionTasks\","
		"\"promotionStatus\":\"Progressing\",\"promotionTaskStatus\":["
		"{\"definitionName\":\"a\",\"name\":\"" JOB_A "\",\"status\":\"Progressing\","
		"\"startTime\":\"" TIME "\"},"
		"{\"definitionName\":\"b\",\"name\":\"" JOB_B "\",\"status\":\"Progressing\"}]");
	CLEANUP(free_p) char *a = cluster_job(&f->cluster, JOB_A, "a", "app");
	CLEANUP(free_p) char *b = cluster_job(&f->cluster, JOB_B, "b", "app");
	CLEANUP(free_p) char *jobs = xasprintf("%s,%s", a, b);

	cluster_list(&f->cluster, "keptnappversions", v);
	cluster_list(&f->cluster, "jobs", jobs);
	cluster_list(&f->cluster, "keptntaskdefinitions", definitions);
	cluster_list(&f->cluster, "keptnappcontexts", "");
	cluster_list(&f->cluster, "promotionpolicies", "");
	cluster_list(&f->cluster, "/api/v1/namespaces", CLUSTER_NAMESPACE);
	cluster_list(&f->cluster, "keptnconfigs", "");
}

static inline void fixture_init_with(struct fixture *f, const char *definitions)
{
	const struct env *env = &f->cluster.fake.env;
	const struct snapshot_config config = {.since = 0};
	const struct cache_handler handler = {fixture_definitions_changed, fixture_policies_changed,
		NULL, fixture_progressed, NULL};

	*f = (struct fixture){.done = 0};
	cluster_init(&f->cluster);
	f->apps = apps_new(env, fixture_changed, fixture_progressed, NULL);
	f->cache = cache_new(env, "keptn-system", &handler);
	f->reports = reports_new(env);
	f->limiter = limiter_new(0, 0);
	f->x = (struct executor){.env = env, .cache = f->cache, .reports = f->reports};
	f->x.images[RUNTIME_DENO] = "deno:1";
	f->x.images[RUNTIME_PYTHON] = "python:1";
	fixture_lists(f, definitions);
	f->app = apps_find(f->apps, "dev/app");
	assert_non_null(f->app);
	f->snapshot = snapshot_new(f->app, f->cache, f->limiter, &config);
	f->plan = (struct plan)PLAN_INIT;
}

static inline void fixture_init(struct fixture *f)
{
	fixture_init_with(f, FUNCTION("dev", "a", INLINE) "," FUNCTION("dev", "b", INLINE));
}

static inline void fixture_release(struct fixture *f)
{
	snapshot_free(f->snapshot);
	plan_release(&f->plan);
	fake_env_release(&f->cluster.fake);
	limiter_free(f->limiter);
	reports_free(f->reports);
	cache_free(f->cache);
	apps_free(f->apps);
}

static inline struct plan_action *fixture_add(struct fixture *f, enum plan_kind kind)
{
	struct plan_action *a = plan_add(&f->plan, kind, &f->snapshot->view.versions[0]);

	a->decision = (struct view_decision){"a", ON_FAILURE_BLOCK, "default"};
	return a;
}

/* A RECORD of the changes from first on, which ends the phase unless promotion is VIEW_NONE. */
static inline struct plan_action *fixture_add_record(
	struct fixture *f, size_t first, enum view_state promotion)
{
	struct plan_action *a = plan_add_patch(
		&f->plan, PLAN_RECORD, &f->snapshot->view.versions[0], first, promotion);

	a->decision = (struct view_decision){"a", ON_FAILURE_BLOCK, "default"};
	return a;
}

#endif
