#include "kube/watch_health.h"

#include "base/limits.h"
#include "base/mem.h"

#include "unit.h"

enum { BEGAN = 5000 };

static void silence_counts_from_the_last_line(void **state)
{
	struct watch_health h;

	(void)state;
	watch_health_begin(&h, BEGAN);
	assert_int_equal(watch_health_left_ms(&h, BEGAN), LIMIT_WATCH_SILENCE_MS);
	assert_int_equal(watch_health_left_ms(&h, BEGAN + LIMIT_WATCH_SILENCE_MS), 0);
	watch_health_heard(&h, BEGAN + 70000);
	assert_int_equal(watch_health_left_ms(&h, BEGAN + LIMIT_WATCH_SILENCE_MS), 70000);
	watch_health_begin(&h, BEGAN + 80000);
	assert_false(h.spoke);
}

static void the_next_one_starts_as_soon_as_this_one_was_healthy(void **state)
{
	static const struct {
		int64_t lasted_ms;
		bool spoke, accepted;
		enum err_kind kind; /* ERR_NONE: ended properly */
		enum watch_next want;
	} rows[] = {
		{0, true, true, ERR_NONE, WATCH_NEXT_NOW},
		{0, true, true, ERR_GONE, WATCH_NEXT_NOW},
		{0, true, true, ERR_IO, WATCH_NEXT_LATER},
		{0, false, true, ERR_NONE, WATCH_NEXT_LATER},
		{0, false, true, ERR_GONE, WATCH_NEXT_LATER},
		{WATCH_LASTED_MS - 1, false, true, ERR_IO, WATCH_NEXT_LATER},
		{WATCH_LASTED_MS, false, true, ERR_IO, WATCH_NEXT_SOON},
		{WATCH_LASTED_MS, false, true, ERR_NONE, WATCH_NEXT_SOON},
		{WATCH_LASTED_MS, true, true, ERR_IO, WATCH_NEXT_SOON},
		{LIMIT_WATCH_SILENCE_MS, false, true, ERR_TIMEOUT, WATCH_NEXT_SOON},
		/* Nothing was answered in all this time. */
		{LIMIT_WATCH_SILENCE_MS, false, false, ERR_TIMEOUT, WATCH_NEXT_LATER},
		{WATCH_LASTED_MS, false, false, ERR_IO, WATCH_NEXT_LATER},
		{WATCH_LASTED_MS, false, false, ERR_THROTTLED, WATCH_NEXT_LATER},
		{WATCH_LASTED_MS, false, true, ERR_FORBIDDEN, WATCH_NEXT_LATER},
		{WATCH_LASTED_MS, true, true, ERR_TOO_LARGE, WATCH_NEXT_LATER},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct err err = {.kind = rows[i].kind};
		struct watch_health h;

		print_message("# row %zu\n", i);
		watch_health_begin(&h, BEGAN);
		if (rows[i].spoke)
			watch_health_heard(&h, BEGAN);
		assert_int_equal(watch_health_end(&h, rows[i].accepted, rows[i].kind ? &err : NULL,
					 BEGAN + rows[i].lasted_ms),
			rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(silence_counts_from_the_last_line),
		cmocka_unit_test(the_next_one_starts_as_soon_as_this_one_was_healthy),
	};

	return cmocka_run_group_tests_name("watch_health", tests, NULL, NULL);
}
