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

#include "job/input.h"
#include "job/keys.h"
#include "json/emit.h"

/* The name of the task. */
const char *job_meta_task(const struct job_spec *s);

/* Each emits "metadata" and its value. */
void job_meta_emit_job(const struct job_spec *s, struct emit *e);
void job_meta_emit_pod(const struct job_spec *s, struct emit *e);
void job_meta_emit_code(const struct job_spec *s, const char *job_uid, struct emit *e);

#endif
