#include "kube/backoff.h"

#include "unit.h"

static void doubles_up_to_the_cap(void **state)
{
	static const uint32_t most[] = {800, 1600, 3200, 6400, 12800, 25600, 30000, 30000};
	struct backoff high = BACKOFF_INIT, low = BACKOFF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(most) / sizeof(most[0]); i++) {
		assert_int_equal(backoff_next(&high, UINT32_MAX), most[i]);
		assert_int_equal(backoff_next(&low, 0), most[i] / 2);
	}
	backoff_reset(&high);
	assert_int_equal(backoff_next(&high, UINT32_MAX), 800);
}

static void survives_the_extremes(void **state)
{
	struct backoff one = {.first_ms = 1, .cap_ms = 1};
	struct backoff wide = {.first_ms = 1, .cap_ms = UINT32_MAX, .tries = UINT32_MAX};

	(void)state;
	assert_int_equal(backoff_next(&one, 0), 1);
	assert_int_equal(backoff_next(&one, UINT32_MAX), 1);
	assert_int_equal(backoff_next(&wide, UINT32_MAX), UINT32_MAX);
	assert_int_equal(wide.tries, UINT32_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(doubles_up_to_the_cap),
		cmocka_unit_test(survives_the_extremes),
	};

	return cmocka_run_group_tests_name("backoff", tests, NULL, NULL);
}
