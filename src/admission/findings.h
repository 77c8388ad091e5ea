/*
 * findings - what the rules found, as data: one list for the webhook's response, the audit and
 * the linter. The list owns its strings. One thread at a time.
 */
#ifndef PROMOGATE_ADMISSION_FINDINGS_H
#define PROMOGATE_ADMISSION_FINDINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "admission/rules.h"
#include "kube/fielderr.h"

struct finding {
	const struct rule *rule;
	enum severity severity; /* the rule's, unless something softened it */
	enum fielderr_type type;
	char *field; /* "spec.promotionTasks[1]"; "" if it is about the object as a whole */
	char *value; /* as it is in the object */
	char *detail; /* what is wrong with it, and the fix */
	char *policy; /* the PromotionPolicy that finds it; NULL: Promogate itself */
	char *parts; /* of its violation (policy/check.h), or NULL */
	bool audited; /* the policy has Audit among its actions */
	bool unconfirmed; /* depends on the cache alone (admission/lookup.h) */
	bool denies_later; /* a warning because this is a dry run */
};

struct findings {
	struct finding *items;
	size_t count, capacity;
	size_t added[SEVERITY_COUNT]; /* by the severity when they were added */
	bool overflowed; /* an error beyond LIMIT_FINDINGS is not in the list */
};

#define FINDINGS_INIT {.count = 0}

void findings_release(struct findings *f); /* for CLEANUP() too */

/*
 * With the rule's own severity, or with another one. field_take is from xasprintf(). Valid until the next one is added;
 * NULL beyond LIMIT_FINDINGS.
 */
struct finding *findings_add(struct findings *f, enum rule_id rule, enum fielderr_type type,
	char *field_take, const char *value, const char *detail, ...)
	__attribute__((format(printf, 6, 7)));
struct finding *findings_add_as(struct findings *f, enum severity severity, enum rule_id rule,
	enum fielderr_type type, char *field_take, const char *value, const char *detail, ...)
	__attribute__((format(printf, 7, 8)));

/* Whether the list takes no more findings of this severity. */
bool findings_full(const struct findings *f, enum severity severity);

size_t findings_errors(const struct findings *f);
/* Whether an error is certain, so that no look-up can allow the request. */
bool findings_deny(const struct findings *f);

/*
 * Ratcheting: an error that is in old too, by the same rule and policy and with the same value
 * anywhere in the same list, becomes a warning; so does a count that is too large, but not larger
 * than in old, and a choice for tasks that had it in old. One finding in old covers one error.
 */
void findings_ratchet(struct findings *f, const struct findings *old);

/* Appends `field: Not found: "value": detail`; the detail alone without a field. */
void finding_line(struct buf *to, const struct finding *item);

#endif
