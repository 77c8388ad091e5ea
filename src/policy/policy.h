/*
 * policy - a PromotionPolicy, decoded: what a platform team says of promotions in the namespaces
 * that it selects. Immutable and small; freed with its last reference.
 *
 * Each policy is judged alone, with its own actions. Only one that enforces, with Deny among its
 * actions, changes anything; the others only report. What a policy does not set, it is silent
 * about: there are no defaults here (policy/decide.h has the built-in ones).
 *
 *	PromotionPolicy --policy_decode()--> struct policy --policies_put()--> struct policies
 *	                                                                            |
 *	namespace labels, struct subject (a context, or an application without) ----+
 *	                                                                            v
 *	policies_match() --> struct policy_match --> decide.h (what failure means, what is added)
 *	                                         --> check.h  (violations, each naming its policy)
 */
#ifndef PROMOGATE_POLICY_POLICY_H
#define PROMOGATE_POLICY_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "keptn/onfailure.h"
#include "kube/labels.h"

#define POLICY_GROUP       "promogate.dev"
#define POLICY_VERSION     "v1alpha1"
#define POLICY_API_VERSION POLICY_GROUP "/" POLICY_VERSION
#define POLICY_KIND        "PromotionPolicy"
#define POLICY_RESOURCE    "promotionpolicies"

enum policy_action { POLICY_DENY = 1 << 0, POLICY_WARN = 1 << 1, POLICY_AUDIT = 1 << 2 };
/* Where Deny is enforced. */
enum policy_point { POLICY_AT_ADMISSION = 1 << 0, POLICY_AT_PROMOTION = 1 << 1 };

/* A set of enum on_failure; 0: silent, so anything is allowed. */
enum policy_allowed { POLICY_ALLOW_BLOCK = 1 << 0, POLICY_ALLOW_WARN = 1 << 1 };

/* Names or globs; NULL: silent, which differs from an empty list. */
struct policy_names {
	const char *const *at;
	size_t count;
};

struct policy_failure {
	enum on_failure_choice preferred; /* `default`; ON_FAILURE_UNSET: silent */
	unsigned allowed; /* of enum policy_allowed */
};

/* For each of the two fields, the first that matches a task and has it speaks for the task. */
struct policy_failure_of {
	struct policy_names names;
	struct policy_failure failure;
};

/* A task that a policy requires or adds. */
struct policy_task {
	const char *name;
	bool shared; /* the Keptn namespace's definition, whatever shadows it */
	int64_t since; /* of an added one, from the status, s since 1970; 0: not known yet */
};

struct policy_tasks {
	const struct policy_task *at;
	size_t count;
};

/* In the order of strictness. */
enum policy_strictness {
	POLICY_SILENT,
	POLICY_STRICT_ALLOW,
	POLICY_STRICT_WARN,
	POLICY_STRICT_DENY
};

struct policy {
	const char *name, *uid, *resource_version;
	int64_t generation;
	int64_t priority;
	unsigned actions; /* of enum policy_action */
	unsigned enforced_at; /* of enum policy_point; both if it is absent */
	const char *message; /* NULL: none */
	const struct selector *namespaces; /* of a namespace's labels */
	const struct selector *apps; /* of a context's labels; NULL: all */
	char selectors[17]; /* a hash of both, in hex */
	struct policy_failure failure;
	const struct policy_failure_of *failures;
	size_t nfailures;
	struct policy_tasks required, added;
	size_t nsince; /* tasks in status.addedSince, also those that it does not add */
	struct policy_names preferred; /* promotionTasks.default; at NULL: silent */
	struct policy_names allowed; /* at NULL: any */
	size_t max; /* promotionTasks.max; 0: silent */
	enum policy_strictness missing, deletion; /* definitions.* */
	unsigned refs;
};

/*
 * With one reference, the caller's. NULL if it is not valid (policy/faults.h): it then counts as
 * absent, and its status says so.
 */
struct policy *policy_decode(const struct json *object);
struct policy *policy_ref(struct policy *p);
void policy_unref(struct policy *p); /* NULL is fine */
DEFINE_CLEANUP(struct policy, policy_unref)

/*
 * status.addedSince, since when its added tasks count; NULL if that was written for other selectors
 * (status.addedFor): where it did not select, nothing may start that was delivered before.
 */
const struct json *policy_added_since(const struct policy *p, const struct json *status);

/* It has Deny among its actions: it changes what happens. */
static inline bool policy_enforces(const struct policy *p)
{
	return p->actions & POLICY_DENY;
}

/* It denies at this point. */
static inline bool policy_denies_at(const struct policy *p, enum policy_point point)
{
	return policy_enforces(p) && (p->enforced_at & point);
}

#endif
