#include "controller/informer.h"

#include "base/limits.h"
#include "kube/watch_health.h"

#include "informer_owner.h"

static const struct url apps = {
	.group = "lifecycle.keptn.sh", .version = "v1", .resource = "keptnapps"};

static void lists_and_watches_from_there(void **state)
{
	CLEANUP(buf_release) struct buf reasons = BUF_INIT(1000);
	struct owner o;

	(void)state;
	owner_init(&o, NULL);
	assert_int_equal(informer_ready(o.informer, &reasons), -1);
	assert_string_equal(buf_str(&reasons), "jobs: not listed yet\n");
	owner_lists(&o, "10");
	assert_got(&o, "list(+a/x ) @10 ");
	assert_int_equal(informer_ready(o.informer, &reasons), 0);
	watches_from(&o.fake, "10");
	owner_event(&o, "ADDED", "y", "11");
	owner_event(&o, "MODIFIED", "y", "12");
	owner_event(&o, "DELETED", "x", "13");
	assert_got(&o, "+a/y @11 +a/y @12 -a/x @13 ");
	owner_release(&o);
}

static void asks_for_what_its_selector_matches(void **state)
{
	struct owner o;

	(void)state;
	owner_init(&o, "app.kubernetes.io/managed-by=promogate");
	fake_answer_next(&o.fake, "GET",
		"/apis/batch/v1/jobs?labelSelector=app.kubernetes.io%2Fmanaged-by%3Dpromogate"
		"&limit=100",
		"{\"metadata\":{\"resourceVersion\":\"10\"},\"items\":[]}");
	watches_from(&o.fake, "10");
	assert_says(o.fake.first->path,
		"?labelSelector=app.kubernetes.io%2Fmanaged-by%3Dpromogate&watch");
	owner_release(&o);
}

static void is_as_far_as_a_list_once_it_is_whole(void **state)
{
	struct owner o;

	(void)state;
	owner_init(&o, NULL);
	fake_answer_next(&o.fake, "GET", LIST,
		"{\"metadata\":{\"resourceVersion\":\"10\",\"continue\":\"next/1\"},\"items\":["
		"{\"metadata\":{\"namespace\":\"a\",\"name\":\"x\"}}]}");
	assert_int_equal(informer_progress(o.informer), 0);
	assert_false(informer_synced(o.informer));
	assert_got(&o, "list(+a/x ");
	fake_answer_next(&o.fake, "GET", LIST "&continue=next%2F1",
		"{\"metadata\":{\"resourceVersion\":\"10\"},\"items\":["
		"{\"metadata\":{\"name\":\"y\"}}]}");
	assert_got(&o, "+/y ) @10 ");
	owner_release(&o);
}

/* Without it no watch could begin where the list ended. */
static void a_list_has_a_resource_version(void **state)
{
	static const char *const lists[] = {"{\"items\":[]}", "{\"metadata\":{},\"items\":[]}",
		"{\"metadata\":{\"resourceVersion\":\"\"},\"items\":[]}"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		struct owner o;

		owner_init(&o, NULL);
		fake_answer_next(&o.fake, "GET", LIST, lists[i]);
		assert_false(informer_synced(o.informer));
		assert_got(&o, "");
		owner_release(&o);
	}
}

static void a_bookmark_is_progress(void **state)
{
	struct owner o;

	(void)state;
	owner_init(&o, NULL);
	owner_lists(&o, "10");
	owner_event(&o, "BOOKMARK", "", "20");
	assert_got(&o, "list(+a/x ) @10 @20 ");
	/* And where the next watch begins. */
	fake_end(&o.fake, o.fake.first, NULL, NULL);
	watches_from(&o.fake, "20");
	owner_release(&o);
}

static void progress_never_goes_down(void **state)
{
	struct owner o;

	(void)state;
	owner_init(&o, NULL);
	owner_lists(&o, "10");
	owner_event(&o, "ADDED", "y", "30");
	fake_line(&o.fake, o.fake.first,
		"{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410,"
		"\"reason\":\"Expired\"}}");
	assert_got(&o, "list(+a/x ) @10 +a/y @30 ");
	owner_lists(&o, "25");
	assert_got(&o, "list(+a/x ) @30 ");
	watches_from(&o.fake, "25");
	owner_event(&o, "ADDED", "y", "26");
	owner_event(&o, "ADDED", "y", "31");
	assert_got(&o, "+a/y @30 +a/y @31 ");
	owner_release(&o);
}

