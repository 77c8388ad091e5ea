#include "keptn/onfailure.h"

#include "base/mem.h"
#include "unit.h"

static void the_first_setting_decides(void **state)
{
	static const char annotation[] =
		"the annotation promogate.dev/on-failure of the KeptnAppContext";
	static const struct {
		const char *annotation;
		enum block_deployment config;
		const char *want, *by;
	} rows[] = {
		{NULL, BLOCK_DEPLOYMENT_UNSET, "Block", "default"},
		{NULL, BLOCK_DEPLOYMENT_TRUE, "Block", "KeptnConfig's blockDeployment"},
		{NULL, BLOCK_DEPLOYMENT_FALSE, "Warn", "KeptnConfig's blockDeployment"},
		{"Block", BLOCK_DEPLOYMENT_FALSE, "Block", annotation},
		{"Warn", BLOCK_DEPLOYMENT_TRUE, "Warn", annotation},
		{"Warn", BLOCK_DEPLOYMENT_UNSET, "Warn", annotation},
		{"warn", BLOCK_DEPLOYMENT_UNSET, "Block", "default"},
		{"warn", BLOCK_DEPLOYMENT_FALSE, "Warn", "KeptnConfig's blockDeployment"},
		{"", BLOCK_DEPLOYMENT_UNSET, "Block", "default"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct on_failure_decision d =
			on_failure_decide(rows[i].annotation, rows[i].config);

		assert_string_equal(on_failure_name(d.value), rows[i].want);
		assert_string_equal(on_failure_source_text(d.source), rows[i].by);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_setting_decides),
	};

	return cmocka_run_group_tests_name("onfailure", tests, NULL, NULL);
}
