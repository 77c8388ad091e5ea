#include "pki/renewal.h"

#include "base/mem.h"
#include "unit.h"

#define DAY_MS (24 * 60 * 60 * INT64_C(1000))
#define NOW_MS INT64_C(1795482123000)

static const struct renewal_config config = {.serving_ms = 90 * DAY_MS, .ca_ms = 3650 * DAY_MS};
static const struct renewal_trust settled = {
	.trusts_any = true, .complete = true, .complete_ms = 60 * 1000};

/* Made that many days ago. */
static struct validity made(int64_t lifetime_ms, double days_ago)
{
	return renewal_validity(lifetime_ms, NOW_MS - (int64_t)(days_ago * (double)DAY_MS));
}

static struct renewal_stored stored(double ca_days, double serving_days)
{
	return (struct renewal_stored){.cas = {made(config.ca_ms, ca_days)},
		.ca_count = 1,
		.has_ca_key = true,
		.has_serving = true,
		.serving = made(config.serving_ms, serving_days)};
}

static void assert_step(
	const struct renewal_stored *s, const struct renewal_trust *t, enum renewal_step want)
{
	assert_int_equal(renewal_decide(&config, s, t, NOW_MS).step, want);
}

static void it_makes_both_where_nothing_is_stored(void **state)
{
	const struct renewal_stored nothing = {.ca_count = 0};
	const struct renewal r = renewal_decide(
		&config, &nothing, &(struct renewal_trust){.complete = true}, NOW_MS);

	(void)state;
	assert_int_equal(r.step, RENEWAL_CA);
	assert_true(r.with_serving);
	assert_int_equal(r.keep, 0);
}

static void a_new_ca_signs_nothing_before_it_is_trusted(void **state)
{
	struct renewal_stored s = stored(3000, 0);
	struct renewal_trust t = settled;
	struct renewal r = renewal_decide(&config, &s, &t, NOW_MS);

	(void)state;
	assert_int_equal(r.step, RENEWAL_CA);
	assert_false(r.with_serving);
	assert_int_equal(r.keep, 1);

	s.cas[1] = s.cas[0];
	s.cas[0] = made(config.ca_ms, 0);
	s.ca_count = 2;
	s.issuer = 1;
	t = (struct renewal_trust){.trusts_any = true};
	assert_step(&s, &t, RENEWAL_TRUST);
	t.complete = true;
	r = renewal_decide(&config, &s, &t, NOW_MS);
	assert_int_equal(r.step, RENEWAL_WAIT);
	assert_int_equal(r.wait_ms, 10000);
	t.complete_ms = 10000;
	assert_step(&s, &t, RENEWAL_SERVING);
}

static void a_serving_certificate_is_renewed_at_two_thirds(void **state)
{
	const struct renewal_stored early = stored(100, 59.9), late = stored(100, 60.1);

	(void)state;
	assert_step(&early, &settled, RENEWAL_WAIT);
	assert_step(&late, &settled, RENEWAL_SERVING);
	/* By a new leader at once: this CA is trusted already. */
	assert_step(&late, &(struct renewal_trust){.complete = true}, RENEWAL_SERVING);
}

static void an_old_ca_is_trusted_until_all_that_it_signed_has_expired(void **state)
{
	struct renewal_stored before = stored(89.9, 20), after = stored(90.1, 20);

	(void)state;
	before.ca_count = after.ca_count = 2;
	before.cas[1] = after.cas[1] = made(config.ca_ms, 2500);
	assert_step(&before, &settled, RENEWAL_WAIT);
	assert_step(&after, &settled, RENEWAL_FORGET);
	assert_int_equal(renewal_decide(&config, &after, &settled, NOW_MS).keep, 1);
}

static void what_is_spoiled_is_made_again(void **state)
{
	struct renewal_stored s = stored(1, 1);
	struct renewal_trust t = settled;

	(void)state;
	s.has_serving = false;
	assert_step(&s, &t, RENEWAL_SERVING);
	s.has_ca_key = false;
	assert_step(&s, &t, RENEWAL_CA);
	s = stored(1, 1);
	s.issuer = 1; /* of no CA that is stored */
	assert_step(&s, &t, RENEWAL_SERVING);
	s = stored(1, 1);
	t.complete = false;
	assert_step(&s, &t, RENEWAL_TRUST);
}

/* A laptop that slept for years, a clock that was years ahead, and one a little behind. */
static void jumps_of_the_clock_are_survived(void **state)
{
	struct renewal_stored s = stored(20000, 20000);
	struct renewal r = renewal_decide(&config, &s, &settled, NOW_MS);

	(void)state;
	assert_int_equal(r.step, RENEWAL_CA);
	assert_int_equal(r.keep, 0);
	s = stored(-800, -800);
	assert_step(&s, &settled, RENEWAL_CA);
	s = stored(1, -2);
	assert_step(&s, &settled, RENEWAL_SERVING);
	s = stored(-0.04, -0.04); /* 58 minutes: made by a leader whose clock is ahead */
	assert_step(&s, &settled, RENEWAL_WAIT);
}

static void no_more_cas_are_kept_than_fit(void **state)
{
	struct renewal_stored s = stored(3000, 0);

	(void)state;
	for (size_t i = 0; i < RENEWAL_CAS; i++)
		s.cas[i] = s.cas[0];
	s.ca_count = RENEWAL_CAS;
	assert_int_equal(renewal_decide(&config, &s, &settled, NOW_MS).keep, RENEWAL_CAS - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_makes_both_where_nothing_is_stored),
		cmocka_unit_test(a_new_ca_signs_nothing_before_it_is_trusted),
		cmocka_unit_test(a_serving_certificate_is_renewed_at_two_thirds),
		cmocka_unit_test(an_old_ca_is_trusted_until_all_that_it_signed_has_expired),
		cmocka_unit_test(what_is_spoiled_is_made_again),
		cmocka_unit_test(jumps_of_the_clock_are_survived),
		cmocka_unit_test(no_more_cas_are_kept_than_fit),
	};

	return cmocka_run_group_tests_name("renewal", tests, NULL, NULL);
}
