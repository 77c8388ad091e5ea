/*
 * jobpatch - the two changes that are made to a promotion Job, as merge patches (RFC 7386). Each
 * names the Job's uid: the API server refuses it (422) where another Job has taken the name.
 */
#ifndef PROMOGATE_PROMOTION_JOBPATCH_H
#define PROMOGATE_PROMOTION_JOBPATCH_H

#include <stdint.h>

#include "base/buf.h"

/* Both append. Lets it run. */
void jobpatch_unsuspend(const char *uid, struct buf *to);
/* Lets Kubernetes delete it so long after its end; a number below 0 counts as 0. */
void jobpatch_expire(const char *uid, int64_t ttl_seconds, struct buf *to);

#endif
