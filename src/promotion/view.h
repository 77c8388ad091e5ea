/*
 * view - what a replica knows of one application, in the terms of docs/promotion-protocol.md.
 *
 * The caller of plan() owns everything. It may be older than the state of the API server by any
 * amount, with two exceptions: the versions are as they were together at one moment, because one
 * watch delivers them all in order; and `gone` stays true.
 */
#ifndef PROMOGATE_PROMOTION_VIEW_H
#define PROMOGATE_PROMOTION_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keptn/onfailure.h"

/* Of a promotionStatus or a status item. */
enum view_state {
	VIEW_NONE, /* empty, or absent */
	VIEW_PENDING,
	VIEW_PROGRESSING, /* of an item: it is open */
	VIEW_SUCCEEDED,
	VIEW_FAILED,
	VIEW_WARNING,
	VIEW_DEPRECATED,
	VIEW_UNKNOWN, /* Keptn's Unknown, and anything else */
};

/* Why a version has a task: rule 15. */
enum view_task_kind {
	VIEW_OWN, /* spec.promotionTasks */
	VIEW_ADDED, /* policies add it, as this replica sees them now; it is not its own */
	VIEW_FORMER, /* it has an item, and is neither of them */
};

/* Each name once. */
struct view_task {
	const char *name;
	enum view_task_kind kind;
	bool defined; /* its KeptnTaskDefinition exists and can run */
};

/* One entry of status.promotionTaskStatus. */
struct view_item {
	const char *task; /* definitionName */
	const char *job; /* name; empty if the task failed before it had a Job */
	enum view_state state;
	unsigned attempt; /* job_name_attempt(job, task); 1 without a Job */
};

/* A KeptnAppVersion. */
struct view_version {
	const char *name, *uid, *resource_version;
	const char *version, *previous; /* spec.version and spec.previousVersion; "" if absent */
	/* creationTimestamp, seconds since 1970; with rank and the next two: which is newer */
	int64_t created;
	int64_t revision, generation;
	/* The operator will write no more: every phase before the promotion succeeded. */
	bool delivered;
	/* Another program promotes it: it has items, or a state, that Promogate never wrote. */
	bool foreign;
	/*
	 * A Job of it was refused, and the pause after that is not over: none is created, and those
	 * that wait for others are given back.
	 */
	bool create_refused;
	bool superseded; /* has the annotation promogate.dev/superseded-by */
	bool enrolled; /* has the annotation promogate.dev/added-tasks */
	int64_t ended; /* endTime, seconds since 1970, if delivered */
	/*
	 * Since when this leader has seen, without a break, that a task that it needs is not
	 * defined; 0: this view is the first. In the time of `now`, whatever clock it was taken by.
	 */
	int64_t undefined_since;
	/* Which PromotionPolicy forbids that it starts, and what to change; NULL: none does. */
	const char *refused;
	/* The annotation promogate.dev/claim: whose claim was written last; 0 for none. */
	uint64_t claim_term, claim_nonce;
	enum view_state promotion; /* promotionStatus */
	unsigned retry, abort; /* annotations: the attempt that a person names; 0 for none */
	const char *waiting; /* the annotation promogate.dev/waiting; NULL or "": it has none */
	unsigned
		outcome; /* the attempt that the annotation promogate.dev/outcome is about; 0: none */
	const char *lacking; /* why tasks are not defined, in sentences; NULL: no cause is known */
	const char *rejected; /* what the API server rejects of it, and why; NULL: nothing */
	int64_t waits_since; /* since when it waits, or something is rejected; 0: since now */
	unsigned rank; /* by view_rank(); 0 before */
	/* Its own; of one that may start also the others, after them. */
	const struct view_task *tasks;
	size_t ntasks;
	const struct view_item *items;
	size_t nitems;
};

enum view_outcome { VIEW_RUNNING, VIEW_COMPLETE, VIEW_JOB_FAILED };

/*
 * A Job with the label and the marks of one that Promogate created; plan() is given no others. Any
 * user who may create Jobs can forge it: before the commit, only `own` proves where it comes from.
 */
struct view_job {
	const char *name, *uid;
	const char *version_uid; /* of its version, from its PROMOGATE_ID */
	const char *task;
	unsigned attempt;
	uint64_t term; /* of the replica that created it, as its annotation says; 0 for none */
	/* What its failure means, decided when it was created; UNSET: it carries no decision. */
	enum on_failure_choice on_failure;
	const char *decided_by; /* who decided that, as its annotation says */
	bool suspended; /* or its parallelism is 0: no pod starts */
	bool own; /* created in this term: its uid is that of a reply to our create */
	bool locked; /* its parallelism is 0: no pod starts, even if somebody resumes it */
	bool deleting; /* has a deletionTimestamp */
	bool expires; /* has ttlSecondsAfterFinished */
	/* It was released before: if it is suspended now, Kueue or a person decides when it runs. */
	bool released;
	bool has_queue; /* its release hands it over to Kueue */
	bool ready; /* the ConfigMap with its code exists, or it needs none */
	enum view_outcome outcome; /* the condition Complete or Failed is True */
};

