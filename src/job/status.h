/*
 * status - a promotion Job as read back: its version, task and state. Borrows from the JSON it was
 * read from.
 */
#ifndef PROMOGATE_JOB_STATUS_H
#define PROMOGATE_JOB_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#include "json/json.h"
#include "keptn/onfailure.h"

/*
 * A Job has ended once `Complete` or `Failed` is True, and not before: `SuccessCriteriaMet` and
 * `FailureTarget` are set while its pods still run (KEP-3850, KEP-3998).
 */
enum job_state {
	JOB_SUSPENDED, /* or its parallelism is 0: no pod starts */
	JOB_RUNNING,
	JOB_SUCCEEDED,
	JOB_FAILED,
};

/* Of a uid; the API server's have 36. */
enum { JOB_UID_BYTES = 63 };

struct job_status {
	const char *namespace, *name, *uid, *resource_version;
	/*
	 * From the pod's PROMOGATE_ID, which is immutable; "" for a Job that is not Promogate's.
	 * People can change owners, labels and annotations.
	 */
	char version_uid[JOB_UID_BYTES + 1];
	const char *task;
	const char *owner_uid; /* of the KeptnAppVersion that controls it, or "" */
	int64_t term; /* in which it was created, as the annotation says; 0 for none */
	uint32_t attempt; /* from the Job's name; 0 for a name that Promogate does not make */
	const char *app; /* the annotation keptn.sh/app, else the label promogate.dev/app, or "" */
	const char *context; /* the pod's KEPTN_CONTEXT, which is immutable; "" for none */
	/* From the pod's PROMOGATE_ON_FAILURE, which is immutable; UNSET: it carries none. */
	enum on_failure_choice on_failure;
	const char *decided_by; /* the annotation, which anybody can change; "" for none */
	int64_t ttl_seconds; /* what ttlSecondsAfterFinished will be set to */
	bool ttl_set; /* it has been set */
	bool deleting;
	bool released; /* it was released once: so it is not locked, whatever its annotation says */
	bool locked; /* its parallelism is 0: no pod starts, even if it is resumed */
	/*
	 * Kueue's queue, which decides when it runs; "" for none. That of its definition, or of its
	 * label while it is suspended: Kueue sets the label of a namespace's default queue. A Job
	 * that Kueue has resumed before its release is Kueue's to suspend, since its pod template
	 * has what Kueue takes out of it then.
	 */
	const char *queue;
	bool brings_code; /* it mounts a ConfigMap of its own name, which must exist first */
	enum job_state state;
	const char *reason, *message; /* of the condition that ended it, else "" */
};

void job_status_read(const struct json *job, struct job_status *ret);

#endif
