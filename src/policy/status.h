/*
 * status - the status of a PromotionPolicy, from what is known of it, and whether it differs from
 * the status that is stored. Its conditions are True in the normal case, so kstatus and `kubectl
 * wait --for=condition=Ready` understand them.
 */
#ifndef PROMOGATE_POLICY_STATUS_H
#define PROMOGATE_POLICY_STATUS_H

#include "base/buf.h"
#include "json/json.h"
#include "policy/audit.h"

struct policy_findings {
	int64_t generation;
	const struct policy *policy; /* NULL: it is not valid */
	const char *fault; /* then: its first fault, with the field */
	const struct audit *audit; /* NULL: not audited at this generation yet */
	const char *conflict; /* with another policy, which it names; NULL: there is none */
};

/*
 * Appends the `status` of a merge patch. stored: the present status, or NULL. What it
 * has of times stays: a condition's while its status is the same, an added task's while it is
 * added and enforced; else they are `now`, in RFC 3339. What is not audited yet stays as well.
 * Returns whether it differs from what is stored in more than auditedAt.
 */
bool policy_status_encode(const struct policy_findings *f, const struct json *stored,
	const char *now, struct buf *to);

#endif
