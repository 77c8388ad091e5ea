/*
 * check - what of an application violates a policy. Each policy is checked alone, whatever its
 * actions are; the caller knows what they mean where it asks: the webhook denies, warns or audits,
 * the reconciler holds a version, the audit counts.
 */
#ifndef PROMOGATE_POLICY_CHECK_H
#define PROMOGATE_POLICY_CHECK_H

#include "keptn/resolve.h"
#include "kube/fielderr.h"
#include "policy/policy.h"
#include "policy/subject.h"

enum policy_rule {
	POLICY_RULE_MAX, /* PG104: more tasks than `max`, those that this policy adds included */
	POLICY_RULE_CHOICE, /* PG111: an on-failure choice that it does not allow */
	POLICY_RULE_REQUIRED, /* PG112: a required task is missing */
	POLICY_RULE_ALLOWED, /* PG113: a task is not allowed */
	POLICY_RULE_SHARED, /* PG114: a Shared task is shadowed, or not defined where it must be */
	POLICY_RULE_COUNT,
};

/* "PG112", …. */
const char *policy_rule_id(enum policy_rule rule);

/* Its strings are valid during the call only. */
struct violation {
	enum policy_rule rule;
	const struct policy *policy;
	enum fielderr_type type;
	const char *field; /* "spec.promotionTasks[1]" */
	const char *value;
	const char *detail; /* what is wrong, and the fix; names the policy, with its message */
	/*
	 * A line for each task that it is about, where one violation is about several; NULL: there
	 * is one, or there are too many. An older violation that has each of these lines is the same.
	 */
	const char *parts;
	/* Of POLICY_RULE_SHARED: what it depends on that is not confirmed (keptn/resolve.h). */
	const struct resolution *resolution;
};

typedef void violation_fn(void *ctx, const struct violation *v);

/*
 * resolver: for POLICY_RULE_SHARED; NULL leaves that rule out. Violations come in the order of
 * enum policy_rule, then of the fields.
 */
void policy_check(const struct policy *p, const struct subject *s, const struct resolver *resolver,
	violation_fn *report, void *ctx);

/*
 * Whether a Shared task runs as its policy wants: nothing in the application's namespace shadows it,
 * and the Keptn namespace's definition can run. If not, ret is what that depends on; its outcome is
 * RESOLVE_RUNS if the task is shadowed.
 */
bool policy_resolve_shared(const struct resolver *r, const char *name, struct resolution *ret);

#endif
