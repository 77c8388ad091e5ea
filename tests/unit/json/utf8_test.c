#include "json/utf8.h"

#include "base/mem.h"
#include "unit.h"

static void copies_whole_characters(void **state)
{
	static const struct {
		size_t size;
		const char *from, *want;
		bool fits;
	} rows[] = {
		{1, "", "", true},
		{1, "a", "", false},
		{4, "abc", "abc", true},
		{4, "abcd", "abc", false},
		{4, "a€", "a", false},
		{5, "a€", "a€", true},
		{5, "a€b", "a€", false},
		{4, "\xF0\x9F\x98\x80", "", false},
		{5, "\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80", true},
		{3, "\x80\x80\x80\x80", "", false},
		{3, "\xFF\xFF\xFF", "\xFF\xFF", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char to[8] = "1234567";

		assert_int_equal(utf8_copy(to, rows[i].size, rows[i].from), rows[i].fits);
		assert_string_equal(to, rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies_whole_characters),
	};

	return cmocka_run_group_tests_name("utf8", tests, NULL, NULL);
}
