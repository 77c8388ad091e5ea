/*
 * apps - the state of each application: its KeptnAppVersions and its promotion Jobs, as two stores
 * have them, and what the modules that act on it remember of it. An application is the unit of
 * reconciliation (promotion/plan.h); its key is "namespace/name".
 *
 * The versions of all applications come by one watch, in order, so together they are as they were
 * at one moment. While a list of them is under way, that moment is before the list began, or before
 * the watch broke: apps_consistent() is false, and nothing may be reconciled. Jobs may lag by any
 * amount.
 *
 * On the client's thread alone (controller/env.h), except apps_ready().
 */
#ifndef PROMOGATE_RECONCILER_APPS_H
#define PROMOGATE_RECONCILER_APPS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/strmap.h"
#include "controller/env.h"
#include "promotion/appversion.h"
#include "promotion/promotion_job.h"
#include "reconciler/executor_memory.h"
#include "reconciler/preparation.h"
#include "reconciler/promoter_state.h"
#include "reconciler/report_memory.h"

/* In any order; the stores of apps own them. */
struct app_objects {
	void **at;
	size_t count;
};

/* apps writes the first members; each other part belongs to one module, which alone writes it. */
struct app {
	char *key;
	struct app_objects versions, jobs; /* of struct appversion and struct promotion_job */
	bool referenced; /* a plan is executed: it stays even if all its objects are deleted */
	struct executor_memory execution;
	struct preparation_state preparation;
	struct promoter_state reconcile;
	struct report_memory reports;
};

/* Its Jobs that are committed and have not ended, as far as is known, except those in a queue. */
unsigned app_open_jobs(const struct app *app);

struct apps;

/* A version (which people annotate) or a Job of this application changed; NULL: maybe all did. */
typedef void apps_changed_fn(void *ctx, const char *key, bool version);
/* The results of apps_consistent() and apps_caught_up() may have changed. */
typedef void apps_progressed_fn(void *ctx);

/* Starts the informers; env must outlive them. */
struct apps *apps_new(
	const struct env *env, apps_changed_fn *changed, apps_progressed_fn *progressed, void *ctx);
/* After api_free(). */
void apps_free(struct apps *a);

/* NULL if it has no object. Valid until the next event, or while it is referenced. */
struct app *apps_find(const struct apps *a, const char *key);
/* While a plan is executed it stays, even if all its objects are deleted. One reference at most. */
void apps_ref(struct app *app);
void apps_unref(struct apps *a, struct app *app);

bool apps_consistent(const struct apps *a);
/* Whether the stores have what this application awaits. */
bool apps_caught_up(const struct apps *a, const struct app *app);

/* Each value is a struct app. */
void apps_walk(const struct apps *a, strmap_visit_fn *visit, void *ctx);

/* As cache_ready(), of the two kinds here. Any thread. */
int apps_ready(const struct apps *a, struct buf *reasons);

#endif
