/*
 * event_text - what people are told of a promotion, once for each transition: as Events, under Keptn's
 * reasons where Keptn has one. A message says what happened, why, and what mends it.
 *
 * A message holds nothing that changes by itself, such as how long something has lasted: the same
 * transition says the same after a restart, and kube/event.h makes one Event of it.
 */
#ifndef PROMOGATE_PROMOTION_EVENT_TEXT_H
#define PROMOGATE_PROMOTION_EVENT_TEXT_H

#include <stdbool.h>

#include "base/buf.h"
#include "keptn/onfailure.h"
#include "promotion/appversion.h"
#include "promotion/plan.h"
#include "promotion/promotion_job.h"

struct telling {
	bool warning;
	const char *reason; /* "PromotionTasksStarted"; a constant */
	struct buf message;
};

enum { TELLING_MESSAGE_MAX = 64 * 1024 };
#define TELLING_INIT {.reason = "", .message = BUF_INIT(TELLING_MESSAGE_MAX)}
void telling_release(struct telling *t); /* for CLEANUP() too */

/* Each function replaces what t says. In all of them, v is the version of the action. */

/* A COMMIT. */
void telling_started(struct telling *t, const struct appversion *v, const struct plan_action *a,
	const struct plan *p);

/* A RECORD that ends the phase, whose promotion is not SEEN_NONE. */
struct telling_end {
	const struct appversion *version;
	const struct plan_action *action;
	const struct plan *plan;
	const struct ownjob *const
		*jobs; /* any, and in any order: those of failed items are used */
	size_t njobs;
	struct on_failure_decision decision;
};
void telling_ended(struct telling *t, const struct telling_end *end);

/* A DEPRECATE or SUPERSEDE. */
void telling_retired(struct telling *t, const struct appversion *v, const struct plan_action *a);

/*
 * A TELL. seen: what was judged. detail: what else is known, as a sentence (why a definition can't
 * run, which policy refuses it), or NULL.
 */
void telling_waits(struct telling *t, const struct appversion *v, const struct plan_action *a,
	const struct seen *seen, const char *detail);

/* The API server refused the Job of a task, or its ConfigMap; it will be tried again. */
void telling_create_failed(struct telling *t, const char *task, const char *job, const char *error);
/* What else went wrong: doing is "record the outcome of its promotion". */
void telling_failed(struct telling *t, const char *doing, const char *error);

#endif
