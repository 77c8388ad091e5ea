/*
 * patch - the two changes that are made to a promotion Job, as merge patches (RFC 7386). Each
 * names the Job's uid: the API server refuses it (422) where another Job has taken the name.
 */
#ifndef PROMOGATE_JOB_PATCH_H
#define PROMOGATE_JOB_PATCH_H

#include <stdint.h>

#include "base/buf.h"

/* What is left of a Job's outcome once its item is recorded; NULL or "" for what is not known. */
struct job_patch_record {
	const char *uid;
	int64_t ttl_seconds; /* a number below 0 counts as 0 */
	const char *on_failure, *decided_by; /* the blocking policy, and whose it is */
	const char *outcome; /* "Succeeded", "Failed" */
	const char *reason, *message; /* cut to LIMIT_MESSAGE_BYTES */
};

/* Both append. Lets it run. */
void job_patch_unsuspend(const char *uid, struct buf *to);
/*
 * Lets Kubernetes delete it so long after its end, and says in its annotations what a status item
 * has no room for.
 */
void job_patch_record(const struct job_patch_record *r, struct buf *to);

#endif
