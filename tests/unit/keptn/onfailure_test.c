#include "keptn/onfailure.h"

#include "base/mem.h"
#include "unit.h"

static void only_the_two_names_are_choices(void **state)
{
	static const struct {
		const char *name;
		enum on_failure_choice choice;
	} rows[] = {
		{"Block", ON_FAILURE_CHOOSE_BLOCK},
		{"Warn", ON_FAILURE_CHOOSE_WARN},
		{NULL, ON_FAILURE_UNSET},
		{"", ON_FAILURE_UNSET},
		{"warn", ON_FAILURE_UNSET},
		{"Warn ", ON_FAILURE_UNSET},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		enum on_failure value = ON_FAILURE_WARN;

		assert_int_equal(on_failure_choice(rows[i].name), rows[i].choice);
		if (on_failure_parse(rows[i].name, &value))
			assert_string_equal(on_failure_name(value), rows[i].name);
		else
			assert_int_equal(value, ON_FAILURE_WARN);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_two_names_are_choices),
	};

	return cmocka_run_group_tests_name("onfailure", tests, NULL, NULL);
}
