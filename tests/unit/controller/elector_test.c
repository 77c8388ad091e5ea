#include "play.h"

/* The answer that says who holds it, since a moment that tells one renewal from the next. */
#define HELD_BY(holder, renewed)                                                                   \
	"{\"metadata\":{\"namespace\":\"ns\",\"name\":\"promogate\",\"resourceVersion\":\"7\"},"   \
	"\"spec\":{\"holderIdentity\":\"" holder "\",\"leaseDurationSeconds\":15,"                 \
	"\"renewTime\":\"" renewed "\"}}"

static void begin_leading(struct play *p)
{
	begin(p);
	fake_fail_next(&p->fake, "GET", LEASE, ERR_NOT_FOUND);
	fake_answer_next(&p->fake, "POST", LEASES, HELD_BY("me", "a"));
	assert_true(elector_leading(p->elector));
}

static void leads_by_a_lease_that_it_makes(void **state)
{
	struct play p;

	(void)state;
	begin(&p);
	assert_int_equal(fake_oldest(&p.fake)->timeout_ms, 5000);
	fake_fail_next(&p.fake, "GET", LEASE, ERR_NOT_FOUND);
	assert_says(fake_oldest(&p.fake)->body, "\"holderIdentity\":\"me\"");
	assert_says(fake_oldest(&p.fake)->body, "\"renewTime\":\"2026-11-24T01:02:03.004000Z\"");
	assert_false(elector_leading(p.elector));
	assert_false(elector_reached(p.elector));
	fake_answer_next(&p.fake, "POST", LEASES, HELD_BY("me", "a"));
	assert_true(elector_leading(p.elector));
	assert_true(elector_reached(p.elector));
	end(&p, "leading ");
}

/* Each acquisition is a write, so its resourceVersion is greater than those before. */
static void its_term_is_the_resource_version_that_acquired_the_lease(void **state)
{
	struct play p;

	(void)state;
	begin(&p);
	assert_int_equal(elector_term(p.elector), 0);
	fake_fail_next(&p.fake, "GET", LEASE, ERR_NOT_FOUND);
	fake_answer_next(&p.fake, "POST", LEASES,
		"{\"metadata\":{\"resourceVersion\":\"4294967296\"},"
		"\"spec\":{\"holderIdentity\":\"me\"}}");
	assert_int_equal(elector_term(p.elector), 4294967296);
	fake_env_run(&p.fake, 2000);
	fake_answer_next(&p.fake, "PUT", LEASE, HELD_BY("me", "b"));
	assert_int_equal(elector_term(p.elector), 4294967296);
	end(&p, "leading ");
}

static void renews_with_one_call_each_period(void **state)
{
	struct play p;

	(void)state;
	begin_leading(&p);
	for (int i = 0; i < 20; i++) {
		fake_env_run(&p.fake, 1999);
		assert_int_equal(fake_count(&p.fake, FAKE_CALL), 0);
		fake_env_run(&p.fake, 1);
		assert_int_equal(fake_count(&p.fake, FAKE_CALL), 1);
		assert_says(fake_oldest(&p.fake)->body, "\"resourceVersion\":\"7\"");
		fake_answer_next(&p.fake, "PUT", LEASE, HELD_BY("me", "b"));
	}
	assert_true(elector_leading(p.elector));
	end(&p, "leading ");
}

static void waits_for_another_and_takes_over(void **state)
{
	struct play p;

	(void)state;
	begin(&p);
	fake_answer_next(&p.fake, "GET", LEASE, HELD_BY("you", "a"));
	assert_string_equal(buf_str(&p.said), "standing-by:you ");
	assert_true(elector_reached(p.elector));
	/* A sign of life on the way; then none for 15 s. */
	fake_env_run(&p.fake, 2000);
	fake_answer_next(&p.fake, "GET", LEASE, HELD_BY("you", "b"));
	for (int i = 0; i < 7; i++) {
		fake_env_run(&p.fake, 2000);
		fake_answer_next(&p.fake, "GET", LEASE, HELD_BY("you", "b"));
	}
	assert_int_equal(fake_count(&p.fake, FAKE_CALL), 0);
	fake_env_run(&p.fake, 2000);
	fake_answer_next(&p.fake, "GET", LEASE, HELD_BY("you", "b"));
	fake_answer_next(&p.fake, "PUT", LEASE, HELD_BY("me", "c"));
	end(&p, "standing-by:you leading ");
}

