/* Objects that an informer can't read, and kinds that it does not hear of. */
#include "controller/informer.h"

#include "base/limits.h"
#include "run/metrics.h"

#include "informer_owner.h"

#define PAGE(limit) "/apis/batch/v1/jobs?limit=" limit
/* As the API server writes a list of a built-in kind. */
#define HEAD(next)                                                                                 \
	"{\"kind\":\"JobList\",\"metadata\":{\"resourceVersion\":\"10\"" next "},\"items\":["
#define NEXT(token) ",\"continue\":\"" token "\""
#define JOB(name)   "{\"metadata\":{\"name\":\"" name "\",\"namespace\":\"a\"}}"
#define LARGE(name)                                                                                \
	"{\"metadata\":{\"name\":\"" name "\",\"namespace\":\"a\"},\"spec\":[\"\",\"\",\""
#define DAMAGED(name) "{\"metadata\":{\"name\":\"" name "\",\"namespace\":\"a\"},\"a\":1,\"a\":2}"

/* The answer has more bytes than a page may have. */
static void cut_next(struct fake_env *f, const char *path, const char *body)
{
	const struct api_response response = {
		.status = 200, .body = body, .len = strlen(body), .cut = true};

	fake_end(f, fake_expect(f, "GET", path), &response, NULL);
}

static void readiness_says(struct owner *o, int ret, const char *says)
{
	CLEANUP(buf_release) struct buf reasons = BUF_INIT(1000);

	assert_int_equal(informer_ready(o->informer, &reasons), ret);
	assert_string_equal(buf_str(&reasons), says);
}

static void metric_is(const char *name, int64_t value)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(LIMIT_METRICS_BYTES);
	CLEANUP(free_p)
	char *line = xasprintf("\n%s{resource=\"jobs\"} %lld\n", name, (long long)value);

	metrics_render(&text);
	assert_says(buf_str(&text), line);
}

#define SKIPPED "promogate_informer_skipped_objects"

static void a_page_that_is_too_large_is_halved_where_it_is(void **state)
{
	struct owner o;

	(void)state;
	owner_init(&o, NULL);
	fake_answer_next(&o.fake, "GET", LIST, HEAD(NEXT("t1")) JOB("w") "]}");
	cut_next(&o.fake, LIST "&continue=t1", HEAD(NEXT("t9")) LARGE("x"));
	fake_answer_next(&o.fake, "GET", PAGE("50") "&continue=t1", HEAD(NEXT("t2")) JOB("x") "]}");
	fake_answer_next(&o.fake, "GET", LIST "&continue=t2", HEAD("") JOB("y") "]}");
	assert_got(&o, "list(+a/w +a/x +a/y ) @10 ");
	readiness_says(&o, 0, "");
	owner_release(&o);
}

/* x is too large for a page, y has a key twice. */
static void a_page_of_one_that_can_not_be_read_is_skipped(void **state)
{
	struct owner o;

	(void)state;
	owner_init(&o, NULL);
	cut_next(&o.fake, LIST, HEAD(NEXT("t9")) LARGE("x"));
	cut_next(&o.fake, PAGE("50"), HEAD(NEXT("t9")) LARGE("x"));
	cut_next(&o.fake, PAGE("25"), HEAD(NEXT("t9")) LARGE("x"));
	cut_next(&o.fake, PAGE("12"), HEAD(NEXT("t9")) LARGE("x"));
	cut_next(&o.fake, PAGE("6"), HEAD(NEXT("t9")) LARGE("x"));
	cut_next(&o.fake, PAGE("3"), HEAD(NEXT("t3")) LARGE("x"));
	assert_got(&o, "");
	cut_next(&o.fake, PAGE("1"), HEAD(NEXT("t1")) LARGE("x"));
	assert_got(&o, "list(?a/x ");
	fake_answer_next(&o.fake, "GET", PAGE("2") "&continue=t1",
		HEAD(NEXT("t3")) DAMAGED("y") "," JOB("z") "]}");
	fake_answer_next(
		&o.fake, "GET", PAGE("1") "&continue=t1", HEAD(NEXT("t2")) DAMAGED("y") "]}");
	fake_answer_next(&o.fake, "GET", PAGE("2") "&continue=t2", HEAD("") JOB("z") "]}");
	assert_got(&o, "?a/y +a/z ) @10 ");
	watches_from(&o.fake, "10");
	readiness_says(&o, 0, "jobs: skipped, since they can't be read: a/x, a/y\n");
	metric_is(SKIPPED, 2);
	owner_release(&o);
	metric_is(SKIPPED, 0);
}

