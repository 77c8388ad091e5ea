#include "kube/duration.h"

#include "base/mem.h"
#include "unit.h"

/* The results of Go's time.ParseDuration. */
static void reads_what_go_reads(void **state)
{
	static const struct {
		const char *text;
		int64_t ns;
	} rows[] = {
		{"0", 0},
		{"+0", 0},
		{"-0", 0},
		{"5m", 300000000000},
		{"1h30m", 5400000000000},
		{"30m1h", 5400000000000},
		{"1.5s", 1500000000},
		{".5s", 500000000},
		{"1.s", 1000000000},
		{"-1.5s", -1500000000},
		{"+5s", 5000000000},
		{"100ms", 100000000},
		{"1us", 1000},
		{"1\xc2\xb5s", 1000},
		{"1\xce\xbcs", 1000},
		{"7ns", 7},
		{"0.29s", 290000000},
		{"0.999999999s", 999999999},
		{"0.9999999999s", 999999999},
		{"0.1000000000000000000000000001s", 100000000},
		{"0.0000000001h", 360},
		{"2562047h47m16.854775807s", INT64_MAX},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int64_t ns = -1;

		if (duration_parse(rows[i].text, &ns) < 0 || ns != rows[i].ns)
			fail_msg("%s: %lld", rows[i].text, (long long)ns);
	}
}

static void refuses_what_go_refuses(void **state)
{
	static const char *const texts[] = {"", "-", "+", "5", "00", "5 m", " 5m", "5m ", ".", ".s",
		"s", "5x", "5M", "1h-30m", "--1s", "1..5s", "1e3s", "5mm", "9223372036854775808ns",
		"2562048h", "2562047h47m16.854775808s", "1,5s", "five minutes"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		int64_t ns = 42;

		if (duration_parse(texts[i], &ns) == 0 || ns != 42)
			fail_msg("\"%s\": %lld", texts[i], (long long)ns);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_go_reads),
		cmocka_unit_test(refuses_what_go_refuses),
	};

	return cmocka_run_group_tests_name("duration", tests, NULL, NULL);
}
