/*
 * faults - what is wrong with a PromotionPolicy besides what its schema says (PG301 and following):
 * selectors that can't match, names that are not globs, fields that contradict each other.
 */
#ifndef PROMOGATE_POLICY_FAULTS_H
#define PROMOGATE_POLICY_FAULTS_H

#include <stdbool.h>

#include "json/json.h"
#include "kube/fielderr.h"

enum policy_fault {
	POLICY_FAULT_TYPE, /* not as the schema has it: the CRD is another version */
	POLICY_FAULT_SELECTOR,
	POLICY_FAULT_NAME, /* not a name, or not a glob */
	POLICY_FAULT_ON_FAILURE, /* a default that its own `allowed` forbids */
	POLICY_FAULT_TASKS, /* a required or default task that its own other lists forbid */
	POLICY_FAULT_MAX, /* more required, added or default tasks than its own `max` */
	POLICY_FAULT_COUNT,
};

/* field: "spec.onFailure.tasks[0].default"; detail: what is wrong, and the fix. */
typedef void policy_fault_fn(void *ctx, enum policy_fault fault, enum fielderr_type type,
	const char *field, const char *value, const char *detail);

/* Reports each; none: policy_decode() decodes it. */
void policy_faults(const struct json *object, policy_fault_fn *report, void *ctx);

#endif