static void reports_each_holder_once(void **state)
{
	static const char *const answers[] = {HELD_BY("you", "a"), HELD_BY("you", "b"),
		HELD_BY("her", "c"), HELD_BY("her", "d"), HELD_BY("you", "e")};
	struct play p;

	(void)state;
	begin(&p);
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		fake_answer_next(&p.fake, "GET", LEASE, answers[i]);
		fake_env_run(&p.fake, 2000);
	}
	end(&p, "standing-by:you standing-by:her standing-by:you ");
}

static void standbys_do_not_come_together(void **state)
{
	struct play p;

	(void)state;
	begin(&p);
	p.fake.random = UINT32_MAX;
	fake_answer_next(&p.fake, "GET", LEASE, HELD_BY("you", "a"));
	fake_env_run(&p.fake, 4399);
	assert_int_equal(fake_count(&p.fake, FAKE_CALL), 0);
	fake_env_run(&p.fake, 1);
	assert_int_equal(fake_count(&p.fake, FAKE_CALL), 1);
	end(&p, "standing-by:you ");
}

static void one_of_two_candidates_acquires_it(void **state)
{
	struct play p;

	(void)state;
	begin(&p);
	fake_fail_next(&p.fake, "GET", LEASE, ERR_NOT_FOUND);
	fake_fail_next(&p.fake, "POST", LEASES, ERR_EXISTS);
	assert_int_equal(fake_count(&p.fake, FAKE_CALL), 0);
	fake_env_run(&p.fake, 2000);
	fake_answer_next(&p.fake, "GET", LEASE, HELD_BY("", "a"));
	fake_fail_next(&p.fake, "PUT", LEASE, ERR_CONFLICT);
	assert_int_equal(fake_count(&p.fake, FAKE_CALL), 0);
	fake_env_run(&p.fake, 2000);
	fake_answer_next(&p.fake, "GET", LEASE, HELD_BY("you", "b"));
	end(&p, "standing-by:you ");
}

static void an_acquisition_that_got_no_answer_is_found(void **state)
{
	struct play p;

	(void)state;
	begin(&p);
	fake_fail_next(&p.fake, "GET", LEASE, ERR_NOT_FOUND);
	fake_fail_next(&p.fake, "POST", LEASES, ERR_TIMEOUT);
	assert_false(elector_leading(p.elector));
	fake_env_run(&p.fake, 2000);
	fake_answer_next(&p.fake, "GET", LEASE, HELD_BY("me", "a"));
	fake_answer_next(&p.fake, "PUT", LEASE, HELD_BY("me", "b"));
	end(&p, "leading ");
}

static void continues_when_its_lease_was_touched_or_deleted(void **state)
{
	struct play p;

	(void)state;
	begin_leading(&p);
	fake_env_run(&p.fake, 2000);
	fake_fail_next(&p.fake, "PUT", LEASE, ERR_CONFLICT);
	fake_answer_next(&p.fake, "GET", LEASE, HELD_BY("me", "a"));
	fake_answer_next(&p.fake, "PUT", LEASE, HELD_BY("me", "b"));
	fake_env_run(&p.fake, 2000);
	fake_fail_next(&p.fake, "PUT", LEASE, ERR_NOT_FOUND);
	fake_fail_next(&p.fake, "GET", LEASE, ERR_NOT_FOUND);
	fake_answer_next(&p.fake, "POST", LEASES, HELD_BY("me", "c"));
	fake_env_run(&p.fake, 9999);
	assert_true(elector_leading(p.elector));
	end(&p, "leading ");
}

static void stops_when_another_holds_it(void **state)
{
	static const char *const answers[] = {HELD_BY("you", "b"), HELD_BY("", "b")};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		struct play p;

		begin_leading(&p);
		fake_env_run(&p.fake, 2000);
		fake_fail_next(&p.fake, "PUT", LEASE, ERR_CONFLICT);
		fake_answer_next(&p.fake, "GET", LEASE, answers[i]);
		assert_false(elector_leading(p.elector));
		fake_env_run(&p.fake, 100000);
		assert_int_equal(fake_count(&p.fake, FAKE_CALL), 0);
		end(&p, "leading lost:Conflict ");
	}
}

