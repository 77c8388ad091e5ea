/*
 * event_text - the text of the Event for each transition of a promotion, under Keptn's reason where
 * Keptn has one. A message says what happened, why, and how to fix it.
 *
 * A message has nothing that changes with time, such as a duration: after a restart the same
 * transition gives the same text, and kube/event.h makes one Event of it.
 */
#ifndef PROMOGATE_PROMOTION_EVENT_TEXT_H
#define PROMOGATE_PROMOTION_EVENT_TEXT_H

#include <stdbool.h>

#include "base/buf.h"
#include "keptn/onfailure.h"
#include "promotion/appversion.h"
#include "promotion/plan.h"
#include "promotion/promotion_job.h"

struct event_text {
	bool warning;
	const char *reason; /* "PromotionTasksStarted"; a constant */
	struct buf message;
};

enum { EVENT_TEXT_MESSAGE_MAX = 64 * 1024 };
#define EVENT_TEXT_INIT {.reason = "", .message = BUF_INIT(EVENT_TEXT_MESSAGE_MAX)}
void event_text_release(struct event_text *t); /* for CLEANUP() too */

/* Each function replaces the text of t. In all of them, v is the version of the action. */

/* A COMMIT. */
void event_text_started(struct event_text *t, const struct appversion *v,
	const struct plan_action *a, const struct plan *p);

/* A RECORD that ends the phase, whose promotion is not VIEW_NONE. */
struct event_text_end {
	const struct appversion *version;
	const struct plan_action *action;
	const struct plan *plan;
	const struct promotion_job *const *jobs; /* in any order; those of failed items are used */
	size_t njobs;
};
void event_text_ended(struct event_text *t, const struct event_text_end *end);
/* A RECORD of missing Jobs that does not end the phase. */
void event_text_missing(struct event_text *t, const struct event_text_end *end);
/*
 * Appends the value of the annotation outcome of a version that has ended Failed or Warning: "Failed,
 * attempt 1: 1 of 2 promotion tasks failed: ...".
 */
void event_text_outcome(struct buf *to, const struct event_text_end *end);

/* A DEPRECATE or SUPERSEDE. */
void event_text_retired(
	struct event_text *t, const struct appversion *v, const struct plan_action *a);

/* A REPORT: of why the version waits, or that it is not Promogate's. */
void event_text_waits(struct event_text *t, const struct appversion *v, const struct view *view,
	const struct plan_wait *wait);
void event_text_not_ours(struct event_text *t, const struct appversion *v);

/* A REPORT of an annotation that has no effect. */
void event_text_ignored(
	struct event_text *t, const struct appversion *v, const struct plan_action *a);

/*
 * The API server refused the Job of a task, or its ConfigMap; it will be retried. The error must
 * not name the Job, which each retry names anew.
 */
void event_text_create_failed(struct event_text *t, const char *task, const char *error);
/* Another action failed: doing is "record an outcome". */
void event_text_failed(struct event_text *t, const char *doing, const char *error);

#endif
