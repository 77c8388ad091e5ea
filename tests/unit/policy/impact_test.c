#include "policy/impact.h"

#include "base/limits.h"
#include "unit.h"

static const struct label prod[] = {{"env", "prod"}};
static const struct labels in_prod = {prod, 1}, nowhere = {NULL, 0};
static const struct selector_requirement wants_prod[] = {
	{"env", SELECTOR_IN, (const char *const[]){"prod"}, 1}};
static const struct selector selects_prod = {wants_prod, 1};

/* Requires "audit" in production. */
static const struct policy requires_audit = {.name = "prod",
	.namespaces = &selects_prod,
	.actions = POLICY_DENY,
	.enforced_at = POLICY_AT_ADMISSION | POLICY_AT_PROMOTION,
	.required = {(const struct policy_task[]){{.name = "audit"}}, 1}};

static void add(struct impact *i, const struct labels *ns, const char *name, const char *task)
{
	const struct subject s = {.namespace = "shop",
		.name = name,
		.labels = &nowhere,
		.deleting = strcmp(name, "deleting") == 0,
		.tasks[PROMOTION_TASKS] = {true, &task, task ? 1 : 0}};

	impact_add(i, &requires_audit, ns, &s, NULL);
}

static void check_text(const struct impact *i, const struct policy *p, bool whole, const char *says)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(LIMIT_DETAIL_BYTES);

	impact_text(i, p, whole, &text);
	assert_string_equal(buf_str(&text), says);
}

#define FIRST                                                                                      \
	", first shop/b: PG112 spec.promotionTasks: Required value: policy \"prod\": requires "    \
	"the task \"audit\"; add it to spec.promotionTasks"

static void counts_what_a_policy_matches_and_would_deny(void **state)
{
	CLEANUP(impact_release) struct impact i = IMPACT_INIT;

	(void)state;
	check_text(&i, &requires_audit, true, "matches none of 0 KeptnAppContexts");
	add(&i, &nowhere, "other", "x");
	add(&i, NULL, "unknown", "x");
	check_text(&i, &requires_audit, true, "matches none of 2 KeptnAppContexts");
	add(&i, &in_prod, "a", "audit");
	add(&i, &in_prod, "final", NULL);
	add(&i, &in_prod, "deleting", "x");
	check_text(&i, &requires_audit, true, "would deny none of 2 KeptnAppContexts");
	add(&i, &in_prod, "b", "x");
	add(&i, &in_prod, "c", "x");
	check_text(&i, &requires_audit, true, "would deny 2 of 4 KeptnAppContexts" FIRST);
}

static void says_what_keeps_a_policy_from_denying(void **state)
{
	static const struct {
		unsigned actions, enforced_at;
		const char *says;
	} rows[] = {
		{POLICY_DENY | POLICY_AUDIT, POLICY_AT_ADMISSION,
			"would deny 1 of 1 KeptnAppContexts" FIRST},
		{POLICY_DENY, POLICY_AT_PROMOTION,
			"would deny the promotion of 1 of 1 KeptnAppContexts" FIRST},
		{POLICY_DENY, 0,
			"would deny 1 of 1 KeptnAppContexts if enforcedAt were not empty" FIRST},
		{POLICY_WARN, POLICY_AT_ADMISSION | POLICY_AT_PROMOTION,
			"would deny 1 of 1 KeptnAppContexts if it had Deny" FIRST},
		{POLICY_AUDIT, 0, "would deny 1 of 1 KeptnAppContexts if it had Deny" FIRST},
	};
	CLEANUP(impact_release) struct impact i = IMPACT_INIT;

	(void)state;
	add(&i, &in_prod, "b", "x");
	for (size_t n = 0; n < ARRAY_SIZE(rows); n++) {
		struct policy p = requires_audit;

		p.actions = rows[n].actions;
		p.enforced_at = rows[n].enforced_at;
		check_text(&i, &p, true, rows[n].says);
	}
}

static void says_how_many_it_looked_at_if_not_at_all(void **state)
{
	CLEANUP(impact_release) struct impact i = IMPACT_INIT;

	(void)state;
	add(&i, &nowhere, "other", "x");
	add(&i, &in_prod, "b", "x");
	check_text(&i, &requires_audit, false,
		"would deny 1 of 1 KeptnAppContexts (looked at the first 2 only, for lack of time)" FIRST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_what_a_policy_matches_and_would_deny),
		cmocka_unit_test(says_what_keeps_a_policy_from_denying),
		cmocka_unit_test(says_how_many_it_looked_at_if_not_at_all),
	};

	return cmocka_run_group_tests_name("impact", tests, NULL, NULL);
}
