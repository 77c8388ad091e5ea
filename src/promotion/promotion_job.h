/*
 * promotion_job - what is needed of a Job that Promogate created. Immutable, and freed with its
 * last reference, as struct appversion; one thread at a time.
 *
 * Its application, version, task and attempt are read from immutable fields: KEPTN_CONTEXT and
 * PROMOGATE_ID of the pod, and the name of the Job. So a person may remove or change annotations,
 * labels and owners, except the label app.kubernetes.io/managed-by: without it no watch delivers
 * the Job. It does not count as missing then, since a live GET finds it, and gets its label back.
 */
#ifndef PROMOGATE_PROMOTION_PROMOTION_JOB_H
#define PROMOGATE_PROMOTION_PROMOTION_JOB_H

#include "base/mem.h"
#include "json/json.h"
#include "promotion/view.h"

struct promotion_job {
	/*
	 * ready: it needs no ConfigMap, or is not suspended any more; otherwise the snapshot sets
	 * it in its copy.
	 */
	struct view_job view;
	const char *namespace, *app;
	const char *reason, *message; /* of the condition that ended it, or "" */
	const char *resource_version;
	const char *queue; /* that its release hands it over to; "": none */
	int64_t ttl_seconds; /* the ttlSecondsAfterFinished to set */
	bool queued; /* it was released, and Kueue keeps it suspended: it does not run */
	unsigned refs;
};

/*
 * With one reference, the caller's. NULL if it is not Promogate's: it has no PROMOGATE_ID, or
 * job_name_make() gives no Job of its task this name.
 */
struct promotion_job *promotion_job_decode(const struct json *object);
/* What a Job must have so that Promogate finds it again, holds it back and owns it. */
struct promotion_job_asked {
	const char *version_uid, *app, *task;
	unsigned attempt;
	enum on_failure on_failure;
};

/*
 * The field in which a Job, as the API server returned its creation, is not as asked: an admission
 * policy has changed it. NULL: as asked.
 */
const char *promotion_job_changed(const struct json *job, const struct promotion_job_asked *asked);

struct promotion_job *promotion_job_ref(struct promotion_job *j);
void promotion_job_unref(struct promotion_job *j); /* NULL is fine */
DEFINE_CLEANUP(struct promotion_job, promotion_job_unref)

#endif
