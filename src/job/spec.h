/*
 * spec - the Job of a promotion task: field by field as Keptn makes it, and in addition
 *
 *   - suspended: it may run only once its version's status names it and its ConfigMap exists
 *   - with parallelism 0 until then: what resumes it earlier (a person, Kueue) starts no pod.
 *     completions is 1, its default where parallelism is not set
 *   - with an annotation that keeps the name of its queue of Kueue: it is released to this queue, and
 *     its label names none that exists until then
 *   - without ttlSecondsAfterFinished: it must not be deleted before its outcome is recorded
 *   - PROMOGATE_ON_FAILURE in the environment, from which the outcome of the promotion follows if
 *     it fails: the annotations that say the same can be changed
 *   - PROMOGATE_ID and PROMOGATE_ATTEMPT in the environment, by which a task can make its effect
 *     idempotent: Kubernetes may run a container again inside one Job. PROMOGATE_ID is
 *     "<uid of the KeptnAppVersion>/<task>": the same for every attempt of this version and task,
 *     unique across clusters, and made of letters, digits, '-', '.' and '/' only
 *   - the code of a function, if it is inline or in another namespace, in an immutable ConfigMap
 *     of the Job's name, which the Job owns
 */
#ifndef PROMOGATE_JOB_SPEC_H
#define PROMOGATE_JOB_SPEC_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "job/input.h"
#include "json/json.h"

/*
 * Appends the Job; after a failure, `to` does not hold valid JSON. ERR_INVALID if no image is given
 * for the runtime; ERR_TOO_LARGE if the Job does not fit in `to` or LIMIT_JOB_BYTES.
 */
int job_spec_encode(const struct job_spec *s, struct buf *to, struct err *err);

/* The ConfigMap that must exist before a Job runs. */
struct job_spec_code {
	bool needed;
	/* Where it is copied from; NULL if the code is inline. */
	const char *source_namespace, *source_name;
};

struct job_spec_code job_spec_code(const struct job_spec *s);

/*
 * Appends this ConfigMap. job_uid is the uid that the API server gave the Job; source is the
 * ConfigMap to copy, or NULL. ERR_INVALID if source has no key "code"; ERR_TOO_LARGE as above.
 */
int job_spec_encode_code(const struct job_spec *s, const char *job_uid, const struct json *source,
	struct buf *to, struct err *err);

#endif
