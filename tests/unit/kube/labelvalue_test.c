#include "kube/labelvalue.h"

#include "base/mem.h"
#include "unit.h"

#define SIXTY_THREE "a23456789012345678901234567890123456789012345678901234567890123"

static void makes_a_value_of_any_text(void **state)
{
	static const struct {
		const char *text, *value;
	} cases[] = {
		/* a valid value stays */
		{"", ""},
		{"a", "a"},
		{"1.0.0-rc_1", "1.0.0-rc_1"},
		{"A", "A"},
		{SIXTY_THREE, SIXTY_THREE},
		/* a hash distinguishes the rest */
		{SIXTY_THREE "4",
			"a23456789012345678901234567890123456789012345678901234-05530595"},
		{SIXTY_THREE "5",
			"a23456789012345678901234567890123456789012345678901234-04530402"},
		{"1.0.0+7", "1.0.0-7-0b1ec7f6"},
		{"1.0.0 7", "1.0.0-7-8b2aca69"},
		{"-a", "a-64cd881b"},
		{"a-", "a-00248c93"},
		{"a.b.", "a.b-2e52e486"},
		{"_.-", "127f2217"},
		{"é", "1e9de8c1"},
		{"aé", "a-79d7a1fc"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(label_value_of(cases[i].text).text, cases[i].value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes_a_value_of_any_text),
	};

	return cmocka_run_group_tests_name("labelvalue", tests, NULL, NULL);
}
