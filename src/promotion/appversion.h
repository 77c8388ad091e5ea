/*
 * appversion - a KeptnAppVersion, as far as its promotion is judged and written: small, so that
 * thousands can be kept, and never changed, so that a plan may go on pointing into one that was
 * replaced meanwhile. Freed with its last reference; one thread at a time.
 *
 * What stands in it is what people and Keptn's operator wrote: a string of another type counts as
 * absent, and nothing that an object may hold is an error.
 *
 *   delivered   endTime is set, and either the operator ended it (status Succeeded, currentPhase
 *               Completed), or Promogate went on (currentPhase PromotionTasks, with items of ours,
 *               or Failed or Warning without any: it was given up). A version that is being deleted
 *               counts as not delivered: nothing of it starts, and what is open is still recorded.
 *   foreign     a status item names what is no Job of ours, or has no name and did not fail; or it
 *               is in the phase PromotionTasks, or Progressing, and has no items: Promogate opens
 *               them in the same write.
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

/* A status item as it is written; "" for what is absent. */
struct appversion_item {
	const char *task, *job, *status, *start, *end;
};

struct appversion {
	/*
	 * tasks[].defined and refused are false, on_failure is Block: whoever judges sets them in a
	 * copy.
	 */
	struct view_version view;
	const char *namespace, *app, *version; /* app: spec.appName */
	const struct appversion_item *items; /* view.nitems, in the order of view.items */
	/*
	 * The object reduced to what jobspec_version_read() reads, as JSON. NULL where no Job can
	 * be made of it any more: view_absorbed().
	 */
	const char *source;
	/* More than LIMIT_VERSION_TASKS tasks or items: none are here, and it counts as foreign. */
	bool oversized;
	unsigned refs;
};

/* With one reference, the caller's. NULL if it has no name, no uid or no spec.appName. */
struct appversion *appversion_decode(const struct json *object);
struct appversion *appversion_ref(struct appversion *v);
void appversion_unref(struct appversion *v); /* NULL is fine */
DEFINE_CLEANUP(struct appversion, appversion_unref)

/* As Keptn writes a state: "Progressing", …; "" for VIEW_NONE. */
const char *appversion_state_name(enum view_state state);

#endif
