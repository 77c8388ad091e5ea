/*
 * policies - all policies that exist, and those that match an application.
 *
 * The owner does the locking.
 */
#ifndef PROMOGATE_POLICY_POLICIES_H
#define PROMOGATE_POLICY_POLICIES_H

#include "policy/policy.h"
#include "policy/subject.h"

/* By priority, highest first, then by name: the order in which they speak. */
struct policies {
	struct policy **at; /* a reference each */
	size_t count, capacity;
};

#define POLICIES_INIT {.count = 0}

void policies_release(struct policies *p); /* for CLEANUP() too */
/* Adds it, or replaces the one of its name. Takes the reference. */
void policies_put(struct policies *p, struct policy *policy_take);
void policies_remove(struct policies *p, const char *name);
/* NULL: there is none. */
const struct policy *policies_find(const struct policies *p, const char *name);

/* ns: as for policies_match(). */
bool policy_matches(const struct policy *p, const struct labels *ns, const struct subject *s);

/* The policies that match one application, in the order in which they speak. Borrows. */
struct policy_match {
	const struct policy **at;
	size_t count;
};

void policy_match_release(struct policy_match *m); /* for CLEANUP() too */

/*
 * ns: the labels of its namespace; NULL: not known, then only a policy whose namespaceSelector is
 * `{}` matches. old: the stored context in an update, or NULL; a policy matches if either does.
 */
void policies_match(const struct policies *p, const struct labels *ns, const struct subject *now,
	const struct subject *old, struct policy_match *ret);

/* The same in two steps, for many applications of a namespace: those that select it, … */
void policies_select(const struct policies *p, const struct labels *ns, struct policy_match *ret);
/* … and of them, those that match an application of it. */
void policy_match_narrow(
	const struct policy_match *here, const struct subject *s, struct policy_match *ret);

#endif
