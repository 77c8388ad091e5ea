/*
 * reports_internal - what the parts of reports share.
 */
#ifndef PROMOGATE_RECONCILER_REPORTS_INTERNAL_H
#define PROMOGATE_RECONCILER_REPORTS_INTERNAL_H

#include "promotion/event_text.h"
#include "reconciler/event_queue.h"
#include "reconciler/reports.h"

struct reports {
	const struct env *env;
	struct event_queue *queue;
	bool reported_foreign; /* once: it is one setting of Keptn's operator */
};

/* Posts an Event about v. False if there is no room for it; see event_queue_add(). */
bool reports_post(struct reports *r, const struct appversion *v, const struct event_text *t,
	const struct event_queue_watcher *watcher);
/* Counts a promotion that is in this state now. */
void reports_count(const char *state);

/* A RECORD (reports_end.c). */
void reports_recorded(struct reports *r, const struct appversion *v, const struct snapshot *s,
	const struct plan *plan, const struct plan_action *a);
/* This action has succeeded: it is not rejected any more (reports_wait.c). */
void reports_accepted(struct report_memory *memory, const struct plan_action *a);

#endif
