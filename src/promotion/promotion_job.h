/*
 * promotion_job - a Job that Promogate made, as far as it is judged. Never changed once it is made, and
 * freed with its last reference, as struct appversion; one thread at a time.
 *
 * What it is of is read from what nobody can change: the pod's KEPTN_CONTEXT names the application
 * and its PROMOGATE_ID the task, and the Job's name has the attempt. So annotations and labels that
 * a person took away or changed make no difference, but for the label app.kubernetes.io/managed-by:
 * without it no watch delivers the Job, as if it were not there. It is not taken for a Job that is
 * missing, since a live GET still finds it. Without its owner it is none of ours any more.
 */
#ifndef PROMOGATE_PROMOTION_PROMOTION_JOB_H
#define PROMOGATE_PROMOTION_PROMOTION_JOB_H

#include "base/mem.h"
#include "json/json.h"
#include "promotion/view.h"

struct promotion_job {
	/*
	 * ready: it needs no ConfigMap, or is not suspended any more; otherwise whoever judges sets
	 * it in a copy.
	 */
	struct view_job view;
	const char *namespace, *app;
	const char *start; /* status.startTime; "" before */
	/* Of the condition that ended it, "" otherwise; the time as the API server writes it. */
	const char *reason, *message, *since;
	int64_t ttl_seconds; /* what ttlSecondsAfterFinished is to become */
	bool brings_code; /* it mounts a ConfigMap of its own name */
	unsigned refs;
};

/*
 * With one reference, the caller's. NULL if it is none of ours: no KeptnAppVersion controls it, or
 * its name is not one that job_name_make() gives a Job of its task.
 */
struct promotion_job *promotion_job_decode(const struct json *object);
struct promotion_job *promotion_job_ref(struct promotion_job *j);
void promotion_job_unref(struct promotion_job *j); /* NULL is fine */
DEFINE_CLEANUP(struct promotion_job, promotion_job_unref)

#endif
