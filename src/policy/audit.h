/*
 * audit - what the stored applications that one policy matches violate: how many, and the first
 * few. It counts and changes nothing; policy/status.h writes it into the policy's status.
 */
#ifndef PROMOGATE_POLICY_AUDIT_H
#define PROMOGATE_POLICY_AUDIT_H

#include "base/limits.h"
#include "policy/check.h"

struct audit_violation {
	enum policy_rule rule;
	const char *namespace, *name; /* of the KeptnAppContext */
	const char *field, *message;
};

struct audit {
	size_t namespaces; /* that the namespaceSelector matches */
	size_t contexts; /* that the policy matches */
	size_t total, by_rule[POLICY_RULE_COUNT]; /* violations */
	struct audit_violation first[LIMIT_POLICY_VIOLATIONS];
	size_t count; /* of first */
};

#define AUDIT_INIT {.count = 0}

void audit_release(struct audit *a); /* for CLEANUP() too */
/*
 * Counts a context that the policy matches, with its violations. Contexts come in the byte order
 * of "namespace/name": then the same contexts always have the same first violations.
 */
void audit_add(struct audit *a, const struct policy *p, const struct subject *s,
	const struct resolver *resolver);

/* What the policy does about a violation: "Deny", else "Warn", else "Audit". */
const char *audit_action(const struct policy *p);

#endif
