/*
 * apps - the state of each application: its KeptnAppVersions and its promotion Jobs, as two stores
 * have them, and what the promoter remembers of it. An application is the unit of reconciliation
 * (promotion/plan.h); its key is "namespace/name".
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

/* In any order; the stores of apps own them. */
struct app_objects {
	void **at;
	size_t count;
};

struct app {
	char *key;
	struct app_objects versions, jobs; /* of struct appversion and struct promotion_job */
	/*
	 * Own writes had these resourceVersions: until the watches have brought them, judging again
	 * would only do the same again.
	 */
	uint64_t awaited_version, awaited_job;
	bool wants_definitions; /* a version waits for one */
	int64_t record_at_ms; /* until then outcomes wait for others; 0: none does */
	int64_t delivered_ms; /* when a version that is to start was first seen so; 0: none is */
	unsigned limiter_used; /* its Jobs that run or are about to, as the cap was told */
	bool waits_for_room;
	bool held; /* a plan is being executed: it stays though all its objects go */
	struct strmap gone; /* names of Jobs of which a live GET said 404 */
	struct strmap with_code; /* names of Jobs whose ConfigMap is there */
	/* Task to why the API server, or we, would not take its Job; tried again then. */
	struct strmap refused;
	int64_t refused_until_ms;
	struct strmap told; /* "version" or "version/task" to what was last said of it */
};

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
DEFINE_CLEANUP(struct apps, apps_free)

/* NULL if it has no object. Valid until the next event, or while it is referenced. */
struct app *apps_find(const struct apps *a, const char *key);
/* While a plan is executed it stays, even if all its objects are deleted. One reference at most. */
void apps_ref(struct app *app);
void apps_unref(struct apps *a, struct app *app);

bool apps_consistent(const struct apps *a);
/* Whether the stores have what this application awaits. */
bool apps_caught_up(const struct apps *a, const struct app *app);

typedef void apps_visit_fn(void *ctx, struct app *app);
void apps_walk(const struct apps *a, apps_visit_fn *visit, void *ctx);

/* 0 once both lists are complete; else -1, with a line in reasons for each other. Any thread. */
int apps_ready(const struct apps *a, struct buf *reasons);

#endif
