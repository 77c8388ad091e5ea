/*
 * protect - applies the rules to one request about a KeptnTaskDefinition: what applications use
 * must not vanish or break, and what a policy takes from the Keptn namespace must not be shadowed.
 */
#ifndef PROMOGATE_ADMISSION_PROTECT_H
#define PROMOGATE_ADMISSION_PROTECT_H

#include "admission/findings.h"
#include "admission/lookup.h"
#include "kube/review.h"

/* The uses that one finding is about. */
struct protected_use;

struct protection {
	struct protected_use *uses;
	size_t count, capacity;
	struct needs unlabelled; /* namespaces of applications, as of usage_find() */
};

#define PROTECTION_INIT {.unlabelled = NEEDS_INIT}

void protection_release(struct protection *p); /* for CLEANUP() too */

/* Appends every finding. They borrow nothing from p, which is for protect_needs(). */
void protect(
	const struct review *r, const struct known *k, struct protection *p, struct findings *to);

/*
 * Adds what the findings depend on, errors first. Before anything is denied, the Namespace is one of
 * them: one that is being deleted is let through. So it is where the cache does not have its labels.
 * While nothing denies, the same holds for the namespaces of applications that may use the
 * definition.
 */
void protect_needs(const struct protection *p, const struct review *r, const struct known *k,
	const struct findings *f, struct needs *to);

/* Whether the API server has just reported that the namespace is being deleted, or is gone. */
bool protect_lets_through(const struct review *r, const struct known *k);

#endif
