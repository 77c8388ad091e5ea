#include "reconciler/since.h"

#include "base/buf.h"
#include "fake_env.h"

#define MAPS "/api/v1/namespaces/ns/configmaps"
#define MAP  MAPS "/promogate"

struct play {
	struct fake_env fake;
	struct since *since;
	int done;
	int64_t since_s;
	struct err err;
};

static void done(void *ctx, int64_t since_s, const struct err *err)
{
	struct play *p = ctx;

	p->done++;
	p->since_s = since_s;
	p->err = err ? *err : (struct err)ERR_INIT;
}

static void begin(struct play *p)
{
	*p = (struct play){.done = 0};
	fake_env_init(&p->fake);
	p->since = since_new(&p->fake.env, "ns", "promogate", done, p);
	assert_int_equal(fake_count(&p->fake, FAKE_CALL), 0);
	fake_env_run(&p->fake, 0);
}

/* done was called that often. */
static void end(struct play *p, int times)
{
	assert_int_equal(fake_count(&p->fake, FAKE_CALL), 0);
	fake_env_release(&p->fake);
	since_free(p->since);
	assert_int_equal(p->done, times);
}

#define SAYS(data) "{\"metadata\":{\"name\":\"promogate\"},\"data\":" data "}"

static void reads_an_existing_config_map(void **state)
{
	static const struct {
		const char *since;
		int64_t s;
	} rows[] = {
		{"2026-11-24T01:02:03Z", 1795482123},
		{"2026-11-24T02:02:03.999+01:00", 1795482123},
		{"1970-01-01T00:00:00Z", 0},
		{"1969-12-31T23:59:58.5Z", -2},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(free_p)
		char *body = xasprintf(SAYS("{\"other\":\"\",\"since\":\"%s\"}"), rows[i].since);
		struct play p;

		begin(&p);
		fake_answer_next(&p.fake, "GET", MAP, body);
		assert_int_equal(p.err.kind, ERR_NONE);
		assert_int_equal(p.since_s, rows[i].s);
		end(&p, 1);
	}
}

static void creates_it_where_there_is_none(void **state)
{
	struct play p;

	(void)state;
	begin(&p);
	fake_fail_next(&p.fake, "GET", MAP, ERR_NOT_FOUND);
	assert_says(fake_oldest(&p.fake)->body, "\"namespace\":\"ns\",\"name\":\"promogate\"");
	assert_says(fake_oldest(&p.fake)->body, "\"app.kubernetes.io/managed-by\":\"promogate\"");
	assert_says(fake_oldest(&p.fake)->body, "\"data\":{\"since\":\"2026-11-24T01:02:03Z\"}");
	fake_answer_next(&p.fake, "POST", MAPS, SAYS("{\"since\":\"2026-11-24T01:02:03Z\"}"));
	assert_int_equal(p.since_s, 1795482123);
	end(&p, 1);
}

#define CREATED(time, since)                                                                       \
	"{\"metadata\":{\"name\":\"promogate\",\"creationTimestamp\":\"" time                      \
	"\"},\"data\":{\"since\":\"" since "\"}}"

/* The clock of the replica that created it was ahead, or behind. */
static void it_is_not_later_than_the_creation(void **state)
{
	static const struct {
		const char *body;
		int64_t s;
	} rows[] = {
		{CREATED("2026-11-24T01:02:03Z", "2026-11-24T01:07:03Z"), 1795482123},
		{CREATED("2026-11-24T01:02:03Z", "2026-11-24T01:02:03.9Z"), 1795482123},
		{CREATED("2026-11-24T01:07:03Z", "2026-11-24T01:02:03Z"), 1795482123},
		{CREATED("", "2026-11-24T01:02:03Z"), 1795482123},
	};

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_SIZE(rows); i++) {
		struct play p;

		begin(&p);
		if (i % 2) {
			fake_answer_next(&p.fake, "GET", MAP, rows[i / 2].body);
		} else {
			fake_fail_next(&p.fake, "GET", MAP, ERR_NOT_FOUND);
			fake_answer_next(&p.fake, "POST", MAPS, rows[i / 2].body);
		}
		assert_int_equal(p.since_s, rows[i / 2].s);
		end(&p, 1);
	}
}

