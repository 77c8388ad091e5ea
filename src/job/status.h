/*
 * status - a promotion Job, read again: which task of which version it is of, and how far it
 * is. Borrows from the JSON it was read from.
 */
#ifndef PROMOGATE_JOB_STATUS_H
#define PROMOGATE_JOB_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#include "json/json.h"

/*
 * A Job has ended when `Complete` or `Failed` is True, and not before: `SuccessCriteriaMet` and
 * `FailureTarget` come while its pods still run (KEP-3850, KEP-3998).
 */
enum job_state { JOB_SUSPENDED, JOB_RUNNING, JOB_SUCCEEDED, JOB_FAILED };

struct job_status {
	const char *namespace, *name, *uid;
	const char *owner_uid; /* of the KeptnAppVersion; "" if it is of none, and so not ours */
	/*
	 * The full name: what the pod's PROMOGATE_ID says, which nobody can change; in a Job
	 * without one, the annotation, or "".
	 */
	const char *task;
	/* As the Job's name says, which nobody can change; 0 if it is no name of a Job of ours. */
	uint32_t attempt;
	const char
		*app; /* the annotation keptn.sh/app, or else the label promogate.dev/app, or "" */
	const char *context; /* the pod's KEPTN_CONTEXT, which nobody can change; "" for none */
	int64_t ttl_seconds; /* what ttlSecondsAfterFinished is to become */
	bool ttl_set; /* … and that it has become something */
	bool deleting;
	bool released; /* it was let run */
	bool brings_code; /* it mounts a ConfigMap of its own name, which must be there first */
	enum job_state state;
	const char *start; /* status.startTime; "" before */
	/* Of the condition that ended it, "" otherwise; the time as the API server writes it. */
	const char *reason, *message, *since;
};

void job_status_read(const struct json *job, struct job_status *ret);

#endif
