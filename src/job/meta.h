/*
 * meta - the metadata of a promotion Job, of its pods and of its ConfigMap: what people select them
 * by, and what is read back from a Job (job/status.h).
 *
 * Labels are for people (`kubectl get jobs -l promogate.dev/app=podtato-head`): a value that is
 * too long or not valid is cut and hashed (kube/labelvalue.h). The full values are annotations of
 * the Job, under Keptn's own keys where Keptn has one.
 */
#ifndef PROMOGATE_JOB_META_H
#define PROMOGATE_JOB_META_H

#include "job/spec.h"
#include "json/emit.h"
#include "keptn/onfailure.h"

/* Labels. */
#define JOB_APP        "promogate.dev/app"
#define JOB_VERSION    "promogate.dev/version"
#define JOB_TASK       "promogate.dev/task" /* and an annotation: the full name */
#define JOB_ATTEMPT    "promogate.dev/attempt"
#define JOB_MANAGED_BY "app.kubernetes.io/managed-by"
#define JOB_MANAGER    "promogate"

/* Annotations. As in Keptn, the task-name is the name in the status item: here, the Job's. */
#define JOB_KEPTN_APP     "keptn.sh/app"
#define JOB_KEPTN_VERSION "keptn.sh/version"
#define JOB_KEPTN_TASK    "keptn.sh/task-name"
/* Kept here because the definition may be gone once the outcome has been recorded. */
#define JOB_TTL "promogate.dev/ttl-seconds-after-finished"

/* Written once the outcome is recorded: the blocking policy, its source, and what happened. */
#define JOB_ON_FAILURE ON_FAILURE_ANNOTATION
#define JOB_DECIDED_BY "promogate.dev/decided-by"
/* Set when it is resumed: a Job that is suspended after that was suspended on purpose. */
#define JOB_RELEASED "promogate.dev/released"
#define JOB_OUTCOME  "promogate.dev/outcome"
#define JOB_REASON   "promogate.dev/reason"
#define JOB_MESSAGE  "promogate.dev/message"

/* In the environment of its pods; PROMOGATE_ID is "<uid of the version>/<task>". */
#define JOB_CONTEXT_VARIABLE "KEPTN_CONTEXT"
#define JOB_ID_VARIABLE      "PROMOGATE_ID"
#define JOB_ATTEMPT_VARIABLE "PROMOGATE_ATTEMPT"

/* The default of Keptn's CRD. */
enum { DEFAULT_TTL_SECONDS = 300 };

/* The name of the task. */
const char *job_meta_task(const struct job_spec *s);

/* Each emits "metadata" and its value. */
void job_meta_emit_job(const struct job_spec *s, struct emit *e);
void job_meta_emit_pod(const struct job_spec *s, struct emit *e);
void job_meta_emit_code(const struct job_spec *s, const char *job_uid, struct emit *e);

/* Emits "ownerReferences" and its value: the KeptnAppVersion of this name and uid. */
void job_meta_emit_owner(struct emit *e, const char *name, const char *uid);

#endif
