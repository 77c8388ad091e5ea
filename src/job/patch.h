/*
 * patch - the changes that Promogate makes to a promotion Job, as merge patches (RFC 7386). Each
 * holds the Job's uid: the API server rejects it (422) if another Job has taken the name.
 */
#ifndef PROMOGATE_JOB_PATCH_H
#define PROMOGATE_JOB_PATCH_H

#include <stdint.h>

#include "base/buf.h"

/* What a Job keeps of its outcome once its item is recorded; NULL or "" for what is unknown. */
struct job_patch_record {
	const char *uid;
	int64_t ttl_seconds; /* below 0 counts as 0 */
	const char *outcome; /* "Succeeded", "Failed" */
	const char *reason, *message; /* cut to LIMIT_MESSAGE_BYTES */
};

/* All append. Releases it: resumes it, with one pod, and with no TTL that somebody else has set. */
void job_patch_release(const char *uid, struct buf *to);
/*
 * Releases it to a queue: it stays suspended until Kueue resumes it. With the resourceVersion
 * (409), because a late one would suspend what Kueue has resumed since.
 */
void job_patch_queue(
	const char *uid, const char *resource_version, const char *queue, struct buf *to);
/*
 * Sets its TTL after the end, and puts into annotations the fields that a status item does not
 * have.
 */
void job_patch_record(const struct job_patch_record *r, struct buf *to);

#endif