static void stops_when_it_could_not_renew(void **state)
{
	struct play p;

	(void)state;
	begin_leading(&p);
	for (int i = 0; i < 4; i++) {
		fake_env_run(&p.fake, 2000);
		fake_fail_next(&p.fake, i ? "GET" : "PUT", LEASE, ERR_IO);
	}
	fake_env_run(&p.fake, 1999);
	assert_string_equal(buf_str(&p.said), "leading ");
	fake_env_run(&p.fake, 1);
	assert_string_equal(buf_str(&p.said), "leading lost:Timeout ");
	end(&p, "leading lost:Timeout ");
}

/* Others may count from the moment at which the write was done, which is after it was sent. */
static void the_deadline_counts_from_when_the_write_was_sent(void **state)
{
	struct play p;

	(void)state;
	begin_leading(&p);
	fake_env_run(&p.fake, 2000);
	fake_env_run(&p.fake, 4000);
	fake_answer_next(&p.fake, "PUT", LEASE, HELD_BY("me", "b"));
	/* The next is sent at once, since its time has come, and hangs. */
	fake_env_run(&p.fake, 0);
	assert_int_equal(fake_count(&p.fake, FAKE_CALL), 1);
	fake_env_run(&p.fake, 5999);
	assert_true(elector_leading(p.elector));
	fake_env_run(&p.fake, 1);
	assert_string_equal(buf_str(&p.said), "leading lost:Timeout ");
	/* What comes of it changes nothing. */
	fake_answer_next(&p.fake, "PUT", LEASE, HELD_BY("me", "c"));
	assert_false(elector_leading(p.elector));
	end(&p, "leading lost:Timeout ");
}

static void no_call_takes_longer_than_the_deadline_leaves(void **state)
{
	struct play p;

	(void)state;
	begin_leading(&p);
	fake_env_run(&p.fake, 2000);
	assert_int_equal(fake_oldest(&p.fake)->timeout_ms, 5000);
	fake_env_run(&p.fake, 5000);
	fake_fail_next(&p.fake, "PUT", LEASE, ERR_TIMEOUT);
	fake_env_run(&p.fake, 0);
	assert_int_equal(fake_oldest(&p.fake)->timeout_ms, 3000);
	end(&p, "leading ");
}

/* After a stop, a call, a timer or the owner may come first. */
static void a_stop_past_the_deadline_is_noticed_first(void **state)
{
	struct play p;

	(void)state;
	begin_leading(&p);
	fake_env_skip(&p.fake, 20000);
	fake_env_run(&p.fake, 0);
	assert_int_equal(fake_count(&p.fake, FAKE_CALL), 0);
	end(&p, "leading lost:Timeout ");

	begin_leading(&p);
	fake_env_run(&p.fake, 2000);
	fake_env_skip(&p.fake, 20000);
	fake_answer_next(&p.fake, "PUT", LEASE, HELD_BY("me", "b"));
	end(&p, "leading lost:Timeout ");

	begin_leading(&p);
	fake_env_skip(&p.fake, 10000);
	assert_false(elector_leading(p.elector));
	assert_string_equal(buf_str(&p.said), "leading lost:Timeout ");
	assert_false(elector_leading(p.elector));
	end(&p, "leading lost:Timeout ");
}

static void an_acquisition_that_took_too_long_does_not_count(void **state)
{
	struct play p;

	(void)state;
	begin(&p);
	fake_fail_next(&p.fake, "GET", LEASE, ERR_NOT_FOUND);
	fake_env_skip(&p.fake, 10000);
	fake_answer_next(&p.fake, "POST", LEASES, HELD_BY("me", "a"));
	assert_string_equal(buf_str(&p.said), "");
	fake_env_run(&p.fake, 2000);
	fake_answer_next(&p.fake, "GET", LEASE, HELD_BY("me", "a"));
	fake_answer_next(&p.fake, "PUT", LEASE, HELD_BY("me", "b"));
	end(&p, "leading ");
}

