/*
 * apps - what was seen of each application: its KeptnAppVersions and its promotion Jobs, as two
 * informers brought them, and what the promoter remembers of it. An application is the unit that is
 * judged (promotion/plan.h); its key is "namespace/name".
 *
 * The versions of all applications come by one watch, in order, so between two lists they are as
 * they were together at one moment. While a list is under way they are not: apps_consistent() says
 * so, and nothing may be judged. Jobs may lag as they like.
 *
 * On the client's thread alone (client/api.h), but for apps_ready().
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

/* A version or a Job; the other is NULL. */
struct kept {
	struct app *app;
	struct appversion *version;
	struct promotion_job *job;
	struct kept *next;
	unsigned round; /* of the list that it was seen in last, or since */
};

struct app {
	char *key;
	struct kept *versions, *jobs;
	size_t nversions, njobs;
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

/*
 * Something of this application has changed, a version (which people annotate) or a Job; or of all,
 * NULL.
 */
typedef void apps_changed_fn(void *ctx, const char *key, bool version);
/* apps_consistent() and apps_caught_up() may say something else than before. */
typedef void apps_progressed_fn(void *ctx);

/* Starts the informers; api must outlive them. */
struct apps *apps_new(
	const struct env *env, apps_changed_fn *changed, apps_progressed_fn *progressed, void *ctx);
/* After api_free(). */
void apps_free(struct apps *a);
DEFINE_CLEANUP(struct apps, apps_free)

/* NULL if nothing of it is known. Valid until the next event, unless it is held. */
struct app *apps_find(const struct apps *a, const char *key);
/* Holds or lets go. */
void apps_ref(struct app *app);
void apps_unref(struct apps *a, struct app *app);

bool apps_consistent(const struct apps *a);
/* Whether the watches have brought what this application awaits. */
bool apps_caught_up(const struct apps *a, const struct app *app);

typedef void apps_visit_fn(void *ctx, struct app *app);
void apps_walk(const struct apps *a, apps_visit_fn *visit, void *ctx);

/*
 * 0 once both lists were taken; else -1, with a line in reasons for each that was not. Any thread.
 */
int apps_ready(const struct apps *a, struct buf *reasons);

#endif
