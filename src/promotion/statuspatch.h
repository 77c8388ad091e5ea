/*
 * statuspatch - what Promogate writes on a KeptnAppVersion, as merge patches (RFC 7386).
 *
 * Each carries the uid and the resourceVersion of the version in the view: the API server
 * refuses it (409) if anything else was written since (docs/promotion-protocol.md, rule 1).
 */
#ifndef PROMOGATE_PROMOTION_STATUSPATCH_H
#define PROMOGATE_PROMOTION_STATUSPATCH_H

#include "base/buf.h"
#include "promotion/appversion.h"
#include "promotion/plan.h"

struct statuspatch {
	const struct appversion *version;
	/*
	 * The new promotionStatus and, except for Deprecated, the phase and the state of the
	 * whole, as Keptn has them; what ends gets an endTime, which is never taken away.
	 * VIEW_NONE: as it is.
	 */
	enum view_state promotion;
	/*
	 * Items that begin (VIEW_PROGRESSING) replace those of their tasks; those that end keep
	 * their start. An item that does not exist is added.
	 */
	const struct plan_change *changes;
	size_t count;
	const char *now; /* RFC 3339, in whole seconds */
};

/* Both append. For the subresource status: commit, record, deprecate. */
void statuspatch_encode(const struct statuspatch *s, struct buf *to);
/* Annotations of the object itself, each: NULL: as it is; "": removed. */
struct statuspatch_notes {
	const char *superseded_by, *claim, *waiting, *outcome, *added_tasks;
};
void statuspatch_annotate(
	const struct appversion *v, const struct statuspatch_notes *notes, struct buf *to);

#endif
