#include "admission/rules.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "page.h"
#include "unit.h"

static void the_page_is_made_from_the_table(void **state)
{
	(void)state;
	page_is_up_to_date("docs/rules.md", rules_page);
}

/* Messages and audit logs have the ids: an id never gets another meaning. */
static void ids_and_severities_stay(void **state)
{
	CLEANUP(buf_release) struct buf all = BUF_INIT(1024);

	(void)state;
	for (unsigned i = 0; i < RULE_COUNT; i++) {
		const struct rule *rule = rule_get(i);

		(void)buf_addf(&all, "%s %s%s\n", rule->id, severity_name(rule->severity),
			rule->softened ? " softened" : "");
	}
	assert_string_equal(buf_str(&all), "PG100 error\n"
					   "PG101 error softened\n"
					   "PG102 error\n"
					   "PG103 error\n"
					   "PG104 error\n"
					   "PG105 error softened\n"
					   "PG106 warning\n"
					   "PG107 warning\n"
					   "PG108 warning\n"
					   "PG110 error\n"
					   "PG111 error\n"
					   "PG112 error\n"
					   "PG113 error\n"
					   "PG114 error softened\n"
					   "PG201 error softened\n"
					   "PG202 error softened\n"
					   "PG203 error\n"
					   "PG301 error\n"
					   "PG302 error\n"
					   "PG303 error\n"
					   "PG304 error\n"
					   "PG305 error\n"
					   "PG306 error\n");
}

static void each_rule_is_explained(void **state)
{
	(void)state;
	for (unsigned i = 0; i < RULE_COUNT; i++) {
		const struct rule *rule = rule_get(i);

		assert_says(rule->finds, " ");
		assert_says(rule->why, ".");
		assert_says(rule->rejected, "kind: ");
		assert_says(rule->fixed, "kind: ");
		assert_string_not_equal(rule->rejected, rule->fixed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_page_is_made_from_the_table),
		cmocka_unit_test(ids_and_severities_stay),
		cmocka_unit_test(each_rule_is_explained),
	};

	return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}
