#include "policy/glob.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "unit.h"

static void matches_whole_names(void **state)
{
	static const struct {
		const char *glob, *name;
		bool matches;
	} rows[] = {
		{"a", "a", true},
		{"a", "b", false},
		{"a", "", false},
		{"a", "ab", false},
		{"ab", "a", false},
		{"", "", true},
		{"", "a", false},
		{"*", "", true},
		{"*", "open-pr", true},
		{"**", "", true},
		{"**", "a", true},
		{"open-*", "open-pr", true},
		{"open-*", "open-", true},
		{"open-*", "open", false},
		{"open-*", "reopen-pr", false},
		{"*-pr", "open-pr", true},
		{"*-pr", "open-prs", false},
		{"*-pr", "-pr", true},
		{"a*b", "ab", true},
		{"a*b", "aab", true},
		{"a*b", "abab", true},
		{"a*b", "aba", false},
		{"a*b*c", "abcbc", true},
		{"a*b*c", "acb", false},
		{"*a*", "bab", true},
		{"*a*", "bbb", false},
		{"*ab*ab", "abab", true},
		{"*ab*ab", "aab", false},
		/* nothing else is special */
		{"a?", "ab", false},
		{"a.c", "abc", false},
		{"[a]", "a", false},
		{"A", "a", false},
		/* another glob: all that it matches */
		{"a*", "a*b", true},
		{"a*b", "a*", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (glob_matches(rows[i].glob, rows[i].name) != rows[i].matches)
			fail_msg("%s on %s", rows[i].glob, rows[i].name);
}

/* Each '*' more would multiply the time of one that tries all; this would never end. */
static void many_stars_cost_no_more_than_the_lengths(void **state)
{
	enum { STARS = 1000, LETTERS = 100000 };
	CLEANUP(buf_release) struct buf glob = BUF_INIT(2 * STARS + 1);
	CLEANUP(buf_release) struct buf name = BUF_INIT(LETTERS + 1);

	(void)state;
	for (int i = 0; i < STARS; i++)
		(void)buf_add(&glob, "a*");
	(void)buf_add(&glob, "b");
	for (int i = 0; i < LETTERS; i++)
		(void)buf_addc(&name, 'a');
	assert_false(glob_matches(buf_str(&glob), buf_str(&name)));
	(void)buf_addc(&name, 'b');
	assert_true(glob_matches(buf_str(&glob), buf_str(&name)));
}

#define FIFTY   "01234567890123456789012345678901234567890123456789"
#define LONGEST FIFTY FIFTY FIFTY FIFTY FIFTY "012"

static void a_valid_glob_matches_a_valid_name(void **state)
{
	static const struct {
		const char *glob;
		bool valid, literal;
	} rows[] = {
		{"a", true, true},
		{"open-pr.v2", true, true},
		{"*", true, false},
		{"**", true, false},
		{"open-*", true, false},
		{"*-pr", true, false},
		{"a.*", true, false},
		{"*.b", true, false},
		{LONGEST, true, true},
		{"*" LONGEST, false, false},
		{"", false, true},
		{"A*", false, false},
		{"-*", false, false},
		{"*-", false, false},
		{"a..*", false, false},
		{"*.-b", false, false},
		{"a?", false, true},
		{"a b", false, true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (glob_is_valid(rows[i].glob) != rows[i].valid ||
			glob_is_literal(rows[i].glob) != rows[i].literal)
			fail_msg("%s", rows[i].glob);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(matches_whole_names),
		cmocka_unit_test(many_stars_cost_no_more_than_the_lengths),
		cmocka_unit_test(a_valid_glob_matches_a_valid_name),
	};

	return cmocka_run_group_tests_name("glob", tests, NULL, NULL);
}
