/*
 * policy_internal - a PromotionPolicy read as it is, for policy/faults.c to look for contradictions.
 */
#ifndef PROMOGATE_POLICY_POLICY_INTERNAL_H
#define PROMOGATE_POLICY_POLICY_INTERNAL_H

#include "policy/policy.h"

/*
 * Of an object that schema_check() accepts. A selector that is not valid is NULL, and so is the
 * namespaceSelector that is missing.
 */
struct policy *policy_read(const struct json *object);

#endif
