/*
 * view - what a replica has seen of one application, and the protocol's words about it
 * (docs/promotion-protocol.md).
 *
 * Everything is borrowed from whoever calls plan(), and may lag behind the API server by any
 * amount, with two exceptions: the versions are as they were together at one moment, because one
 * watch delivers them all in order; and `gone` is true for good.
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
	VIEW_UNKNOWN, /* Keptn's Unknown, and whatever a newer Keptn may write */
};

/* One entry of spec.promotionTasks, each name once. */
struct view_task {
	const char *name;
	bool defined; /* its KeptnTaskDefinition is there, and can run */
};

/* One entry of status.promotionTaskStatus. */
struct view_item {
	const char *task; /* definitionName */
	const char *job; /* name; empty where the task failed before it had a Job */
	enum view_state state;
	unsigned attempt; /* job_name_attempt(job, task); 1 without a Job */
};

/* A KeptnAppVersion. */
struct view_version {
	const char *name, *uid, *resource_version;
	/* creationTimestamp, seconds since 1970; with the next two: which is newer */
	int64_t created;
	int64_t revision, generation;
	/* The operator has written its last: every phase before the promotion ended well. */
	bool delivered;
	int64_t ended; /* endTime, seconds since 1970, where delivered */
	/* Somebody else promotes it: it has items, or a state, that Promogate never wrote. */
	bool foreign;
	bool refused; /* a PromotionPolicy that denies is violated */
	bool superseded; /* has the annotation promogate.dev/superseded-by */
	enum view_state promotion; /* promotionStatus */
	unsigned retry, abort; /* annotations: the attempt that a person names; 0 for none */
	enum on_failure on_failure; /* resolved for this version */
	const struct view_task *tasks;
	size_t ntasks;
	const struct view_item *items;
	size_t nitems;
};

enum view_outcome { VIEW_RUNNING, VIEW_COMPLETE, VIEW_JOB_FAILED };

/* A Job that Promogate made: others are not handed to plan(). */
struct view_job {
	const char *name, *uid;
	const char *version_uid; /* its owner */
	const char *task;
	unsigned attempt;
	bool suspended;
	bool deleting; /* has a deletionTimestamp */
	bool expires; /* has ttlSecondsAfterFinished */
	bool released; /* it was let run: if it is suspended now, somebody paused it */
	bool ready; /* the ConfigMap with its code is there, or it needs none */
	enum view_outcome outcome; /* the condition Complete or Failed is True */
};

struct view {
	const struct view_version *versions; /* in any order */
	size_t nversions;
	const struct view_job *jobs; /* in any order */
	size_t njobs;
	/*
	 * Names of Jobs of which a live GET, made after the item that names them was seen, said
	 * 404.
	 */
	const char *const *gone;
	size_t ngone;
	unsigned room; /* Jobs that may start under the cap */
	bool idle; /* none runs: a version with more tasks than the cap may start */
	int64_t since; /* what was delivered before is the past */
	int64_t max_age; /* seconds a delivered version may wait; 0: for ever */
	/* seconds a delivered version may wait for its definitions; 0: for ever */
	int64_t deadline;
};

/* An item is open, whatever promotionStatus says (the operator deprecates what runs). */
bool view_active(const struct view_version *v);
/* Its Jobs that were committed and whose end is not recorded; none where they are not ours. */
unsigned view_open_items(const struct view_version *v);
/* It can never start (again): Deprecated, superseded, Succeeded, not ours, or nothing to start. */
bool view_absorbed(const struct view_version *v);
/* Delivered, and attempt 1 was neither committed nor given up. Not the past. */
bool view_waits(const struct view *view, const struct view_version *v);
/* An attempt was committed, or ended without. */
bool view_started(const struct view_version *v);
/* The last attempt that was committed or given up; 0 before the first. */
unsigned view_attempt(const struct view_version *v);
/* A person aborts this attempt. */
bool view_aborted(const struct view_version *v, unsigned attempt);
/* Longer than max_age it waited, and no person has said retry. */
bool view_too_old(const struct view *view, const struct view_version *v, int64_t now);
/* By creation, revision, generation, and, so that there is always an answer, name. */
bool view_newer(const struct view_version *a, const struct view_version *b);
/* promotionStatus Succeeded, Failed, Warning or Deprecated. */
bool view_ended(enum view_state s);

/* NULL where there is none. */
const struct view_item *view_item(const struct view_version *v, const char *task);
const struct view_version *view_owner(const struct view *view, const struct view_job *job);
const struct view_job *view_named(
	const struct view *view, const struct view_version *v, const char *name);
bool view_gone(const struct view *view, const char *name);

#endif
