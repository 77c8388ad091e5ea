#include "kube/lease.h"

#include "unit.h"

static const struct lease_config config = {
	.namespace = "ns",
	.name = "promogate",
	.identity = "me",
	.lease_duration_ms = 15000,
	.renew_deadline_ms = 10000,
	.retry_period_ms = 2000,
};

/* 2026-11-24T01:02:03.004Z */
static const int64_t wall_ms = 1795482123004;

#define METADATA "{\"namespace\":\"ns\",\"name\":\"promogate\",\"resourceVersion\":\"7\"}"

static void see(struct lease_view *v, const char *spec, int64_t now_ms)
{
	CLEANUP(free_p)
	char *text = xasprintf("{\"apiVersion\":\"coordination.k8s.io/v1\",\"kind\":\"Lease\","
			       "\"metadata\":" METADATA ",\"spec\":%s}",
		spec);
	struct err err = ERR_INIT;

	if (lease_view_set(v, text, strlen(text), now_ms, &err) < 0)
		fail_msg("%s", err.msg);
}

static void expect_next(
	const struct lease_view *v, int64_t now_ms, enum lease_step step, const char *body)
{
	CLEANUP(buf_release) struct buf sent = BUF_INIT(4096);

	assert_int_equal(lease_next(v, &config, now_ms, wall_ms, &sent), step);
	assert_string_equal(buf_str(&sent), body);
}

#define OURS(metadata, rest)                                                                       \
	"{\"apiVersion\":\"coordination.k8s.io/v1\",\"kind\":\"Lease\",\"metadata\":" metadata     \
	",\"spec\":{\"holderIdentity\":\"me\",\"leaseDurationSeconds\":15," rest "}}"
#define NOW "2026-11-24T01:02:03.004000Z"

static void creates_a_lease_if_there_is_none(void **state)
{
	CLEANUP(lease_view_release) struct lease_view v = LEASE_VIEW_INIT;

	(void)state;
	expect_next(&v, 1000, LEASE_CREATE,
		OURS("{\"namespace\":\"ns\",\"name\":\"promogate\"}",
			"\"acquireTime\":\"" NOW "\",\"renewTime\":\"" NOW
			"\",\"leaseTransitions\":0"));
	see(&v, "{\"holderIdentity\":\"you\",\"leaseDurationSeconds\":15}", 1000);
	expect_next(&v, 1000, LEASE_WAIT, "");
	lease_view_release(&v);
	expect_next(&v, 1000, LEASE_CREATE,
		OURS("{\"namespace\":\"ns\",\"name\":\"promogate\"}",
			"\"acquireTime\":\"" NOW "\",\"renewTime\":\"" NOW
			"\",\"leaseTransitions\":0"));
}

static void renews_what_it_holds(void **state)
{
	CLEANUP(lease_view_release) struct lease_view v = LEASE_VIEW_INIT;

	(void)state;
	/* However old it is: no other candidate has taken it. Fields of other programs stay. */
	see(&v,
		"{\"holderIdentity\":\"me\",\"leaseDurationSeconds\":3,\"strategy\":\"x\","
		"\"acquireTime\":\"2026-01-01T00:00:00.000000Z\",\"leaseTransitions\":4,"
		"\"renewTime\":\"2026-01-02T00:00:00.000000Z\"}",
		0);
	expect_next(&v, 1000000, LEASE_UPDATE,
		OURS(METADATA,
			"\"acquireTime\":\"2026-01-01T00:00:00.000000Z\",\"renewTime\":\"" NOW
			"\",\"leaseTransitions\":4,\"strategy\":\"x\""));
}

static void waits_for_as_long_as_the_holder_says(void **state)
{
	static const char spec[] = "{\"holderIdentity\":\"you\",\"leaseDurationSeconds\":20,"
				   "\"acquireTime\":\"2001-01-01T00:00:00.000000Z\","
				   "\"renewTime\":\"2001-01-01T00:00:00.000000Z\","
				   "\"leaseTransitions\":4}";
	static const char next[] = OURS(METADATA,
		"\"acquireTime\":\"" NOW "\",\"renewTime\":\"" NOW "\",\"leaseTransitions\":5");
	CLEANUP(lease_view_release) struct lease_view v = LEASE_VIEW_INIT;

	(void)state;
	/* Its times do not count, and an unchanged Lease is not a sign of life. */
	see(&v, spec, 5000);
	expect_next(&v, 5000, LEASE_WAIT, "");
	see(&v, spec, 24999);
	expect_next(&v, 24999, LEASE_WAIT, "");
	see(&v, spec, 25000);
	expect_next(&v, 25000, LEASE_UPDATE, next);
}

