/*
 * snapshot - what is handed to plan() of one application, and stays as it was until the plan made of
 * it has been executed: it holds the versions and Jobs that it shows.
 */
#ifndef PROMOGATE_RECONCILER_SNAPSHOT_H
#define PROMOGATE_RECONCILER_SNAPSHOT_H

#include "base/strmap.h"
#include "promotion/limiter.h"
#include "promotion/plan.h"
#include "reconciler/apps.h"
#include "reconciler/cache.h"

/* Settings that a judgement rests on. */
struct snapshot_config {
	int64_t since; /* seconds since 1970 */
	int64_t max_age, deadline; /* seconds; 0: for ever */
};

struct snapshot {
	struct view view;
	char *namespace, *app;
	struct appversion **versions; /* as view.versions */
	struct promotion_job **jobs; /* as view.jobs */
	struct on_failure_decision on_failure;
	struct strmap lacking; /* task to why it can't start, for tasks that wait */
	struct view_version *view_versions;
	struct view_job *view_jobs;
	struct view_task *view_tasks;
	const char **gone;
};

struct snapshot *snapshot_new(const struct app *app, const struct cache *cache,
	const struct limiter *room, const struct snapshot_config *config);
void snapshot_free(struct snapshot *s);
DEFINE_CLEANUP(struct snapshot, snapshot_free)

/* What stands behind what plan() points to. */
const struct appversion *snapshot_version(const struct snapshot *s, const struct view_version *v);
const struct promotion_job *snapshot_job(const struct snapshot *s, const struct view_job *job);

#endif
