/*
 * name - the name of a promotion Job: `<definition, cut>-<attempt>-<random>`. It is unique to
 * its creation: a name is the identity by which a Job is committed, and a name that came again
 * could be taken for the one that was.
 */
#ifndef PROMOGATE_JOB_NAME_H
#define PROMOGATE_JOB_NAME_H

#include <stdint.h>

#include "base/limits.h"

struct job_name {
	char text[LIMIT_JOB_NAME_BYTES + 1];
};

/*
 * An RFC 1123 label, whatever the definition is called: Kubernetes warns of Jobs with a dot in
 * their name. Of the random number about 38 bits show.
 */
struct job_name job_name_make(const char *definition, uint32_t attempt, uint64_t random);

/*
 * The attempt in a name that job_name_make() makes for this definition; 0 for any other name, such
 * as that of a KeptnTask. A status item has no other field for it.
 */
uint32_t job_name_attempt(const char *name, const char *definition);

#endif
