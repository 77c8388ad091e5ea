/*
 * pod - the pod of a promotion Job: the container that a definition gives as a whole, or that
 * of the runtime which runs its code.
 */
#ifndef PROMOGATE_JOB_POD_H
#define PROMOGATE_JOB_POD_H

#include "job/spec.h"
#include "json/emit.h"

/*
 * The volume with the code, and the key in its ConfigMap. The latter can't be chosen: definitions
 * refer to ConfigMaps that people wrote.
 */
#define FUNCTION_VOLUME "function-mount"
#define FUNCTION_KEY    "code"

/* Emits "spec" and its value; f is NULL for a container. ERR_TOO_LARGE. */
int job_pod_emit(
	const struct job_spec *s, const struct function *f, struct emit *e, struct err *err);

/* Whether the Job brings the code in a ConfigMap of its own, rather than use one that is there. */
bool job_pod_brings_code(const struct job_spec *s, const struct function *f);

#endif