static void only_a_number_is_progress(void **state)
{
	static const char *const versions[] = {
		"abc", "-5", "1x", "0x20", " 9", "99999999999999999999999999"};
	struct owner o;

	(void)state;
	owner_init(&o, NULL);
	owner_lists(&o, "v7");
	assert_got(&o, "list(+a/x ) @0 ");
	watches_from(&o.fake, "v7");
	for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
		owner_event(&o, "ADDED", "y", versions[i]);
		assert_got(&o, "+a/y @0 ");
	}
	owner_event(&o, "ADDED", "y", "9223372036854775807");
	assert_got(&o, "+a/y @9223372036854775807 ");
	owner_release(&o);
}

static void resumes_after_a_broken_connection(void **state)
{
	struct owner o;

	(void)state;
	owner_init(&o, NULL);
	owner_lists(&o, "10");
	owner_event(&o, "ADDED", "y", "11");
	fake_fail(&o.fake, o.fake.first, ERR_IO);
	fake_env_run_next(&o.fake);
	watches_from(&o.fake, "11");
	assert_got(&o, "list(+a/x ) @10 +a/y @11 ");
	owner_release(&o);
}

/* An API server that ends each watch at once is not asked without a pause. */
static void a_watch_that_brought_nothing_is_not_followed_at_once(void **state)
{
	struct owner o;

	(void)state;
	owner_init(&o, NULL);
	owner_lists(&o, "10");
	fake_end(&o.fake, o.fake.first, NULL, NULL);
	assert_int_equal(fake_count(&o.fake, FAKE_WATCH), 0);
	fake_env_run_next(&o.fake);
	watches_from(&o.fake, "10");
	owner_release(&o);
}

/* Behind a hop that keeps the connection and forwards nothing. */
static void a_silent_watch_is_ended_and_resumed(void **state)
{
	struct owner o;
	api_id watch;

	(void)state;
	owner_init(&o, NULL);
	owner_lists(&o, "10");
	watch = o.fake.first->id;
	fake_env_run(&o.fake, 80000);
	owner_event(&o, "BOOKMARK", "", "20");
	fake_env_run(&o.fake, LIMIT_WATCH_SILENCE_MS - 1);
	assert_int_equal(o.fake.first->id, watch);
	fake_env_run(&o.fake, 1);
	watches_from(&o.fake, "20");
	assert_int_not_equal(o.fake.first->id, watch);
	assert_got(&o, "list(+a/x ) @10 @20 ");
	owner_release(&o);
}

/* It was not even answered: the next ones wait, longer each time. */
static void a_watch_without_an_answer_is_ended_too(void **state)
{
	struct owner o;

	(void)state;
	owner_init(&o, NULL);
	owner_lists(&o, "10");
	for (uint32_t pause_ms = 400; pause_ms <= 1600; pause_ms *= 2) {
		watches_from(&o.fake, "10");
		fake_env_run(&o.fake, LIMIT_WATCH_SILENCE_MS);
		assert_int_equal(fake_count(&o.fake, FAKE_WATCH), 0);
		fake_env_run(&o.fake, pause_ms - 1);
		assert_int_equal(fake_count(&o.fake, FAKE_WATCH), 0);
		fake_env_run(&o.fake, 1);
	}
	watches_from(&o.fake, "10");
	owner_release(&o);
}

/* A proxy that cuts every connection after a while, and a kind of which nothing is heard. */
static void is_never_blind_for_long_behind_a_proxy_that_cuts(void **state)
{
	struct owner o;

	(void)state;
	owner_init(&o, NULL);
	owner_lists(&o, "10");
	for (int i = 0; i < 20; i++) {
		watches_from(&o.fake, "10");
		o.fake.first->accepted = true;
		fake_env_run(&o.fake, 10000);
		if (i % 2)
			fake_fail(&o.fake, o.fake.first, ERR_IO);
		else
			fake_end(&o.fake, o.fake.first, NULL, NULL);
		fake_env_run(&o.fake, WATCH_SOON_MS);
	}
	watches_from(&o.fake, "10");
	owner_release(&o);
}

static void waits_as_long_as_the_api_server_asks(void **state)
{
	struct err err = {.kind = ERR_THROTTLED, .http_status = 429, .retry_after_ms = 5000};
	struct owner o;

	(void)state;
	owner_init(&o, NULL);
	owner_lists(&o, "10");
	fake_end(&o.fake, o.fake.first, NULL, &err);
	fake_env_run(&o.fake, 4999);
	assert_int_equal(fake_count(&o.fake, FAKE_WATCH), 0);
	fake_env_run(&o.fake, 1);
	watches_from(&o.fake, "10");
	owner_release(&o);
}