static void any_change_of_the_record_counts_as_a_renewal(void **state)
{
	static const char *const specs[] = {
		"{\"holderIdentity\":\"you\",\"leaseDurationSeconds\":20,\"renewTime\":\"b\"}",
		"{\"holderIdentity\":\"her\",\"leaseDurationSeconds\":20,\"renewTime\":\"a\"}",
		"{\"holderIdentity\":\"you\",\"leaseDurationSeconds\":21,\"renewTime\":\"a\"}",
		"{\"holderIdentity\":\"you\",\"leaseDurationSeconds\":20}",
		"{\"holderIdentity\":\"you\",\"leaseDurationSeconds\":20,\"renewTime\":\"a\","
		"\"leaseTransitions\":1}",
		"{\"holderIdentity\":\"you\",\"leaseDurationSeconds\":20,\"renewTime\":\"a\","
		"\"acquireTime\":\"a\"}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(specs); i++) {
		CLEANUP(lease_view_release) struct lease_view v = LEASE_VIEW_INIT;

		see(&v,
			"{\"holderIdentity\":\"you\",\"leaseDurationSeconds\":20,"
			"\"renewTime\":\"a\"}",
			0);
		see(&v, specs[i], 19000);
		expect_next(&v, 38999, LEASE_WAIT, "");
	}
}

static void other_changes_do_not_count_as_a_renewal(void **state)
{
	static const char labelled[] =
		"{\"metadata\":{\"resourceVersion\":\"8\",\"labels\":{\"a\":\"b\"}},\"spec\":"
		"{\"holderIdentity\":\"you\",\"leaseDurationSeconds\":20,\"strategy\":\"y\"}}";
	CLEANUP(lease_view_release) struct lease_view v = LEASE_VIEW_INIT;
	CLEANUP(buf_release) struct buf sent = BUF_INIT(4096);
	struct err err = ERR_INIT;

	(void)state;
	see(&v, "{\"holderIdentity\":\"you\",\"leaseDurationSeconds\":20}", 0);
	assert_int_equal(lease_view_set(&v, labelled, strlen(labelled), 19000, &err), 0);
	assert_int_equal(lease_next(&v, &config, 20000, wall_ms, &sent), LEASE_UPDATE);
	assert_says(buf_str(&sent),
		"\"metadata\":{\"resourceVersion\":\"8\",\"labels\":{\"a\":\"b\"}}");
}

static void takes_a_lease_without_a_holder(void **state)
{
	static const char *const specs[] = {"{}", "null", "{\"holderIdentity\":\"\"}",
		"{\"holderIdentity\":null,\"leaseDurationSeconds\":1000}",
		"{\"holderIdentity\":\"you\",\"leaseDurationSeconds\":0}",
		"{\"holderIdentity\":\"you\",\"leaseDurationSeconds\":-1}"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(specs); i++) {
		CLEANUP(lease_view_release) struct lease_view v = LEASE_VIEW_INIT;

		see(&v, specs[i], 1000);
		expect_next(&v, 1000, LEASE_UPDATE,
			OURS(METADATA, "\"acquireTime\":\"" NOW "\",\"renewTime\":\"" NOW
				       "\",\"leaseTransitions\":1"));
	}
}

static void survives_odd_numbers(void **state)
{
	static const struct {
		const char *transitions;
		const char *next;
	} rows[] = {
		{"2147483647", "2147483647}"},
		{"2147483646", "2147483647}"},
		{"-5", "1}"},
		{"1e300", "1}"},
		{"\"7\"", "1}"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(lease_view_release) struct lease_view v = LEASE_VIEW_INIT;
		CLEANUP(free_p)
		char *spec = xasprintf("{\"leaseTransitions\":%s}", rows[i].transitions);
		CLEANUP(free_p) char *want = xasprintf("\"leaseTransitions\":%s", rows[i].next);
		CLEANUP(buf_release) struct buf sent = BUF_INIT(4096);

		see(&v, spec, 0);
		assert_int_equal(lease_next(&v, &config, 0, wall_ms, &sent), LEASE_UPDATE);
		assert_says(buf_str(&sent), want);
	}
}

static void waits_for_a_holder_that_does_not_say_how_long(void **state)
{
	CLEANUP(lease_view_release) struct lease_view v = LEASE_VIEW_INIT;

	(void)state;
	see(&v, "{\"holderIdentity\":\"you\"}", 0);
	expect_next(&v, 14999, LEASE_WAIT, "");
	see(&v, "{\"holderIdentity\":\"you\",\"leaseDurationSeconds\":9007199254740991}", 0);
	expect_next(&v, INT64_MAX / 2, LEASE_WAIT, "");
}

static void whole_seconds_are_never_too_short(void **state)
{
	static const struct {
		int64_t ms;
		const char *says;
	} rows[] = {{1, ":1,"}, {500, ":1,"}, {1000, ":1,"}, {1001, ":2,"}, {15000, ":15,"}};
	CLEANUP(lease_view_release) struct lease_view v = LEASE_VIEW_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(buf_release) struct buf sent = BUF_INIT(4096);
		CLEANUP(free_p) char *want = xasprintf("\"leaseDurationSeconds\"%s", rows[i].says);
		struct lease_config c = config;

		c.lease_duration_ms = rows[i].ms;
		assert_int_equal(lease_next(&v, &c, 0, wall_ms, &sent), LEASE_CREATE);
		assert_says(buf_str(&sent), want);
	}
}