/* What a failed task of the application means, if that is decided now. */
struct view_decision {
	const char *task;
	enum on_failure on_failure;
	const char *decided_by; /* in words: "policy prod@7" */
};

struct view {
	const struct view_version *versions; /* in any order */
	size_t nversions;
	const struct view_job *jobs; /* in any order */
	size_t njobs;
	/* For each task that may start, or that an item of a version that runs is about. */
	const struct view_decision *decisions;
	size_t ndecisions;
	/* Names of Jobs for which a live GET answered NotFound after the item was seen. */
	const char *const *gone;
	size_t ngone;
	uint64_t term; /* of this replica: that of each later leader is greater */
	/* The nonce of our last claim, if no commit was sent since; 0: none. */
	uint64_t claim;
	unsigned room; /* Jobs that may start under the limit */
	bool held; /* a create failed in its namespace, and other applications go first */
	bool idle; /* none runs: a version with more tasks than the limit may start */
	int64_t since; /* earlier deliveries are not promoted */
	int64_t max_age; /* seconds a delivered version may wait; 0: no limit */
	int64_t deadline; /* seconds a definition may be missing; 0: no limit */
	const char *namespace;
	/* Seconds it waits before the version is annotated with the reason; 0: never, nor outcomes. */
	int64_t explain_after;
};

/* An item is open, whatever promotionStatus is: the operator deprecates versions that run. */
bool view_active(const struct view_version *v);
/* Its Jobs that are committed and whose end is not recorded; 0 if it is foreign. */
unsigned view_open_items(const struct view_version *v);
/* It can never start (again): Deprecated, superseded, Succeeded, or foreign. */
bool view_over(const struct view_version *v);
/*
 * It has tasks of its own, is enrolled, or an item names a Job: rule 15. Other versions do not
 * count, whatever policies add to them.
 */
bool view_takes_part(const struct view_version *v);
/* Over, or it does not take part. */
bool view_absorbed(const struct view_version *v);
/* It would wait, if it took part. */
bool view_may_wait(const struct view *view, const struct view_version *v);
/* Takes part, delivered, not before `since`, and attempt 1 was neither committed nor given up. */
bool view_waits(const struct view *view, const struct view_version *v);
/* An attempt was committed: an item names a Job. */
bool view_committed(const struct view_version *v);
/* An attempt was committed, or given up. */
bool view_started(const struct view_version *v);
/* The last attempt that was committed or given up; 0 before the first. */
unsigned view_attempt(const struct view_version *v);
/* The annotation aborts this attempt. */
bool view_aborted(const struct view_version *v, unsigned attempt);
/* This attempt, which was not committed, never will be: it, or a later one, was aborted. */
bool view_used_up(const struct view_version *v, unsigned attempt);
/* The first attempt after this one that is not used up. */
unsigned view_attempt_after(const struct view_version *v, unsigned last);
/*
 * When it could have started first: its delivery, or the end of the last sibling's promotion that
 * it waited for.
 */
int64_t view_in_line_since(const struct view *view, const struct view_version *v);
/* It has waited longer than max_age since then, without a manual retry. */
bool view_too_old(const struct view *view, const struct view_version *v, int64_t now);
/*
 * Ranks all versions of an application, those of one creation second among each other: the rank is
 * how many of them follow when each version string leads to its previous one. All of one version
 * string have one rank. On a path that never ends, all have the same rank, higher than any other.
 */
void view_rank(struct view_version *versions, size_t n);
/* By creation, rank, revision, generation and, so that no two are equal, name. */
bool view_newer(const struct view_version *a, const struct view_version *b);
/* promotionStatus Succeeded, Failed, Warning or Deprecated. */
bool view_ended(enum view_state s);

/* NULL if there is none. */
const struct view_item *view_item(const struct view_version *v, const char *task);
const struct view_version *view_with_uid(const struct view *view, const char *uid);
const struct view_version *view_owner(const struct view *view, const struct view_job *job);
const struct view_job *view_named(
	const struct view *view, const struct view_version *v, const char *name);
bool view_gone(const struct view *view, const char *name);
/* Block, by the default, for a task that the view has no decision about. */
struct view_decision view_decision(const struct view *view, const char *task);

#endif