/* A page that waits behind other calls would keep a fresh replica from being ready. */
static void its_lists_wait_for_no_other_call(void **state)
{
	struct owner o;

	(void)state;
	owner_init_of(&o, &apps, NULL);
	assert_true(fake_oldest(&o.fake)->urgent);
	fake_fail_next(
		&o.fake, "GET", "/apis/lifecycle.keptn.sh/v1/keptnapps?limit=100", ERR_NOT_SERVED);
	assert_string_equal(fake_oldest(&o.fake)->path, "/apis");
	assert_true(fake_oldest(&o.fake)->urgent);
	owner_release(&o);
}

static void lists_again_after_an_invalid_line(void **state)
{
	struct owner o;

	(void)state;
	owner_init(&o, NULL);
	owner_lists(&o, "10");
	fake_line(&o.fake, o.fake.first, "{\"type\":");
	fake_env_run_next(&o.fake);
	owner_lists(&o, "12");
	assert_got(&o, "list(+a/x ) @10 list(+a/x ) @12 ");
	owner_release(&o);
}

static void starts_a_failed_list_over(void **state)
{
	static const struct {
		enum err_kind kind;
		const char *next;
	} rows[] = {
		{ERR_GONE, LIST}, /* the continue token expired */
		{ERR_TIMEOUT, LIST},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct owner o;

		owner_init(&o, NULL);
		fake_answer_next(&o.fake, "GET", LIST,
			"{\"metadata\":{\"resourceVersion\":\"10\",\"continue\":\"c\"},\"items\":["
			"{\"metadata\":{\"name\":\"x\"}}]}");
		fake_fail(&o.fake, o.fake.first, rows[i].kind);
		fake_env_run_next(&o.fake);
		assert_int_equal(informer_progress(o.informer), 0);
		fake_answer_next(&o.fake, "GET", rows[i].next,
			"{\"metadata\":{\"resourceVersion\":\"12\"},\"items\":["
			"{\"metadata\":{\"name\":\"y\"}}]}");
		assert_got(&o, "list(+/x list(+/y ) @12 ");
		owner_release(&o);
	}
}

/* A proxy's 404: batch/v1 is always served. */
static void a_404_for_a_built_in_kind_is_an_error(void **state)
{
	static const enum err_kind kinds[] = {ERR_NOT_SERVED, ERR_NOT_FOUND};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct owner o;

		owner_init(&o, NULL);
		fake_fail_next(&o.fake, "GET", LIST, kinds[i]);
		assert_int_equal(fake_count(&o.fake, FAKE_CALL), 0);
		assert_false(informer_synced(o.informer));
		assert_got(&o, "");
		fake_env_run_next(&o.fake);
		owner_lists(&o, "10");
		assert_got(&o, "list(+a/x ) @10 ");
		fake_fail(&o.fake, o.fake.first, kinds[i]);
		fake_env_run_next(&o.fake);
		fake_fail_next(&o.fake, "GET", LIST, kinds[i]);
		assert_int_equal(fake_count(&o.fake, FAKE_CALL), 0);
		assert_got(&o, "");
		fake_env_run_next(&o.fake);
		owner_lists(&o, "12");
		assert_got(&o, "list(+a/x ) @12 ");
		owner_release(&o);
	}
}

#define APPS       "/apis/lifecycle.keptn.sh/v1/keptnapps?limit=100"
#define RESOURCES  "/apis/lifecycle.keptn.sh/v1"
#define GROUPS(of) "{\"kind\":\"APIGroupList\",\"groups\":[{\"name\":\"apps\"}" of "]}"
#define KEPTN(version)                                                                             \
	",{\"name\":\"lifecycle.keptn.sh\",\"versions\":[{\"version\":\"" version "\"}]}"
#define RESOURCE_LIST(of) "{\"kind\":\"APIResourceList\",\"resources\":[" of "]}"

/* Its list, with one object, and a watch that is refused; it lists again. */
static void owner_has_one(struct owner *o)
{
	owner_init_of(o, &apps, NULL);
	fake_answer_next(&o->fake, "GET", APPS,
		"{\"metadata\":{\"resourceVersion\":\"10\"},\"items\":[{\"metadata\":"
		"{\"namespace\":\"a\",\"name\":\"x\"}}]}");
	assert_got(o, "list(+a/x ) @10 ");
	fake_fail(&o->fake, o->fake.first, ERR_NOT_SERVED);
	fake_env_run_next(&o->fake);
}

