/*
 * applied - the policies that apply to a request about a KeptnAppContext: those that match the new
 * object or, on an update, the stored one.
 *
 * A namespace that the cache does not have may have just been created; it must be looked up before
 * it is known that a policy does not match.
 */
#ifndef PROMOGATE_ADMISSION_APPLIED_H
#define PROMOGATE_ADMISSION_APPLIED_H

#include "admission/lookup.h"
#include "kube/review.h"

/* Borrows from the review and from what is known. */
struct applied {
	struct subject *now, *old; /* old: NULL on a create */
	struct policy_match match;
	bool unknown_namespace; /* more may match: look it up */
};

void applied_read(const struct review *r, const struct known *k, struct applied *ret);
void applied_release(struct applied *a); /* for CLEANUP() too */

#endif
