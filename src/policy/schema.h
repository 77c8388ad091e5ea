/*
 * schema - what the CRD of PromotionPolicy says of types and bounds, for objects that another
 * version of the CRD let pass. Fields that are not known are ignored.
 */
#ifndef PROMOGATE_POLICY_SCHEMA_H
#define PROMOGATE_POLICY_SCHEMA_H

#include "json/json.h"
#include "kube/fielderr.h"

typedef void schema_fault_fn(void *ctx, enum fielderr_type type, const char *field,
	const char *value, const char *detail);

void schema_check(const struct json *object, schema_fault_fn *fault, void *ctx);

#endif
