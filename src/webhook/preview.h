/*
 * preview - what a PromotionPolicy would do, said when it is written: which of the stored
 * KeptnAppContexts it would deny, and which other policy contradicts it. It reads the cache in
 * slices, so that nothing waits for it, and for a limited time.
 */
#ifndef PROMOGATE_WEBHOOK_PREVIEW_H
#define PROMOGATE_WEBHOOK_PREVIEW_H

#include "base/limits.h"
#include "policy/policy.h"
#include "webhook/request.h"

struct preview {
	struct buf impact; /* "would deny 12 of 340 KeptnAppContexts, first …" */
	struct buf conflict; /* empty: there is none */
};

#define PREVIEW_INIT                                                                               \
	{.impact = BUF_INIT((size_t)4 * LIMIT_DETAIL_BYTES),                                       \
		.conflict = BUF_INIT((size_t)2 * LIMIT_DETAIL_BYTES)}

void preview_release(struct preview *p); /* for CLEANUP() too */
/* Adds to ret. Any thread. Takes LIMIT_PREVIEW_MS at most. */
void preview_make(
	const struct request_config *config, const struct policy *policy, struct preview *ret);

#endif
