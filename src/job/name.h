/*
 * name - the name of a promotion Job: `<definition, cut>-<attempt>-<random>`. Each creation gets a
 * name of its own: a Job is committed by its name, so a reused name could be taken for the Job that
 * had it before.
 */
#ifndef PROMOGATE_JOB_NAME_H
#define PROMOGATE_JOB_NAME_H

#include <stdint.h>

#include "base/limits.h"

struct job_name {
	char text[LIMIT_JOB_NAME_BYTES + 1];
};

/*
 * An RFC 1123 label for every definition name: Kubernetes warns about Jobs with a dot in their
 * name. About 38 bits of the random number are used.
 */
struct job_name job_name_make(const char *definition, uint32_t attempt, uint64_t random);

/*
 * The attempt in a name that job_name_make() makes for this definition; 0 for any other name, such
 * as that of a KeptnTask. A status item has no other field for the attempt.
 */
uint32_t job_name_attempt(const char *name, const char *definition);

#endif