/* groups, resources: what discovery answers; "": it fails, NULL: it is not asked. */
static const struct discovery_row {
	const char *groups, *resources;
	bool gone;
} discovery_rows[] = {
	{GROUPS(""), NULL, true},
	{GROUPS(KEPTN("v2")), NULL, true},
	{GROUPS(KEPTN("v1")), RESOURCE_LIST("{\"name\":\"keptnapps/status\"}"), true},
	{GROUPS(KEPTN("v1")), RESOURCE_LIST("{\"name\":\"keptnapps\"}"), false},
	{GROUPS(KEPTN("v1")), RESOURCE_LIST(""), true},
	{GROUPS(KEPTN("v1")), GROUPS(""), false},
	{GROUPS(KEPTN("v1")), "{\"kind\":\"APIResourceList\"}", false},
	{GROUPS(KEPTN("v1")), "", false},
	{"", NULL, false},
	{"{}", NULL, false},
	{"{\"kind\":\"APIGroupList\"}", NULL, false},
	{"welcome", NULL, false},
};

static void discovery_answers(struct fake_env *f, const char *path, const char *body)
{
	if (!body)
		return;
	if (*body)
		fake_answer_next(f, "GET", path, body);
	else
		fake_fail_next(f, "GET", path, ERR_NOT_SERVED);
}

static void only_discovery_says_that_a_kind_is_not_served(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_SIZE(discovery_rows); i++) {
		const struct discovery_row *row = &discovery_rows[i / 2];
		bool at_start = i % 2;
		struct owner o;

		print_message("# %s %s\n", row->groups, row->resources ? row->resources : "");
		if (at_start)
			owner_init_of(&o, &apps, NULL);
		else
			owner_has_one(&o);
		fake_fail_next(&o.fake, "GET", APPS, ERR_NOT_SERVED);
		assert_got(&o, "");
		discovery_answers(&o.fake, "/apis", row->groups);
		discovery_answers(&o.fake, RESOURCES, row->resources);
		assert_got(&o, !row->gone ? "" : at_start ? "list() @0 " : "list() @10 ");
		assert_int_equal(informer_synced(o.informer), row->gone || !at_start);
		/* It is looked for again. */
		assert_int_equal(fake_count(&o.fake, FAKE_CALL), 0);
		fake_env_run_next(&o.fake);
		fake_answer_next(&o.fake, "GET", APPS,
			"{\"metadata\":{\"resourceVersion\":\"12\"},\"items\":[]}");
		assert_got(&o, "list() @12 ");
		owner_release(&o);
	}
}

/* Freed while discovery is asked: nothing is done. */
static void a_cancelled_question_ends_it(void **state)
{
	struct owner o;

	(void)state;
	owner_has_one(&o);
	fake_fail_next(&o.fake, "GET", APPS, ERR_NOT_SERVED);
	assert_int_equal(fake_count(&o.fake, FAKE_CALL), 1);
	fake_env_release(&o.fake);
	assert_got(&o, "");
	owner_release(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_and_watches_from_there),
		cmocka_unit_test(asks_for_what_its_selector_matches),
		cmocka_unit_test(is_as_far_as_a_list_once_it_is_whole),
		cmocka_unit_test(a_list_has_a_resource_version),
		cmocka_unit_test(a_bookmark_is_progress),
		cmocka_unit_test(progress_never_goes_down),
		cmocka_unit_test(only_a_number_is_progress),
		cmocka_unit_test(resumes_after_a_broken_connection),
		cmocka_unit_test(a_watch_that_brought_nothing_is_not_followed_at_once),
		cmocka_unit_test(a_silent_watch_is_ended_and_resumed),
		cmocka_unit_test(a_watch_without_an_answer_is_ended_too),
		cmocka_unit_test(is_never_blind_for_long_behind_a_proxy_that_cuts),
		cmocka_unit_test(waits_as_long_as_the_api_server_asks),
		cmocka_unit_test(its_lists_wait_for_no_other_call),
		cmocka_unit_test(lists_again_after_an_invalid_line),
		cmocka_unit_test(starts_a_failed_list_over),
		cmocka_unit_test(a_404_for_a_built_in_kind_is_an_error),
		cmocka_unit_test(only_discovery_says_that_a_kind_is_not_served),
		cmocka_unit_test(a_cancelled_question_ends_it),
	};

	return cmocka_run_group_tests_name("informer", tests, fake_env_quiet, NULL);
}
