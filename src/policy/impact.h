/*
 * impact - what a policy would do: how many of the stored KeptnAppContexts that it matches violate
 * it, and the first of them. It counts and changes nothing.
 */
#ifndef PROMOGATE_POLICY_IMPACT_H
#define PROMOGATE_POLICY_IMPACT_H

#include "base/buf.h"
#include "policy/check.h"

struct impact {
	size_t seen; /* contexts */
	size_t matched, violating;
	char *first; /* the first violation, with its context; NULL: there is none */
};

#define IMPACT_INIT {.seen = 0}

void impact_release(struct impact *i); /* for CLEANUP() too */

/* Looks at one context. ns: the labels of its namespace, or NULL (policy/policies.h). */
void impact_add(struct impact *i, const struct policy *p, const struct labels *ns,
	const struct subject *s, const struct resolver *resolver);
/*
 * Appends "would deny 12 of 340 KeptnAppContexts, first shop-prod/cart: PG112 …". whole: it has
 * seen every context.
 */
void impact_text(const struct impact *i, const struct policy *p, bool whole, struct buf *to);

#endif
