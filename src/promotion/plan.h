/*
 * plan - the reconciler's whole judgement: what was seen of one application, the time and some
 * randomness in; what to do about it, out. It opens, waits for and asks nobody anything, and its
 * skeleton are the thirteen rules of docs/promotion-protocol.md, by number in the code.
 *
 * Whoever executes a plan does its actions in order, one by one. After a 404, a conflict, or a
 * reply that is lost or not understood it drops the rest and plans again from what it sees then: no
 * write is repeated with a newer resourceVersion that nobody judged (rule 1). So a plan may be as
 * stale as it likes; what makes that safe are the preconditions of each action.
 */
#ifndef PROMOGATE_PROMOTION_PLAN_H
#define PROMOGATE_PROMOTION_PLAN_H

#include "job/name.h"
#include "promotion/view.h"

/*
 * "rv": only if the version still has the resourceVersion that was judged. "uid": only if the Job
 * still has this uid.
 */
enum plan_kind {
	PLAN_CREATE_JOB, /* named `name`, suspended, for task and attempt; version owns it */
	PLAN_CREATE_CODE, /* the ConfigMap of job, which owns it */
	PLAN_DEPRECATE, /* rv: promotionStatus Deprecated */
	PLAN_SUPERSEDE, /* rv: the annotation superseded-by, naming `by` */
	PLAN_COMMIT, /* rv: open the items of changes, promotionStatus Progressing */
	PLAN_UNSUSPEND, /* uid */
	PLAN_GET_JOB, /* GET the Job that item names, live; see below */
	PLAN_RECORD, /* rv: end the items of changes, and the phase if promotion is not VIEW_NONE */
	PLAN_SET_TTL, /* uid: set ttlSecondsAfterFinished */
	PLAN_DELETE, /* uid, with background propagation */
	PLAN_REPORT, /* say once, until it changes, why version does not go on */
};
/*
 * PLAN_GET_JOB: a 404 puts the name into view.gone from now on. Any other answer changes nothing: the
 * view lags, and the watch will deliver the Job.
 */

/* Why an item Failed without a Job that failed, a Job is deleted, or a version does not go on. */
enum plan_reason {
	PLAN_NO_REASON,
	PLAN_MISSING_JOB, /* it was deleted before it ended */
	PLAN_ABORTED,
	PLAN_LEFT_OVER, /* no commit can name this Job any more */
	PLAN_DEADLINE, /* the definition did not come in time */
	PLAN_NO_DEFINITION, /* those of version->tasks that are not defined */
	PLAN_LIMIT_REACHED, /* the cap on running Jobs */
	PLAN_SIBLING_RUNS, /* another version of the application */
	PLAN_TOO_OLD, /* waits for a person's retry */
	PLAN_REFUSED, /* by a PromotionPolicy */
	PLAN_NOT_OURS, /* somebody else promotes it */
};

/* A status item as it is to be. */
struct plan_change {
	const char *task;
	const char *job; /* its name; empty for an item that never had one */
	enum view_state state;
	enum plan_reason reason;
};

struct plan_action {
	enum plan_kind kind;
	enum plan_reason reason;
	const struct view_version *version; /* always */
	const struct view_version *by; /* SUPERSEDE, DEPRECATE: the newer one; NULL if not that */
	const struct view_job *job; /* CREATE_CODE, UNSUSPEND, SET_TTL, DELETE */
	const char *task; /* CREATE_JOB */
	unsigned attempt; /* CREATE_JOB, COMMIT */
	struct job_name name; /* CREATE_JOB */
	const struct view_item *item; /* GET_JOB */
	enum view_state promotion; /* COMMIT, RECORD: the new promotionStatus; NONE: as it is */
	size_t first, count; /* COMMIT, RECORD: of plan.changes */
};

/* Points into what was seen. Keeps its memory from one plan to the next. */
struct plan {
	struct plan_action *actions;
	size_t nactions, actions_cap;
	struct plan_change *changes;
	size_t nchanges, changes_cap;
	int64_t wake; /* plan again then, though nothing changes; 0: no need */
};

#define PLAN_INIT {.wake = 0}

void plan_release(struct plan *p); /* for CLEANUP() too */

/* now: seconds since 1970. random: a new one each time; the names of new Jobs are made of it. */
void plan(const struct view *view, int64_t now, uint64_t random, struct plan *ret);

#endif