static void an_invalid_lease_does_not_count(void **state)
{
	struct play p;

	(void)state;
	begin(&p);
	fake_answer_next(&p.fake, "GET", LEASE, "<html>");
	fake_env_run(&p.fake, 2000);
	fake_fail_next(&p.fake, "GET", LEASE, ERR_NOT_FOUND);
	fake_answer_next(&p.fake, "POST", LEASES, "{}");
	assert_false(elector_leading(p.elector));
	assert_false(elector_reached(p.elector));
	fake_env_run(&p.fake, 2000);
	assert_int_equal(fake_count(&p.fake, FAKE_CALL), 1);
	end(&p, "");
}

static void reached_expires(void **state)
{
	struct play p;

	(void)state;
	begin(&p);
	assert_false(elector_reached(p.elector));
	fake_answer_next(&p.fake, "GET", LEASE, HELD_BY("you", "a"));
	fake_env_skip(&p.fake, 14999);
	assert_true(elector_reached(p.elector));
	fake_env_skip(&p.fake, 1);
	assert_false(elector_reached(p.elector));
	end(&p, "standing-by:you ");
}

static void stepping_down_releases_the_lease(void **state)
{
	struct play p;

	(void)state;
	begin_leading(&p);
	elector_step_down(p.elector, released, &p);
	assert_int_equal(p.released, 0);
	fake_env_run(&p.fake, 0);
	assert_false(elector_leading(p.elector));
	assert_says(
		fake_oldest(&p.fake)->body, "\"holderIdentity\":\"\",\"leaseDurationSeconds\":1,");
	assert_int_equal(p.released, 0);
	fake_answer_next(&p.fake, "PUT", LEASE, HELD_BY("", "b"));
	assert_int_equal(p.released, 1);
	fake_env_run(&p.fake, 100000);
	assert_int_equal(fake_count(&p.fake, FAKE_CALL), 0);
	end(&p, "leading ");
	assert_int_equal(p.released, 1);
}

static void stepping_down_waits_for_a_renewal(void **state)
{
	struct play p;

	(void)state;
	begin_leading(&p);
	fake_env_run(&p.fake, 2000);
	elector_step_down(p.elector, released, &p);
	fake_env_run(&p.fake, 0);
	assert_int_equal(fake_count(&p.fake, FAKE_CALL), 1);
	fake_answer_next(&p.fake, "PUT", LEASE, HELD_BY("me", "b"));
	assert_says(fake_oldest(&p.fake)->body, "\"holderIdentity\":\"\"");
	fake_fail_next(&p.fake, "PUT", LEASE, ERR_CONFLICT);
	fake_answer_next(&p.fake, "GET", LEASE, HELD_BY("me", "c"));
	fake_answer_next(&p.fake, "PUT", LEASE, HELD_BY("", "d"));
	assert_int_equal(p.released, 1);
	end(&p, "leading ");
}

static void stepping_down_releases_a_lease_it_is_acquiring(void **state)
{
	struct play p;

	(void)state;
	begin(&p);
	fake_fail_next(&p.fake, "GET", LEASE, ERR_NOT_FOUND);
	elector_step_down(p.elector, released, &p);
	fake_env_run(&p.fake, 0);
	assert_int_equal(p.released, 0);
	fake_answer_next(&p.fake, "POST", LEASES, HELD_BY("me", "a"));
	fake_answer_next(&p.fake, "PUT", LEASE, HELD_BY("", "b"));
	assert_int_equal(p.released, 1);
	end(&p, "");
}

static void stepping_down_leaves_the_lease_of_another(void **state)
{
	struct play p;

	(void)state;
	begin_leading(&p);
	elector_step_down(p.elector, released, &p);
	fake_env_run(&p.fake, 0);
	fake_fail_next(&p.fake, "PUT", LEASE, ERR_CONFLICT);
	fake_answer_next(&p.fake, "GET", LEASE, HELD_BY("you", "b"));
	assert_int_equal(p.released, 1);
	assert_int_equal(fake_count(&p.fake, FAKE_CALL), 0);
	end(&p, "leading ");

	begin(&p);
	fake_answer_next(&p.fake, "GET", LEASE, HELD_BY("you", "a"));
	elector_step_down(p.elector, released, &p);
	fake_env_run(&p.fake, 0);
	assert_int_equal(p.released, 1);
	end(&p, "standing-by:you ");

	/* It has never written, so there is nothing to wait for. */
	begin(&p);
	elector_step_down(p.elector, released, &p);
	fake_env_run(&p.fake, 0);
	assert_int_equal(p.released, 1);
	end(&p, "");
}

