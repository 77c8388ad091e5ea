/*
 * input - what the Job of a promotion task is made of. Everything is borrowed.
 */
#ifndef PROMOGATE_JOB_INPUT_H
#define PROMOGATE_JOB_INPUT_H

#include <stdint.h>

#include "job/definition.h"
#include "keptn/keptncontext.h"
#include "keptn/onfailure.h"

/* The part of a KeptnAppVersion that its Jobs show. */
struct job_spec_version {
	const char *namespace, *name, *uid;
	struct keptn_context context;
};

struct job_spec {
	struct job_spec_version version;
	const struct resolution *task; /* RESOLVE_RUNS, of job_definitions */
	const char *name; /* of the Job: job_name_make() */
	uint32_t attempt;
	uint64_t term; /* of the leader that creates it */
	enum on_failure on_failure; /* what its failure means, and who decided that */
	const char *decided_by;
	const char *images[RUNTIME_COUNT]; /* NULL or "": no function can run there */
};

/* The definition of the task itself. */
static inline const struct job_definition *job_spec_definition(const struct job_spec *s)
{
	return job_definition_of(s->task->chain[0].definition);
}

#endif
