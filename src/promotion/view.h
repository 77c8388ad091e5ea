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
enum seen_state {
	SEEN_NONE, /* empty, or absent */
	SEEN_PENDING,
	SEEN_PROGRESSING, /* of an item: it is open */
	SEEN_SUCCEEDED,
	SEEN_FAILED,
	SEEN_WARNING,
	SEEN_DEPRECATED,
	SEEN_UNKNOWN, /* Keptn's Unknown, and whatever a newer Keptn may write */
};

/* One entry of spec.promotionTasks, each name once. */
struct seen_task {
	const char *name;
	bool defined; /* its KeptnTaskDefinition is there, and can run */
};

/* One entry of status.promotionTaskStatus. */
struct seen_item {
	const char *task; /* definitionName */
	const char *job; /* name; empty where the task failed before it had a Job */
	enum seen_state state;
	unsigned attempt; /* job_name_attempt(job, task); 1 without a Job */
};

/* A KeptnAppVersion. */
struct seen_version {
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
	enum seen_state promotion; /* promotionStatus */
	unsigned retry, abort; /* annotations: the attempt that a person names; 0 for none */
	enum on_failure on_failure; /* resolved for this version */
	const struct seen_task *tasks;
	size_t ntasks;
	const struct seen_item *items;
	size_t nitems;
};

enum seen_outcome { SEEN_RUNNING, SEEN_COMPLETE, SEEN_JOB_FAILED };

/* A Job that Promogate made: others are not handed to plan(). */
struct seen_job {
	const char *name, *uid;
	const char *version_uid; /* its owner */
	const char *task;
	unsigned attempt;
	bool suspended;
	bool deleting; /* has a deletionTimestamp */
	bool expires; /* has ttlSecondsAfterFinished */
	bool released; /* it was let run: if it is suspended now, somebody paused it */
	bool ready; /* the ConfigMap with its code is there, or it needs none */
	enum seen_outcome outcome; /* the condition Complete or Failed is True */
};

struct seen {
	const struct seen_version *versions; /* in any order */
	size_t nversions;
	const struct seen_job *jobs; /* in any order */
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
bool seen_active(const struct seen_version *v);
/* Its Jobs that were committed and whose end is not recorded; none where they are not ours. */
unsigned seen_open_items(const struct seen_version *v);
/* It can never start (again): Deprecated, superseded, Succeeded, not ours, or nothing to start. */
bool seen_absorbed(const struct seen_version *v);
/* Delivered, and attempt 1 was neither committed nor given up. Not the past. */
bool seen_waits(const struct seen *seen, const struct seen_version *v);
/* An attempt was committed, or ended without. */
bool seen_started(const struct seen_version *v);
/* The last attempt that was committed or given up; 0 before the first. */
unsigned seen_attempt(const struct seen_version *v);
/* A person aborts this attempt. */
bool seen_aborted(const struct seen_version *v, unsigned attempt);
/* Longer than max_age it waited, and no person has said retry. */
bool seen_too_old(const struct seen *seen, const struct seen_version *v, int64_t now);
/* By creation, revision, generation, and, so that there is always an answer, name. */
bool seen_newer(const struct seen_version *a, const struct seen_version *b);
/* promotionStatus Succeeded, Failed, Warning or Deprecated. */
bool seen_ended(enum seen_state s);

/* NULL where there is none. */
const struct seen_item *seen_item(const struct seen_version *v, const char *task);
const struct seen_version *seen_owner(const struct seen *seen, const struct seen_job *job);
const struct seen_job *seen_named(
	const struct seen *seen, const struct seen_version *v, const char *name);
bool seen_gone(const struct seen *seen, const char *name);

#endif
