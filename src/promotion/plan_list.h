/*
 * plan_list - what a plan is: a list of actions, each with its precondition. plan() adds to it, and
 * reconciler/execute.h carries it out.
 */
#ifndef PROMOGATE_PROMOTION_PLAN_LIST_H
#define PROMOGATE_PROMOTION_PLAN_LIST_H

#include "job/name.h"
#include "promotion/view.h"

/*
 * "rv": only if the version still has the resourceVersion that the view has. "uid": only if the Job
 * still has this uid.
 */
enum plan_kind {
	PLAN_CREATE_JOB, /* named `name`, suspended, for task and attempt; version owns it */
	PLAN_CREATE_CODE, /* the ConfigMap of job, which owns it */
	PLAN_DEPRECATE, /* rv: promotionStatus Deprecated */
	PLAN_SUPERSEDE, /* rv: the annotation superseded-by, naming `other` */
	PLAN_CLAIM, /* rv: the annotation claim, with the term of the view and `nonce` */
	PLAN_COMMIT, /* rv: open the items of changes, promotionStatus Progressing */
	PLAN_UNSUSPEND, /* uid */
	PLAN_QUEUE, /* uid, and only as the view has the Job: released to Kueue, and suspended */
	PLAN_GET_JOB, /* GET the Job that item names, live; see below */
	PLAN_RECORD, /* rv: end the items of changes, and the phase if promotion is not VIEW_NONE */
	PLAN_SET_TTL, /* uid: set ttlSecondsAfterFinished */
	PLAN_DELETE, /* uid, with background propagation */
	PLAN_REPORT, /* report, once until it changes, why version does not start */
	PLAN_ANNOTATE, /* rv: the annotations waiting and outcome */
	PLAN_ENROL, /* rv: the annotation added-tasks, naming the tasks that are added */
	PLAN_LEAVE, /* rv: removes it */
};
/*
 * PLAN_GET_JOB: NotFound puts the name into view.gone from now on. Any other answer changes
 * nothing: the view lags, and the watch will deliver the Job.
 */

/* Why an item Failed without a failed Job, a Job is deleted, or a version does not start. */
enum plan_reason {
	PLAN_NO_REASON,
	PLAN_MISSING_JOB, /* it was deleted before it ended */
	PLAN_ABORTED,
	PLAN_LEFT_OVER, /* no commit can name this Job any more */
	PLAN_DEADLINE, /* a definition was not created in time */
	PLAN_NO_DEFINITION, /* some of version->tasks are not defined */
	PLAN_LIMIT_REACHED, /* the limit on running Jobs */
	PLAN_TURN, /* other applications of its namespace create their Jobs first */
	PLAN_CREATE_REFUSED, /* a Job could not be created; retried after a pause */
	PLAN_CLAIMED, /* by a later leader */
	PLAN_SIBLING_RUNS, /* another version of the application, `other` */
	PLAN_TOO_OLD, /* it is promoted only after a manual retry */
	PLAN_REFUSED, /* by a PromotionPolicy */
	PLAN_NOT_OURS, /* another program promotes it */
	/* A person's annotation has no effect; `attempt` is the one to name, 0 for none. */
	PLAN_RETRY_IGNORED,
	PLAN_ABORT_IGNORED,
};

/* What a write does with an annotation. */
enum plan_note { PLAN_KEEP, PLAN_SET, PLAN_REMOVE };

/* A status item as it will be. */
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
	const struct view_version *other; /* SUPERSEDE, DEPRECATE: the newer one; REPORT or NULL */
	const struct view_job *job; /* CREATE_CODE, UNSUSPEND, QUEUE, SET_TTL, DELETE */
	const char *task; /* CREATE_JOB */
	unsigned attempt; /* CREATE_JOB, COMMIT; REPORT of an ignored annotation */
	struct job_name name; /* CREATE_JOB */
	/* CREATE_JOB: for its task. RECORD that ends the phase Failed or Warning: what led to it. */
	struct view_decision decision;
	const struct view_item *item; /* GET_JOB */
	uint64_t nonce; /* CLAIM; not 0 */
	enum view_state promotion; /* COMMIT, RECORD: the new promotionStatus; NONE: as it is */
	size_t first, count; /* COMMIT, RECORD: of plan.changes */
	enum plan_note waiting, outcome; /* ANNOTATE, SUPERSEDE */
	const char *text; /* of the annotation waiting, if it is set */
};

/* The version that is next, if it can't start yet. */
struct plan_wait {
	const struct view_version *version; /* NULL: none waits */
	enum plan_reason reason; /* as that of its REPORT */
	unsigned needed; /* Jobs that its attempt will run */
	const struct view_version *other; /* that of its REPORT */
};

/* The version that these actions start, or prepare to. */
struct plan_start {
	const struct view_version *version; /* NULL: none starts */
	unsigned jobs; /* that its attempt runs */
};

/* Points into the view. Keeps its memory from one plan to the next. */
struct plan {
	struct plan_action *actions;
	size_t nactions, actions_cap;
	struct plan_change *changes;
	size_t nchanges, changes_cap;
	struct plan_wait wait;
	struct plan_start start;
	int64_t wake; /* plan again at this time, even if nothing changes; 0: no need */
	char *text; /* why wait.version waits, if an action has it */
};

#define PLAN_INIT {.wake = 0}

void plan_release(struct plan *p); /* for CLEANUP() too */
/* An empty plan again, with the memory of the former. */
void plan_reset(struct plan *p);

/* A new action at the end; valid until the next one is added. */
struct plan_action *plan_add(struct plan *p, enum plan_kind kind, const struct view_version *v);
void plan_add_job(struct plan *p, enum plan_kind kind, enum plan_reason reason,
	const struct view_version *v, const struct view_job *job);
void plan_add_change(struct plan *p, struct plan_change change);
/* The action becomes the first one. */
void plan_move_first(struct plan *p, size_t action);
/* Whether something is rejected without which v does not go on. */
bool plan_held_up(const struct plan *p, const struct view *view, const struct view_version *v);
/* Whether an action of this kind writes its version. */
bool plan_writes_version(enum plan_kind kind);
/*
 * Whether a write whose reply was lost has reached its version: this is how that is seen now, with
 * another resourceVersion.
 */
bool plan_landed(const struct plan *p, const struct plan_action *a, const struct view_version *now);
/* A COMMIT or RECORD of the changes from first on. */
struct plan_action *plan_add_patch(struct plan *p, enum plan_kind kind,
	const struct view_version *v, size_t first, enum view_state promotion);
/* Plan again at this time at the latest. */
void plan_wake(struct plan *p, int64_t when);

#endif
