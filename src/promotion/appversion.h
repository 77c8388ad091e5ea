/*
 * appversion - what a promotion needs of a KeptnAppVersion: small, so that thousands fit in memory,
 * and immutable, so that a plan may point into one that has been replaced. Freed with its last
 * reference; one thread at a time.
 *
 * People and Keptn's operator write these objects: a string of another type counts as absent, and
 * no content is an error.
 *
 *   delivered   endTime is set, and either the operator has ended it (status Succeeded,
 *               currentPhase Completed), or Promogate has promoted it (currentPhase PromotionTasks,
 *               with items of its own, or Failed or Warning without any: it was given up). A
 *               version that is being deleted is not delivered: none of its tasks starts, and open
 *               ones are recorded.
 *   foreign     a status item names a Job that is not Promogate's, or has no name and has not
 *               failed; or the version is in the phase PromotionTasks, or Progressing, and has no
 *               items: Promogate writes both at once.
 */
#ifndef PROMOGATE_PROMOTION_APPVERSION_H
#define PROMOGATE_PROMOTION_APPVERSION_H

#include "base/mem.h"
#include "json/json.h"
#include "promotion/view.h"

#define APPVERSION_KIND          "KeptnAppVersion"
#define APPVERSION_API_VERSION   "lifecycle.keptn.sh/v1"
#define APPVERSION_RESOURCE      "keptnappversions"
#define APPVERSION_RETRY         "promogate.dev/retry"
#define APPVERSION_ABORT         "promogate.dev/abort"
#define APPVERSION_SUPERSEDED_BY "promogate.dev/superseded-by"
#define APPVERSION_ADDED_TASKS   "promogate.dev/added-tasks"
#define APPVERSION_WAITING       "promogate.dev/waiting"
#define APPVERSION_OUTCOME       "promogate.dev/outcome"
#define APPVERSION_CLAIM         "promogate.dev/claim" /* TERM-NONCE, both decimal */

/* A status item; "" for what is absent. */
struct appversion_item {
	const char *task, *job, *status, *start, *end;
};

struct appversion {
	/*
	 * tasks[].defined is false, refused is NULL, rank is 0: the snapshot sets them in its copy.
	 */
	struct view_version view;
	const char *namespace, *app; /* app: spec.appName */
	const struct appversion_item *items; /* view.nitems, in the order of view.items */
	/*
	 * keptn_context_metadata(). NULL where no Job can be made of it any more, view_absorbed(),
	 * or where it does not fit in a Job.
	 */
	const char *metadata;
	/* More than LIMIT_VERSION_TASKS tasks or items: it has none here, and counts as foreign. */
	bool oversized;
	bool deleting; /* has a deletionTimestamp */
	unsigned refs;
};

/* With one reference, the caller's. NULL if it has no name, no uid or no spec.appName. */
struct appversion *appversion_decode(const struct json *object);
/* "namespace/name", for free(): the value of "promotion" in the log. */
char *appversion_key(const struct appversion *v);
struct appversion *appversion_ref(struct appversion *v);
void appversion_unref(struct appversion *v); /* NULL is fine */
DEFINE_CLEANUP(struct appversion, appversion_unref)

/* As Keptn writes a state: "Progressing", …; "" for VIEW_NONE. */
const char *appversion_state_name(enum view_state state);

#endif
