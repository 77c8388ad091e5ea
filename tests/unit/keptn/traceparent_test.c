#include "keptn/traceparent.h"

#include "base/mem.h"
#include "unit.h"

#define TRACE  "4bf92f3577b34da6a3ce929d0e0e4736"
#define PARENT "00f067aa0ba902b7"

static void is_held_to_the_w3c_form(void **state)
{
	static const struct {
		const char *text;
		bool valid;
	} rows[] = {
		{"00-" TRACE "-" PARENT "-01", true},
		{"00-" TRACE "-" PARENT "-ff", true},
		{"cc-" TRACE "-" PARENT "-01", true},
		{"cc-" TRACE "-" PARENT "-01-more", true},
		{"cc-" TRACE "-" PARENT "-01more", false},
		{"00-" TRACE "-" PARENT "-01-more", false},
		{"00-" TRACE "-" PARENT "-01-", false},
		{"ff-" TRACE "-" PARENT "-01", false},
		{"00-00000000000000000000000000000000-" PARENT "-01", false},
		{"00-" TRACE "-0000000000000000-01", false},
		{"00-" TRACE "-" PARENT "-0", false},
		{"00-" TRACE "-" PARENT "-", false},
		{"00-" TRACE "-" PARENT, false},
		{"00-" TRACE "-", false},
		{"00-" TRACE, false},
		{"00-", false},
		{"00", false},
		{"0", false},
		{"", false},
		{TRACE, false},
		{"00-4BF92F3577B34DA6A3CE929D0E0E4736-" PARENT "-01", false},
		{"00_" TRACE "-" PARENT "-01", false},
		{" 00-" TRACE "-" PARENT "-01", false},
		{"00-" TRACE "-" PARENT "-01 ", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (traceparent_is_valid(rows[i].text) != rows[i].valid)
			fail_msg("\"%s\"", rows[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_held_to_the_w3c_form),
	};

	return cmocka_run_group_tests_name("traceparent", tests, NULL, NULL);
}
