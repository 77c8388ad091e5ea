/*
 * snapshot - the view of one application that plan() is given. It keeps references to the versions
 * and Jobs that it shows, so it stays as it is until the plan has been executed.
 */
#ifndef PROMOGATE_RECONCILER_SNAPSHOT_H
#define PROMOGATE_RECONCILER_SNAPSHOT_H

#include "base/strmap.h"
#include "promotion/appversion.h"
#include "promotion/limiter.h"
#include "promotion/promotion_job.h"
#include "promotion/version_tasks.h"
#include "promotion/view.h"
#include "reconciler/cache.h"

/* Settings that are part of the view. */
struct snapshot_config {
	int64_t since; /* seconds since 1970 */
	int64_t max_age, deadline; /* seconds; 0: no limit */
	uint64_t term; /* elector_term() */
};

struct snapshot {
	struct view view;
	char *namespace, *app;
	struct appversion **versions; /* as view.versions */
	struct promotion_job **jobs; /* as view.jobs */
	char **lacking, **rejected, **refused; /* of view.versions, whose members borrow them */
	struct view_version *view_versions;
	struct view_job *view_jobs;
	struct view_task *view_tasks;
	struct added_tasks added; /* with names of its own: policies change while a plan runs */
	struct view_decision *decisions;
	char **decided_by; /* of decisions, which borrow them */
	const char **gone;
};

struct app;

struct snapshot *snapshot_new(const struct app *app, const struct cache *cache,
	const struct limiter *limiter, const struct snapshot_config *config);
void snapshot_free(struct snapshot *s);

/* The objects that the actions of a plan point to. */
const struct appversion *snapshot_version(const struct snapshot *s, const struct view_version *v);
const struct promotion_job *snapshot_job(const struct snapshot *s, const struct view_job *job);

#endif