static void the_last_page_may_be_one_that_can_not_be_read(void **state)
{
	struct owner o;

	(void)state;
	owner_init(&o, NULL);
	fake_answer_next(&o.fake, "GET", LIST, HEAD(NEXT("t")) JOB("w") "]}");
	for (unsigned limit = 100; limit; limit /= 2) {
		CLEANUP(free_p)
		char *path = xasprintf("/apis/batch/v1/jobs?limit=%u&continue=t", limit);

		cut_next(&o.fake, path, HEAD("") LARGE("x"));
	}
	assert_got(&o, "list(+a/w ?a/x ) @10 ");
	watches_from(&o.fake, "10");
	owner_release(&o);
}

/* Nothing is skipped because of what a proxy did to a page. */
static void a_damaged_page_is_an_error(void **state)
{
	static const char *const bodies[] = {HEAD(NEXT("t")) LARGE("x"), "<html>", ""};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
		struct owner o;

		owner_init(&o, NULL);
		fake_answer_next(&o.fake, "GET", LIST, bodies[i]);
		assert_int_equal(fake_count(&o.fake, FAKE_CALL), 0);
		fake_env_run_next(&o.fake);
		owner_lists(&o, "10");
		assert_got(&o, "list(+a/x ) @10 ");
		owner_release(&o);
	}
}

/* The metadata of a list of a CRD comes last, so a cut page does not say where the list continues. */
static void a_cut_page_without_its_position_is_an_error(void **state)
{
	struct owner o;

	(void)state;
	owner_init(&o, NULL);
	for (unsigned limit = 100; limit; limit /= 2) {
		CLEANUP(free_p) char *path = xasprintf("/apis/batch/v1/jobs?limit=%u", limit);

		cut_next(&o.fake, path, "{\"apiVersion\":\"v1\",\"items\":[" LARGE("x"));
	}
	assert_got(&o, "");
	assert_int_equal(fake_count(&o.fake, FAKE_CALL), 0);
	fake_env_run_next(&o.fake);
	fake_answer_next(&o.fake, "GET", PAGE("1"), HEAD("") JOB("x") "]}");
	assert_got(&o, "list(+a/x ) @10 ");
	owner_release(&o);
}

#define LINE(type, name, version)                                                                  \
	"{\"type\":\"" type "\",\"object\":{\"metadata\":{\"name\":\"" name                        \
	"\",\"namespace\":\"a\",\"resourceVersion\":\"" version "\"},\"spec\":[\""

static void a_line_that_can_not_be_read_is_skipped(void **state)
{
	struct owner o;

	(void)state;
	owner_init(&o, NULL);
	owner_lists(&o, "10");
	fake_line(&o.fake, o.fake.first, LINE("ADDED", "y", "11"));
	fake_line(&o.fake, o.fake.first, LINE("MODIFIED", "x", "12"));
	assert_got(&o, "list(+a/x ) @10 ?a/y @11 ?a/x @12 ");
	readiness_says(&o, 0, "jobs: skipped, since they can't be read: a/x, a/y\n");
	metric_is(SKIPPED, 2);
	/* The next ones count, and one that gets smaller, or goes, is not skipped any more. */
	owner_event(&o, "MODIFIED", "x", "13");
	readiness_says(&o, 0, "jobs: skipped, since they can't be read: a/y\n");
	fake_line(&o.fake, o.fake.first, LINE("DELETED", "y", "14"));
	assert_got(&o, "+a/x @13 -a/y @14 ");
	readiness_says(&o, 0, "");
	metric_is(SKIPPED, 0);
	fake_fail(&o.fake, o.fake.first, ERR_IO);
	fake_env_run_next(&o.fake);
	watches_from(&o.fake, "14");
	owner_release(&o);
}

static void a_list_forgets_what_is_not_skipped_any_more(void **state)
{
	struct owner o;

	(void)state;
	owner_init(&o, NULL);
	owner_lists(&o, "10");
	fake_line(&o.fake, o.fake.first, LINE("ADDED", "y", "11"));
	fake_fail(&o.fake, o.fake.first, ERR_GONE);
	metric_is(SKIPPED, 1);
	owner_lists(&o, "12");
	metric_is(SKIPPED, 0);
	owner_release(&o);
}

