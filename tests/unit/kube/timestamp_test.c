#include "kube/timestamp.h"

#include "base/mem.h"
#include "unit.h"

/* The results of GNU date (date -u -d TEXT +%s). */
static void reads_what_go_reads(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} rows[] = {
		{"1970-01-01T00:00:00Z", 0},
		{"1969-12-31T23:59:59Z", -1000},
		{"1969-12-31T23:59:59.25Z", -750},
		{"2026-11-24T01:02:03Z", 1795482123000},
		{"2026-11-24T01:02:03.004Z", 1795482123004},
		{"2026-11-24T01:02:03.004999999999999999999999Z", 1795482123004},
		{"2026-11-24T01:02:03.9Z", 1795482123900},
		{"2026-11-24T01:02:03+00:00", 1795482123000},
		{"2026-11-24T01:02:03-00:00", 1795482123000},
		{"2026-11-24T02:32:03.5+01:30", 1795482123500},
		{"2026-11-23T20:17:03-04:45", 1795482123000},
		{"2000-02-29T12:00:00Z", 951825600000},
		{"2000-03-01T00:00:00Z", 951868800000},
		{"2024-02-29T23:59:59Z", 1709251199000},
		{"1900-02-28T00:00:00Z", -2203977600000},
		{"1900-03-01T00:00:00Z", -2203891200000},
		{"2100-03-01T00:00:00Z", 4107542400000},
		{"0001-01-01T00:00:00Z", -62135596800000},
		{"0000-02-29T00:00:00Z", -62162121600000},
		{"0000-01-01T00:00:00Z", TIMESTAMP_MIN_MS},
		{"9999-12-31T23:59:59.999Z", TIMESTAMP_MAX_MS},
		{"9999-12-31T23:59:59.999+23:59", TIMESTAMP_MAX_MS - (23 * 60 + 59) * 60000},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int64_t ms = 42;

		if (timestamp_parse(rows[i].text, &ms) < 0 || ms != rows[i].ms)
			fail_msg("%s: %lld", rows[i].text, (long long)ms);
	}
}

static void refuses_what_go_refuses(void **state)
{
	static const char *const texts[] = {"", "Z", "2026", "2026-11-24", "2026-11-24T01:02:03",
		"2026-11-24T01:02Z", "2026-11-24 01:02:03Z", "2026-11-24t01:02:03Z",
		"2026-11-24T01:02:03z", " 2026-11-24T01:02:03Z", "2026-11-24T01:02:03Z ",
		"2026-11-24T01:02:03.Z", "2026-11-24T01:02:03.x", "2026-11-24T01:02:03.5",
		"2026-11-24T01:02:03,5Z", "2026-1-24T01:02:03Z", "2026-11-4T01:02:03Z",
		"26-11-24T01:02:03Z", "12026-11-24T01:02:03Z", "-026-11-24T01:02:03Z",
		"+2026-11-24T01:02:03Z", "2026-00-24T01:02:03Z", "2026-13-24T01:02:03Z",
		"2026-11-00T01:02:03Z", "2026-11-31T01:02:03Z", "2026-02-29T01:02:03Z",
		"2100-02-29T01:02:03Z", "1900-02-29T01:02:03Z", "2024-02-30T01:02:03Z",
		"2026-11-24T24:00:00Z", "2026-11-24T01:60:03Z", "2026-11-24T23:59:60Z",
		"2026-11-24T01:02:03+1:00", "2026-11-24T01:02:03+0100", "2026-11-24T01:02:03+01",
		"2026-11-24T01:02:03+24:00", "2026-11-24T01:02:03+01:60",
		"2026-11-24T01:02:03+01:00Z", "2026-11-24T01:02:03Z+01:00",
		"2026-11-24T01:02:03 +01:00", "0000-01-01T00:00:00+00:01",
		"9999-12-31T23:59:59-00:01", "now"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		int64_t ms = 42;

		if (timestamp_parse(texts[i], &ms) == 0 || ms != 42)
			fail_msg("\"%s\": %lld", texts[i], (long long)ms);
	}
}

static void writes_what_kubernetes_writes(void **state)
{
	static const struct {
		int64_t ms;
		const char *text, *micro;
	} rows[] = {
		{0, "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000000Z"},
		{-1, "1969-12-31T23:59:59Z", "1969-12-31T23:59:59.999000Z"},
		{1795482123004, "2026-11-24T01:02:03Z", "2026-11-24T01:02:03.004000Z"},
		{951825600000, "2000-02-29T12:00:00Z", "2000-02-29T12:00:00.000000Z"},
		{TIMESTAMP_MIN_MS, "0000-01-01T00:00:00Z", "0000-01-01T00:00:00.000000Z"},
		{TIMESTAMP_MAX_MS, "9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999000Z"},
		{INT64_MIN, "0000-01-01T00:00:00Z", "0000-01-01T00:00:00.000000Z"},
		{INT64_MAX, "9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999000Z"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_string_equal(timestamp_format(rows[i].ms).text, rows[i].text);
		assert_string_equal(timestamp_format_micro(rows[i].ms).text, rows[i].micro);
	}
}

/* Every day of the range in order; each text sorts after the previous one. */
static void every_day_round_trips(void **state)
{
	enum { DAY_MS = 24 * 60 * 60 * 1000 };
	struct timestamp last = {""};
	int days = 0;

	(void)state;
	for (int64_t at = TIMESTAMP_MIN_MS; at < TIMESTAMP_MAX_MS; at += DAY_MS, days++) {
		int64_t moment = at + at / 7 % DAY_MS, ms;
		struct timestamp t;

		if (moment < at)
			moment += DAY_MS;
		t = timestamp_format_micro(moment);
		if (strcmp(t.text, last.text) <= 0 || timestamp_parse(t.text, &ms) < 0 ||
			ms != moment)
			fail_msg("%lld: %s", (long long)moment, t.text);
		last = t;
	}
	assert_int_equal(days, 3652425); /* of 10,000 years */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_go_reads),
		cmocka_unit_test(refuses_what_go_refuses),
		cmocka_unit_test(writes_what_kubernetes_writes),
		cmocka_unit_test(every_day_round_trips),
	};

	return cmocka_run_group_tests_name("timestamp", tests, NULL, NULL);
}
