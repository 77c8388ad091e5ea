#include "controller/env.h"

#include "fake_env.h"

static void ignore(void *ctx, const struct api_response *response, const struct err *err)
{
	(void)ctx;
	(void)response;
	(void)err;
}

static void the_namespace_of_a_path_is_its_fair_key(void **state)
{
	static const struct {
		const char *namespace, *fair_key, *want;
	} rows[] = {
		{"a", NULL, "a"},
		{"a", "b", "b"},
		{NULL, NULL, ""},
		{NULL, "b", "b"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct url url = {
			.version = "v1", .namespace = rows[i].namespace, .resource = "events"};
		const struct api_request request = {.fair_key = rows[i].fair_key};
		struct fake_env fake;

		fake_env_init(&fake);
		(void)env_call_url(&fake.env, &url, &request, ignore, NULL);
		assert_string_equal(fake_oldest(&fake)->fair_key, rows[i].want);
		fake_env_release(&fake);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_namespace_of_a_path_is_its_fair_key),
	};

	return cmocka_run_group_tests_name("env", tests, NULL, NULL);
}
