/*
 * pod - the pod of a promotion Job: the definition's own container, or that of the runtime which
 * runs its code.
 */
#ifndef PROMOGATE_JOB_POD_H
#define PROMOGATE_JOB_POD_H

#include "job/function.h"
#include "job/input.h"
#include "json/emit.h"

/*
 * The volume with the code, and the key in its ConfigMap. Keptn defines the key: people write such
 * ConfigMaps by hand.
 */
#define FUNCTION_VOLUME "function-mount"
#define FUNCTION_KEY    "code"

/* Emits "spec" and its value; f is NULL for a container. ERR_TOO_LARGE. */
int job_pod_emit(
	const struct job_spec *s, const struct function *f, struct emit *e, struct err *err);

/* Whether the Job needs a ConfigMap of its own with the code, rather than an existing one. */
bool job_pod_brings_code(const struct job_spec *s, const struct function *f);

#endif