static void releases_what_it_holds(void **state)
{
	CLEANUP(lease_view_release) struct lease_view v = LEASE_VIEW_INIT;
	CLEANUP(buf_release) struct buf sent = BUF_INIT(4096);

	(void)state;
	assert_false(lease_give_up(&v, &config, wall_ms, &sent));
	see(&v, "{\"holderIdentity\":\"you\"}", 0);
	assert_false(lease_give_up(&v, &config, wall_ms, &sent));
	assert_int_equal(sent.len, 0);
	see(&v, "{\"holderIdentity\":\"me\",\"leaseTransitions\":4}", 0);
	assert_true(lease_give_up(&v, &config, wall_ms, &sent));
	assert_string_equal(buf_str(&sent),
		"{\"apiVersion\":\"coordination.k8s.io/"
		"v1\",\"kind\":\"Lease\",\"metadata\":" METADATA
		",\"spec\":{\"holderIdentity\":\"\",\"leaseDurationSeconds\":1,"
		"\"acquireTime\":\"" NOW "\",\"renewTime\":\"" NOW "\",\"leaseTransitions\":4}}");
}

static void refuses_what_it_could_not_write_again(void **state)
{
	static const char *const texts[] = {"", "{", "null", "[]", "{}", "{\"metadata\":{}}",
		"{\"metadata\":{\"resourceVersion\":\"\"}}",
		"{\"metadata\":{\"resourceVersion\":7}}"};
	CLEANUP(lease_view_release) struct lease_view v = LEASE_VIEW_INIT;

	(void)state;
	see(&v, "{\"holderIdentity\":\"you\"}", 0);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct err err = ERR_INIT;

		assert_int_equal(lease_view_set(&v, texts[i], strlen(texts[i]), 1, &err), -1);
		assert_says(err.msg, "the Lease: ");
		assert_string_equal(lease_holder(&v), "you");
	}
}

static void a_bad_configuration_names_the_flag(void **state)
{
	static const struct {
		struct lease_config config;
		const char *says; /* NULL: good */
	} rows[] = {
		{{"ns", "n", "me", 15000, 10000, 2000}, NULL},
		{{"ns", "n", "me", 3, 2, 1}, NULL},
		{{"ns", "n", "me", 86400000, 86399999, 71999999}, NULL},
		{{"Ns", "n", "me", 15000, 10000, 2000}, "--namespace: \"Ns\" "},
		{{"", "n", "me", 15000, 10000, 2000}, "--namespace: \"\" "},
		{{"ns", "a/b", "me", 15000, 10000, 2000}, "--lease-name: \"a/b\" "},
		{{"ns", "n", "", 15000, 10000, 2000}, "--identity: "},
		{{"ns", "n", "me", 10000, 10000, 2000},
			"--lease-duration (10000ms): must be longer than --renew-deadline"},
		{{"ns", "n", "me", 15000, 2400, 2000},
			"--renew-deadline (2400ms): must be longer than 1.2 times --retry-period "
			"(2000ms)"},
		{{"ns", "n", "me", 15000, 10000, INT64_MAX}, "--renew-deadline (10000ms): "},
		{{"ns", "n", "me", 15000, 0, 2000}, "--renew-deadline (0ms): "},
		{{"ns", "n", "me", 15000, INT64_MIN, 2000}, "--renew-deadline (-"},
		{{"ns", "n", "me", 15000, 10000, 0}, "--retry-period: "},
		{{"ns", "n", "me", 15000, 10000, INT64_MIN}, "--retry-period: "},
		{{"ns", "n", "me", 0, 10000, 2000}, "--lease-duration (0ms): "},
		{{"ns", "n", "me", INT64_MAX, 10000, 2000}, "--lease-duration: "},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err err = ERR_INIT;
		int ret = lease_config_check(&rows[i].config, &err);

		if (rows[i].says && ret == 0)
			fail_msg("row %zu passed", i);
		assert_string_equal(rows[i].says ? "" : err.msg, "");
		if (rows[i].says)
			assert_says(err.msg, rows[i].says);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(creates_a_lease_if_there_is_none),
		cmocka_unit_test(renews_what_it_holds),
		cmocka_unit_test(waits_for_as_long_as_the_holder_says),
		cmocka_unit_test(any_change_of_the_record_counts_as_a_renewal),
		cmocka_unit_test(other_changes_do_not_count_as_a_renewal),
		cmocka_unit_test(takes_a_lease_without_a_holder),
		cmocka_unit_test(survives_odd_numbers),
		cmocka_unit_test(waits_for_a_holder_that_does_not_say_how_long),
		cmocka_unit_test(whole_seconds_are_never_too_short),
		cmocka_unit_test(releases_what_it_holds),
		cmocka_unit_test(refuses_what_it_could_not_write_again),
		cmocka_unit_test(a_bad_configuration_names_the_flag),
	};

	return cmocka_run_group_tests_name("lease", tests, NULL, NULL);
}
