#include "promotion/onfailure.h"

#include "base/mem.h"
#include "unit.h"

static void the_first_that_speaks_decides(void **state)
{
	static const struct {
		const char *annotation;
		enum block_deployment config;
		const char *want;
	} rows[] = {
		{NULL, BLOCK_DEPLOYMENT_UNSET, "Block"},
		{NULL, BLOCK_DEPLOYMENT_TRUE, "Block"},
		{NULL, BLOCK_DEPLOYMENT_FALSE, "Warn"},
		{"Block", BLOCK_DEPLOYMENT_FALSE, "Block"},
		{"Warn", BLOCK_DEPLOYMENT_TRUE, "Warn"},
		{"Warn", BLOCK_DEPLOYMENT_UNSET, "Warn"},
		{"warn", BLOCK_DEPLOYMENT_UNSET, "Block"},
		{"warn", BLOCK_DEPLOYMENT_FALSE, "Warn"},
		{"", BLOCK_DEPLOYMENT_UNSET, "Block"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_string_equal(
			on_failure_name(on_failure_resolve(rows[i].annotation, rows[i].config)),
			rows[i].want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_that_speaks_decides),
	};

	return cmocka_run_group_tests_name("onfailure", tests, NULL, NULL);
}
