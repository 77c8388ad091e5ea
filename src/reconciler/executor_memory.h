/*
 * executor_memory - what execute() knows of an application that its stores do not have, or not yet.
 * Only execute() writes it; the functions here are for what others learn.
 */
#ifndef PROMOGATE_RECONCILER_EXECUTOR_MEMORY_H
#define PROMOGATE_RECONCILER_EXECUTOR_MEMORY_H

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
	struct strmap with_code; /* names of Jobs whose ConfigMap exists */
	struct strmap refused; /* task to why its Job could not be created; retried later */
	int64_t refused_until_ms;
};

static inline void executor_memory_init(struct executor_memory *m)
{
	*m = (struct executor_memory){.refused = STRMAP_INIT(free)};
}

static inline void executor_memory_release(struct executor_memory *m)
{
	strmap_release(&m->gone);
	strmap_release(&m->with_code);
	strmap_release(&m->refused);
}

/* This Job does not exist any more. */
static inline void executor_memory_forget_job(struct executor_memory *m, const char *name)
{
	(void)strmap_remove(&m->with_code, name);
}

/* The tasks' definitions have changed, or it is time to retry. */
static inline void executor_memory_forget_refusals(struct executor_memory *m)
{
	strmap_clear(&m->refused);
}

#endif
