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
struct sight_config {
	int64_t since; /* seconds since 1970 */
	int64_t max_age, deadline; /* seconds; 0: for ever */
};

struct sight {
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

struct sight *sight_new(const struct app *app, const struct basis *basis,
	const struct limiter *room, const struct sight_config *config);
void sight_free(struct sight *s);
DEFINE_CLEANUP(struct sight, sight_free)

/* What stands behind what plan() points to. */
const struct appversion *sight_version(const struct sight *s, const struct view_version *v);
const struct promotion_job *sight_job(const struct sight *s, const struct view_job *job);

/* Tasks that the version's next attempt has to run. */
unsigned sight_needed(const struct view_version *v);

#endif
