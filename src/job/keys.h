/*
 * keys - the labels, annotations and environment variables of a promotion Job and its pods.
 */
#ifndef PROMOGATE_JOB_KEYS_H
#define PROMOGATE_JOB_KEYS_H

#include "keptn/onfailure.h"

/* Labels. */
#define JOB_APP        "promogate.dev/app"
#define JOB_VERSION    "promogate.dev/version"
#define JOB_TASK       "promogate.dev/task" /* and an annotation: the full name */
#define JOB_ATTEMPT    "promogate.dev/attempt"
#define JOB_MANAGED_BY "app.kubernetes.io/managed-by"
#define JOB_MANAGER    "promogate"
/*
 * Kueue decides when a Job with this label runs. Until its release, the label names a queue that
 * does not exist: without it, Kueue would set that of a namespace's default queue.
 */
#define JOB_QUEUE      "kueue.x-k8s.io/queue-name"
#define JOB_QUEUE_NONE "not-released.promogate.dev"

/* Annotations. As in Keptn, the task-name is the name in the status item: here, the Job's. */
#define JOB_KEPTN_APP     "keptn.sh/app"
#define JOB_KEPTN_VERSION "keptn.sh/version"
#define JOB_KEPTN_TASK    "keptn.sh/task-name"
/* Kept here because the definition may be gone once the outcome has been recorded. */
#define JOB_TTL "promogate.dev/ttl-seconds-after-finished"

/* The leader's term in which it was created. */
#define JOB_TERM "promogate.dev/term"

/* For people: what its failure means, as JOB_ON_FAILURE_VARIABLE says it, and who decided that. */
#define JOB_ON_FAILURE ON_FAILURE_ANNOTATION
#define JOB_DECIDED_BY "promogate.dev/decided-by"
/* The queue that its release hands it over to. */
#define JOB_KEPT_QUEUE "promogate.dev/queue-name"
/* Set when it is released: a Job that is suspended after that was suspended on purpose. */
#define JOB_RELEASED "promogate.dev/released"
/* Written once the outcome is recorded. */
#define JOB_OUTCOME "promogate.dev/outcome"
#define JOB_REASON  "promogate.dev/reason"
#define JOB_MESSAGE "promogate.dev/message"

/*
 * In the environment of its pods, which is immutable; PROMOGATE_ID is
 * "<uid of the version>/<task>", PROMOGATE_ON_FAILURE is "Block" or "Warn".
 */
#define JOB_CONTEXT_VARIABLE    "KEPTN_CONTEXT"
#define JOB_ID_VARIABLE         "PROMOGATE_ID"
#define JOB_ATTEMPT_VARIABLE    "PROMOGATE_ATTEMPT"
#define JOB_ON_FAILURE_VARIABLE "PROMOGATE_ON_FAILURE"

/* The default of Keptn's CRD. */
enum { DEFAULT_TTL_SECONDS = 300 };

#endif
