#include "admission/judge_policy.h"

#include "base/mem.h"
#include "policy/faults.h"

static void add_fault(void *ctx, enum policy_fault fault, enum fielderr_type type,
	const char *field, const char *value, const char *detail)
{
	static const enum rule_id rules[POLICY_FAULT_COUNT] = {
		[POLICY_FAULT_TYPE] = PG301,
		[POLICY_FAULT_SELECTOR] = PG302,
		[POLICY_FAULT_NAME] = PG303,
		[POLICY_FAULT_ON_FAILURE] = PG304,
		[POLICY_FAULT_TASKS] = PG305,
		[POLICY_FAULT_MAX] = PG306,
	};

	(void)findings_add(ctx, rules[fault], type, xstrdup(field), value, "%s", detail);
}

void judge_policy(const struct json *object, struct findings *to)
{
	policy_faults(object, add_fault, to);
}