static void the_first_to_create_it_decides(void **state)
{
	struct play p;

	(void)state;
	begin(&p);
	fake_fail_next(&p.fake, "GET", MAP, ERR_NOT_FOUND);
	fake_fail_next(&p.fake, "POST", MAPS, ERR_EXISTS);
	fake_answer_next(&p.fake, "GET", MAP, SAYS("{\"since\":\"2026-11-24T01:02:00Z\"}"));
	assert_int_equal(p.since_s, 1795482120);
	end(&p, 1);
}

static void retries_until_it_knows(void **state)
{
	struct play p;

	(void)state;
	begin(&p);
	for (int i = 0; i < 10; i++) {
		fake_fail_next(&p.fake, "GET", MAP, i % 2 ? ERR_FORBIDDEN : ERR_IO);
		assert_int_equal(fake_count(&p.fake, FAKE_CALL), 0);
		fake_env_run(&p.fake, 30000);
	}
	fake_fail_next(&p.fake, "GET", MAP, ERR_NOT_FOUND);
	fake_fail_next(&p.fake, "POST", MAPS, ERR_TIMEOUT);
	assert_int_equal(p.done, 0);
	fake_env_run(&p.fake, 30000);
	fake_answer_next(&p.fake, "GET", MAP, "<html>");
	fake_env_run(&p.fake, 30000);
	fake_answer_next(&p.fake, "GET", MAP, "{}");
	fake_env_run(&p.fake, 30000);
	fake_answer_next(&p.fake, "GET", MAP, SAYS("{\"since\":\"2026-11-24T01:02:03Z\"}"));
	assert_int_equal(p.err.kind, ERR_NONE);
	end(&p, 1);
}

static void says_how_to_correct_an_invalid_time(void **state)
{
	static const struct {
		const char *body, *says;
	} rows[] = {
		{SAYS("{\"since\":\"yesterday\"}"),
			"ConfigMap ns/promogate: data.since \"yesterday\" is not a valid RFC 3339 time: "
			"set it to "},
		{SAYS("{\"since\":\"\"}"), "data.since \"\" is not a valid RFC 3339 time: "},
		{SAYS("{\"since\":5}"), "data.since is missing: "},
		{SAYS("{}"), "such as \"2026-11-24T01:02:03Z\", or delete the ConfigMap"},
		{SAYS("null"), "ConfigMap ns/promogate: data.since is missing: set it to "},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct play p;

		begin(&p);
		fake_answer_next(&p.fake, "GET", MAP, rows[i].body);
		assert_int_equal(p.err.kind, ERR_INVALID);
		assert_says(p.err.msg, rows[i].says);
		end(&p, 1);
	}
}

static void a_long_value_does_not_hide_the_correction(void **state)
{
	CLEANUP(free_p) char *body = xasprintf(SAYS("{\"since\":\"%0900d\"}"), 0);
	struct play p;

	(void)state;
	begin(&p);
	fake_answer_next(&p.fake, "GET", MAP, body);
	assert_says(p.err.msg, "or delete the ConfigMap to use the current time");
	end(&p, 1);
}

static void is_silent_when_the_client_ends(void **state)
{
	struct play p;

	(void)state;
	begin(&p);
	fake_env_release(&p.fake);
	end(&p, 0);

	begin(&p);
	fake_fail_next(&p.fake, "GET", MAP, ERR_NOT_FOUND);
	fake_env_release(&p.fake);
	end(&p, 0);

	begin(&p);
	fake_fail_next(&p.fake, "GET", MAP, ERR_IO);
	end(&p, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_an_existing_config_map),
		cmocka_unit_test(creates_it_where_there_is_none),
		cmocka_unit_test(it_is_not_later_than_the_creation),
		cmocka_unit_test(the_first_to_create_it_decides),
		cmocka_unit_test(retries_until_it_knows),
		cmocka_unit_test(says_how_to_correct_an_invalid_time),
		cmocka_unit_test(a_long_value_does_not_hide_the_correction),
		cmocka_unit_test(is_silent_when_the_client_ends),
	};

	log_set_level(LOG_ERROR);
	return cmocka_run_group_tests_name("since", tests, NULL, NULL);
}
