#include "kube/names.h"

#include "base/mem.h"
#include "unit.h"

static void knows_which_names_an_object_can_have(void **state)
{
	static const struct {
		const char *name;
		bool valid;
	} rows[] = {
		{"a", true},
		{"0", true},
		{"open-pull-request", true},
		{"a.b", true},
		{"a-b.c-d.0", true},
		{"a--b", true},
		{"", false},
		{"-a", false},
		{"a-", false},
		{".a", false},
		{"a.", false},
		{"a..b", false},
		{"a-.b", false},
		{"a.-b", false},
		{"A", false},
		{"a_b", false},
		{"a/b", false},
		{"a b", false},
		{"a\n", false},
		{"\xc3\xa9", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (name_is_subdomain(rows[i].name) != rows[i].valid)
			fail_msg("\"%s\"", rows[i].name);
}

static void a_name_has_at_most_253_bytes(void **state)
{
	char name[255];

	(void)state;
	memset(name, 'a', sizeof(name));
	name[254] = '\0';
	assert_false(name_is_subdomain(name));
	name[253] = '\0';
	assert_true(name_is_subdomain(name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_which_names_an_object_can_have),
		cmocka_unit_test(a_name_has_at_most_253_bytes),
	};

	return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