static void stepping_down_has_a_time_limit(void **state)
{
	struct play p;

	(void)state;
	begin_leading(&p);
	elector_step_down(p.elector, released, &p);
	fake_env_run(&p.fake, 1999);
	assert_int_equal(fake_oldest(&p.fake)->timeout_ms, 2000);
	assert_int_equal(p.released, 0);
	fake_env_run(&p.fake, 1);
	assert_int_equal(p.released, 1);
	fake_answer_next(&p.fake, "PUT", LEASE, HELD_BY("", "b"));
	assert_int_equal(p.released, 1);
	end(&p, "leading ");
	assert_int_equal(p.released, 1);
}

static void stepping_down_is_done_when_the_client_ends(void **state)
{
	struct play p;

	(void)state;
	begin_leading(&p);
	elector_step_down(p.elector, released, &p);
	end(&p, "leading ");
	assert_int_equal(p.released, 1);

	begin_leading(&p);
	elector_step_down(p.elector, released, &p);
	fake_env_run(&p.fake, 0);
	end(&p, "leading ");
	assert_int_equal(p.released, 1);
}

static void stepping_down_after_it_lost(void **state)
{
	struct play p;

	(void)state;
	begin_leading(&p);
	fake_env_run(&p.fake, 2000);
	fake_env_run(&p.fake, 8000);
	assert_string_equal(buf_str(&p.said), "leading lost:Timeout ");
	elector_step_down(p.elector, released, &p);
	fake_env_run(&p.fake, 0);
	fake_fail_next(&p.fake, "PUT", LEASE, ERR_TIMEOUT);
	/* It may have happened. */
	fake_answer_next(&p.fake, "GET", LEASE, HELD_BY("me", "b"));
	fake_answer_next(&p.fake, "PUT", LEASE, HELD_BY("", "c"));
	assert_int_equal(p.released, 1);
	end(&p, "leading lost:Timeout ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leads_by_a_lease_that_it_makes),
		cmocka_unit_test(its_term_is_the_resource_version_that_acquired_the_lease),
		cmocka_unit_test(renews_with_one_call_each_period),
		cmocka_unit_test(waits_for_another_and_takes_over),
		cmocka_unit_test(reports_each_holder_once),
		cmocka_unit_test(standbys_do_not_come_together),
		cmocka_unit_test(one_of_two_candidates_acquires_it),
		cmocka_unit_test(an_acquisition_that_got_no_answer_is_found),
		cmocka_unit_test(continues_when_its_lease_was_touched_or_deleted),
		cmocka_unit_test(stops_when_another_holds_it),
		cmocka_unit_test(stops_when_it_could_not_renew),
		cmocka_unit_test(the_deadline_counts_from_when_the_write_was_sent),
		cmocka_unit_test(no_call_takes_longer_than_the_deadline_leaves),
		cmocka_unit_test(a_stop_past_the_deadline_is_noticed_first),
		cmocka_unit_test(an_acquisition_that_took_too_long_does_not_count),
		cmocka_unit_test(an_invalid_lease_does_not_count),
		cmocka_unit_test(reached_expires),
		cmocka_unit_test(stepping_down_releases_the_lease),
		cmocka_unit_test(stepping_down_waits_for_a_renewal),
		cmocka_unit_test(stepping_down_releases_a_lease_it_is_acquiring),
		cmocka_unit_test(stepping_down_leaves_the_lease_of_another),
		cmocka_unit_test(stepping_down_has_a_time_limit),
		cmocka_unit_test(stepping_down_is_done_when_the_client_ends),
		cmocka_unit_test(stepping_down_after_it_lost),
	};

	log_set_level(LOG_ERROR);
	return cmocka_run_group_tests_name("elector", tests, NULL, NULL);
}
