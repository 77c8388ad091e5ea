/*
 * function - a task that runs code in one of Keptn's runtimes: the definition of the task merged
 * with those that its functionRefs lead to.
 */
#ifndef PROMOGATE_JOB_FUNCTION_H
#define PROMOGATE_JOB_FUNCTION_H

#include "base/strmap.h"
#include "job/definition.h"

/* Borrows from the definitions. */
struct function {
	enum runtime runtime; /* of the definition that has the code */
	enum code_origin origin;
	const char *code; /* the code itself, a ConfigMap's name, or a URL */
	const char *namespace; /* of the definition that has the code, and of its ConfigMap */
	struct strmap parameters;
	const char *secret, *arguments; /* "" for none */
};

/*
 * Of a chain of job_definitions that can run and does not begin with a container. The nearest one
 * decides each parameter, the secret and the arguments; as in Keptn, "" counts as not given.
 */
void function_read(const struct resolution *task, struct function *ret);
void function_release(struct function *f); /* for CLEANUP() too */

#endif