static void what_a_list_that_failed_skipped_is_forgotten(void **state)
{
	struct owner o;

	(void)state;
	owner_init(&o, NULL);
	for (unsigned limit = 100; limit; limit /= 2) {
		CLEANUP(free_p) char *path = xasprintf("/apis/batch/v1/jobs?limit=%u", limit);

		cut_next(&o.fake, path, HEAD(NEXT("t")) LARGE("y"));
	}
	fake_fail_next(&o.fake, "GET", PAGE("2") "&continue=t", ERR_GONE);
	fake_env_run_next(&o.fake);
	fake_answer_next(&o.fake, "GET", PAGE("2"), HEAD("") JOB("x") "]}");
	assert_got(&o, "list(?a/y list(+a/x ) @10 ");
	readiness_says(&o, 0, "");
	metric_is(SKIPPED, 0);
	owner_release(&o);
}

static void readiness_names_a_few_that_are_skipped(void **state)
{
	struct owner o;

	(void)state;
	owner_init(&o, NULL);
	owner_lists(&o, "10");
	for (int i = 0; i < 7; i++) {
		char line[200];

		(void)snprintf(line, sizeof(line),
			"{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"y%d\","
			"\"namespace\":\"a\",\"resourceVersion\":\"11\"},\"spec\":[",
			i);
		fake_line(&o.fake, o.fake.first, line);
	}
	readiness_says(&o, 0,
		"jobs: skipped, since they can't be read: a/y0, a/y1, a/y2, a/y3, a/y4 and 2 more\n");
	owner_release(&o);
}

/* --- a kind that is not heard of -------------------------------------------------------------- */

#define SYNCED "promogate_informer_synced"

static void a_kind_that_is_not_heard_of_is_visible(void **state)
{
	struct owner o;

	(void)state;
	owner_init(&o, NULL);
	owner_lists(&o, "10");
	metric_is(SYNCED, 1);
	fake_env_skip(&o.fake, LIMIT_UNHEARD_MS);
	assert_false(informer_unheard(o.informer));
	readiness_says(&o, 0, "");
	fake_env_skip(&o.fake, 1);
	assert_true(informer_unheard(o.informer));
	readiness_says(&o, 1, "jobs: nothing heard for 180 s\n");
	fake_fail(&o.fake, o.fake.first, ERR_FORBIDDEN);
	metric_is(SYNCED, 0);
	fake_env_run_next(&o.fake);
	fake_fail_next(&o.fake, "GET", LIST, ERR_FORBIDDEN);
	readiness_says(&o, 1, "jobs: nothing heard for 180 s\n");
	/* What is known is still used. */
	assert_true(informer_synced(o.informer));
	fake_env_run_next(&o.fake);
	owner_lists(&o, "12");
	assert_false(informer_unheard(o.informer));
	readiness_says(&o, 0, "");
	metric_is(SYNCED, 1);
	/* And again. */
	fake_env_skip(&o.fake, LIMIT_UNHEARD_MS + 1);
	fake_fail(&o.fake, o.fake.first, ERR_FORBIDDEN);
	metric_is(SYNCED, 0);
	owner_release(&o);
}

static void a_bookmark_is_enough_to_be_heard_of(void **state)
{
	struct owner o;

	(void)state;
	owner_init(&o, NULL);
	owner_lists(&o, "10");
	fake_env_skip(&o.fake, LIMIT_UNHEARD_MS);
	owner_event(&o, "BOOKMARK", "", "20");
	fake_env_skip(&o.fake, LIMIT_UNHEARD_MS);
	readiness_says(&o, 0, "");
	owner_release(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_page_that_is_too_large_is_halved_where_it_is),
		cmocka_unit_test(a_page_of_one_that_can_not_be_read_is_skipped),
		cmocka_unit_test(the_last_page_may_be_one_that_can_not_be_read),
		cmocka_unit_test(a_damaged_page_is_an_error),
		cmocka_unit_test(a_cut_page_without_its_position_is_an_error),
		cmocka_unit_test(a_line_that_can_not_be_read_is_skipped),
		cmocka_unit_test(a_list_forgets_what_is_not_skipped_any_more),
		cmocka_unit_test(what_a_list_that_failed_skipped_is_forgotten),
		cmocka_unit_test(readiness_names_a_few_that_are_skipped),
		cmocka_unit_test(a_kind_that_is_not_heard_of_is_visible),
		cmocka_unit_test(a_bookmark_is_enough_to_be_heard_of),
	};

	return cmocka_run_group_tests_name("informer_skip", tests, fake_env_quiet, NULL);
}
