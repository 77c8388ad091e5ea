#include "job/name.h"

#include "base/mem.h"
#include "kube/names.h"
#include "unit.h"

#define TEN "abcdefghi-"

static void names_jobs(void **state)
{
	static const struct {
		const char *definition;
		uint32_t attempt;
		uint64_t random;
		const char *name;
	} cases[] = {
		{"open-pull-request", 1, 0, "open-pull-request-1-bbbbbbbb"},
		{"open-pull-request", 12, 1, "open-pull-request-12-cbbbbbbb"},
		{"0", 1, UINT64_MAX, "0-1-7544tj5n"},
		{"a.b", 1, 0, "a-b-1-bbbbbbbb"},
		/* cut, and never after a hyphen */
		{TEN TEN TEN TEN TEN "abcdef", 1, 0, TEN TEN TEN TEN TEN "ab-1-bbbbbbbb"},
		{TEN TEN TEN TEN TEN "a.cdef", 1, 0, TEN TEN TEN TEN TEN "a-1-bbbbbbbb"},
		{TEN TEN TEN TEN TEN "--cdef", 1, 0, TEN TEN TEN TEN "abcdefghi-1-bbbbbbbb"},
		{TEN TEN TEN TEN TEN TEN TEN, UINT32_MAX, 0,
			TEN TEN TEN TEN "abc-4294967295-bbbbbbbb"},
		/* an invalid object name makes a valid name all the same */
		{"", 1, 0, "task-1-bbbbbbbb"},
		{"..", 1, 0, "task-1-bbbbbbbb"},
		{"-Ab_", 1, 0, "b-1-bbbbbbbb"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct job_name name =
			job_name_make(cases[i].definition, cases[i].attempt, cases[i].random);

		assert_string_equal(name.text, cases[i].name);
		assert_true(name_is_subdomain(name.text));
		assert_null(strchr(name.text, '.'));
	}
}

static void other_randomness_is_another_name(void **state)
{
	struct job_name one = job_name_make("a", 1, 282429536480);
	struct job_name two = job_name_make("a", 1, 282429536479);

	(void)state;
	assert_string_equal(one.text, "a-1-99999999");
	assert_string_not_equal(one.text, two.text);
}

static void reads_the_attempt(void **state)
{
	static const struct {
		const char *name, *definition;
		uint32_t attempt;
	} cases[] = {
		{"open-pr-12-bcdfgh24", "open-pr", 12},
		{"a-1-3-bbbbbbbb", "a-1", 3},
		{"a-b-1-bbbbbbbb", "a.b", 1},
		{TEN TEN TEN TEN TEN "ab-1-bbbbbbbb", TEN TEN TEN TEN TEN "abcdef", 1},
		{"a-4294967295-bbbbbbbb", "a", UINT32_MAX},
		/* names of other Jobs */
		{"", "a", 0},
		{"a", "a", 0},
		{"a-1", "a", 0},
		{"prom-a-12345", "a", 0}, /* a KeptnTask */
		{"prom-open-pr-2-48211", "open-pr-2", 0},
		{"prom-a-1-bbbbbbbb", "a", 0},
		{"b-1-bbbbbbbb", "a", 0},
		{"a-1-bbbbbbbb", "a-1", 0},
		/* not quite */
		{"a-0-bbbbbbbb", "a", 0},
		{"a-01-bbbbbbbb", "a", 0},
		{"a--1-bbbbbbbb", "a", 0},
		{"a-1-bbbbbbb", "a", 0},
		{"a-1-bbbbbbbbb", "a", 0},
		{"a-1-bbbbbbba", "a", 0},
		{"a-1-BBBBBBBB", "a", 0},
		{"a-4294967296-bbbbbbbb", "a", 0},
		{"a-99999999999999999999999-bbbbbbbb", "a", 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(
			job_name_attempt(cases[i].name, cases[i].definition), cases[i].attempt);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_jobs),
		cmocka_unit_test(other_randomness_is_another_name),
		cmocka_unit_test(reads_the_attempt),
	};

	return cmocka_run_group_tests_name("jobname", tests, NULL, NULL);
}
