/*
 * executor_memory - what execute() knows of an application that its stores do not have, or not yet.
 * Only execute() writes it; the functions here are for what others learn.
 */
#ifndef PROMOGATE_RECONCILER_EXECUTOR_MEMORY_H
#define PROMOGATE_RECONCILER_EXECUTOR_MEMORY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/strmap.h"

struct executor_memory {
	/*
	 * The resourceVersions that own writes returned. Until the stores have them, a plan would
	 * only ask for the same writes again.
	 */
	uint64_t awaited_version, awaited_job;
	struct strmap gone; /* names of Jobs for which a live GET answered NotFound */
	uint64_t claim; /* the nonce of the last claim, if no commit was sent since; 0: none */
	struct strmap own; /* name of an uncommitted Job to the uid in the reply to our create */
	struct strmap with_code; /* names of Jobs whose ConfigMap exists */
	/* Task to why its Job is not valid: it counts as undefined until a retry. */
	struct strmap refused;
	int64_t refused_until_ms;
	bool retrying; /* it is time to retry; what was refused stays known until it succeeds */
};

static inline void executor_memory_init(struct executor_memory *m)
{
	*m = (struct executor_memory){.own = STRMAP_INIT(free), .refused = STRMAP_INIT(free)};
}

static inline void executor_memory_release(struct executor_memory *m)
{
	strmap_release(&m->gone);
	strmap_release(&m->own);
	strmap_release(&m->with_code);
	strmap_release(&m->refused);
}

/* This Job does not exist any more. */
static inline void executor_memory_forget_job(struct executor_memory *m, const char *name)
{
	(void)strmap_remove(&m->own, name);
	(void)strmap_remove(&m->with_code, name);
}

/* The tasks' definitions have changed. */
static inline void executor_memory_forget_refusals(struct executor_memory *m)
{
	strmap_clear(&m->refused);
	m->retrying = false;
}

/* NULL: its Job may be created. */
static inline const char *executor_memory_refusal(const struct executor_memory *m, const char *task)
{
	return m->retrying ? NULL : strmap_get(&m->refused, task);
}

#endif
