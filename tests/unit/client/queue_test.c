/* Calls wait for a connection, for earlier calls, and for as long as Retry-After says. */
#include "client/api.h"

#include "base/limits.h"
#include "outcome.h"
#include "served.h"

/* Takes this many of the client's connections, each for another key; the ids of the calls. */
static void hang_some(struct api *api, struct outcome *o, int n, api_id *ids)
{
	struct api_request hang = {.path = "/hang"};
	/* Another client counts: this one has no connection left. */
	CLEANUP(api_free_p) struct api *other = outcome_client(server.url);
	int64_t before = outcome_counted(other, "hang");
	char key[32];

	hang.fair_key = key;
	for (int i = 0; i < n; i++) {
		(void)snprintf(key, sizeof(key), "hanging-%d", i);
		ids[i] = api_call(api, &hang, outcome_done, o);
	}
	while (outcome_counted(other, "hang") < before + n)
		(void)usleep(1000);
}

static void hang_all(struct api *api, struct outcome *o, api_id ids[static LIMIT_API_CALLS])
{
	hang_some(api, o, LIMIT_API_CALLS, ids);
}

static void calls_beyond_the_limit_wait(void **state)
{
	enum { MORE = 3 };
	struct api_request ok = {.path = "/ok"};
	struct outcome hung, waiting;
	struct api *api = outcome_client(server.url);
	api_id ids[LIMIT_API_CALLS];

	(void)state;
	outcome_init(&hung);
	outcome_init(&waiting);
	hang_all(api, &hung, ids);
	for (int i = 0; i < MORE; i++)
		(void)api_call(api, &ok, outcome_done, &waiting);
	api_cancel(api, ids[LIMIT_API_CALLS / 2]);
	outcome_await(&waiting, MORE, 0);
	outcome_await(&hung, 1, 0);
	assert_true(api_cancelled(&hung.err));
	api_free(api);
	assert_int_equal(hung.done, LIMIT_API_CALLS);
	assert_int_equal(waiting.err.kind, ERR_NONE);
	outcome_release(&hung);
	outcome_release(&waiting);
}

/* More than the usual number, and fewer: one more waits until one of them ends. */
static void the_cap_is_an_option(void **state)
{
	static const int caps[] = {1, 2, LIMIT_API_CALLS + 1, LIMIT_API_CALLS_MOST};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(caps); i++) {
		struct api_request hang = {.path = "/hang"}, late = {.path = "/ok"};
		struct outcome hung, waiting;
		struct api *api = outcome_client_of(server.url, (unsigned)caps[i]);
		api_id ids[LIMIT_API_CALLS_MOST];

		outcome_init(&hung);
		outcome_init(&waiting);
		hang_some(api, &hung, caps[i], ids);
		hang.timeout_ms = 50;
		(void)api_call(api, &hang, outcome_done, &waiting);
		outcome_await(&waiting, 1, 0);
		assert_says(waiting.err.msg, "timed out waiting for a free connection");
		waiting.err = (struct err)ERR_INIT;
		(void)api_call(api, &late, outcome_done, &waiting);
		api_cancel(api, ids[0]);
		outcome_await(&waiting, 2, 0);
		assert_int_equal(waiting.err.kind, ERR_NONE);
		api_free(api);
		outcome_release(&hung);
		outcome_release(&waiting);
	}
}

static void a_call_that_waits_times_out_too(void **state)
{
	struct api_request ok = {.path = "/ok", .timeout_ms = 100};
	struct outcome hung, waiting;
	struct api *api = outcome_client(server.url);
	api_id ids[LIMIT_API_CALLS];

	(void)state;
	outcome_init(&hung);
	outcome_init(&waiting);
	hang_all(api, &hung, ids);
	(void)api_call(api, &ok, outcome_done, &waiting);
	outcome_await(&waiting, 1, 0);
	assert_int_equal(waiting.err.kind, ERR_TIMEOUT);
	assert_says(waiting.err.msg, "/ok: timed out waiting for a free connection");
	api_free(api);
	outcome_release(&hung);
	outcome_release(&waiting);
}

/* Neither running nor waiting calls delay it. */
static void an_urgent_call_does_not_wait(void **state)
{
	enum { MORE = LIMIT_API_QUEUE + 1 };
	struct api_request ok = {.path = "/ok"}, urgent = {.path = "/ok", .urgent = true};
	struct outcome hung, waiting, first;
	struct api *api = outcome_client(server.url);
	api_id ids[LIMIT_API_CALLS];

	(void)state;
	outcome_init(&hung);
	outcome_init(&waiting);
	outcome_init(&first);
	hang_all(api, &hung, ids);
	for (int i = 0; i < MORE; i++)
		(void)api_call(api, &ok, outcome_done, &waiting);
	(void)api_call(api, &urgent, outcome_done, &first);
	outcome_await(&first, 1, 0);
	assert_int_equal(first.err.kind, ERR_NONE);
	outcome_await(&waiting, 1, 0);
	assert_int_equal(waiting.err.kind, ERR_THROTTLED);
	assert_int_equal(waiting.done, 1);
	api_free(api);
	outcome_release(&hung);
	outcome_release(&waiting);
	outcome_release(&first);
}

static void a_queue_has_an_end(void **state)
{
	enum { MORE = LIMIT_API_QUEUE + 10 };
	struct api_request ok = {.path = "/ok"};
	struct outcome hung, waiting;
	struct api *api = outcome_client(server.url);
	api_id ids[LIMIT_API_CALLS];

	(void)state;
	outcome_init(&hung);
	outcome_init(&waiting);
	hang_all(api, &hung, ids);
	for (int i = 0; i < MORE; i++)
		(void)api_call(api, &ok, outcome_done, &waiting);
	outcome_await(&waiting, 10, 0);
	assert_int_equal(waiting.err.kind, ERR_THROTTLED);
	assert_says(waiting.err.msg, "calls are waiting already");
	api_free(api);
	assert_int_equal(hung.done, LIMIT_API_CALLS);
	assert_int_equal(waiting.done, MORE);
	outcome_release(&hung);
	outcome_release(&waiting);
}

static void retries_when_retry_after_says(void **state)
{
	CLEANUP(api_free_p) struct api *api = outcome_client(server.url);
	CLEANUP(json_free_p) struct json *j = NULL;
	struct err err = ERR_INIT;

	(void)state;
	if (outcome_get(api, "/throttle?key=a&n=2", &j, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(outcome_counted(api, "throttle-a"), 3);
}

static void stops_retrying_after_some_tries(void **state)
{
	CLEANUP(api_free_p) struct api *api = outcome_client(server.url);
	CLEANUP(json_free_p) struct json *j = NULL;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(outcome_get(api, "/throttle?key=b&n=1000", &j, &err), -1);
	assert_int_equal(err.kind, ERR_THROTTLED);
	assert_int_equal(err.http_status, 429);
	assert_int_equal(err.retry_after_ms, 1000);
	assert_int_equal(outcome_counted(api, "throttle-b"), 1 + API_THROTTLED_TRIES);
}

static void a_call_that_would_time_out_first_fails_at_once(void **state)
{
	CLEANUP(api_free_p) struct api *api = outcome_client(server.url);
	struct api_request first = {
		.path = "/status?code=429&reason=TooManyRequests&after=3", .timeout_ms = 2500};
	struct api_request second = {.path = "/ok", .timeout_ms = 2500};
	CLEANUP(free_p) char *body = NULL;
	struct err err = ERR_INIT;
	size_t len = 0;

	(void)state;
	assert_int_equal(api_call_wait(api, &first, &body, &len, &err), -1);
	assert_int_equal(err.kind, ERR_THROTTLED);
	assert_int_equal(err.retry_after_ms, 3000);
	/* And holds up nothing. */
	assert_int_equal(api_call_wait(api, &second, &body, &len, &err), 0);
}

/* Without a time it is a second; an hour is not believed. */
static void retry_after_has_a_default_and_a_cap(void **state)
{
	static const struct {
		const char *after;
		unsigned want_ms;
	} rows[] = {{"", 1000}, {"0", 1000}, {"x", 1000}, {"2", 2000}, {"30", LIMIT_RETRY_AFTER_MS},
		{"3600", LIMIT_RETRY_AFTER_MS}};
	CLEANUP(api_free_p) struct api *api = outcome_client(server.url);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(free_p)
		char *path = xasprintf("/throttle?key=c%zu&n=1000&after=%s", i, rows[i].after);
		/* Too short for a second try. */
		struct api_request request = {.path = path, .timeout_ms = 900};
		CLEANUP(free_p) char *body = NULL;
		struct err err = ERR_INIT;
		size_t len = 0;

		assert_int_equal(api_call_wait(api, &request, &body, &len, &err), -1);
		assert_int_equal(err.http_status, 429);
		assert_int_equal(err.retry_after_ms, rows[i].want_ms);
	}
}

static void a_429_without_retry_after_is_retried(void **state)
{
	CLEANUP(api_free_p) struct api *api = outcome_client(server.url);
	CLEANUP(json_free_p) struct json *j = NULL;
	struct err err = ERR_INIT;

	(void)state;
	if (outcome_get(api, "/throttle?key=d&n=1&after=", &j, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(outcome_counted(api, "throttle-d"), 2);
}

/*
 * Throttled until far in the future; what else is asked for is answered meanwhile. With one call
 * at once, an answer to the question how often it arrived means that its 429 was received.
 */
static void a_throttled_call_holds_up_no_other(void **state)
{
	struct api_request throttled = {.path = "/apis/batch/v1/namespaces/a/jobs?after=30",
		.method = "POST",
		.fair_key = "a"};
	static const struct api_request rows[] = {
		{.path = "/ok"},
		{.path = "/ok", .fair_key = "a"},
		{.path = "/ok", .urgent = true},
		{.path = "/apis/batch/v1/namespaces/a/jobs/x", .fair_key = "a"},
		{.path = "/apis/batch/v1/namespaces/b/jobs", .method = "POST", .fair_key = "b"},
	};
	struct api *api = outcome_client_of(server.url, 1);
	struct outcome held, others;

	(void)state;
	outcome_init(&held);
	outcome_init(&others);
	(void)api_call(api, &throttled, outcome_done, &held);
	while (outcome_counted(api, "jobs-a") < 1)
		(void)usleep(1000);
	/* The same again, which waits with it. */
	(void)api_call(api, &throttled, outcome_done, &held);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		(void)api_call(api, &rows[i], outcome_done, &others);
	outcome_await(&others, ARRAY_SIZE(rows), 0);
	assert_int_equal(others.err.kind, ERR_NONE);
	assert_int_equal(outcome_counted(api, "jobs-a"), 1);
	assert_int_equal(held.done, 0);
	api_free(api);
	assert_int_equal(held.done, 2);
	outcome_release(&held);
	outcome_release(&others);
}

/* Its calls hang on all the connections that it can get; another's go on. */
static void one_key_never_takes_all_connections(void **state)
{
	enum { MORE = 3 * LIMIT_API_CALLS };
	struct api_request hang = {.path = "/hang", .fair_key = "a"};
	struct api_request ok = {.path = "/ok", .fair_key = "b"};
	CLEANUP(api_free_p) struct api *other = outcome_client(server.url);
	struct api *api = outcome_client(server.url);
	int64_t before = outcome_counted(other, "hang");
	struct outcome hung, quiet;

	(void)state;
	outcome_init(&hung);
	outcome_init(&quiet);
	for (int i = 0; i < MORE; i++)
		(void)api_call(api, &hang, outcome_done, &hung);
	for (int i = 0; i < 20; i++)
		(void)api_call(api, &ok, outcome_done, &quiet);
	outcome_await(&quiet, 20, 0);
	assert_int_equal(quiet.err.kind, ERR_NONE);
	assert_true(outcome_counted(other, "hang") - before < LIMIT_API_CALLS);
	assert_int_equal(hung.done, 0);
	api_free(api);
	outcome_release(&hung);
	outcome_release(&quiet);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_beyond_the_limit_wait),
		cmocka_unit_test(the_cap_is_an_option),
		cmocka_unit_test(a_call_that_waits_times_out_too),
		cmocka_unit_test(an_urgent_call_does_not_wait),
		cmocka_unit_test(a_queue_has_an_end),
		cmocka_unit_test(retries_when_retry_after_says),
		cmocka_unit_test(stops_retrying_after_some_tries),
		cmocka_unit_test(a_call_that_would_time_out_first_fails_at_once),
		cmocka_unit_test(retry_after_has_a_default_and_a_cap),
		cmocka_unit_test(a_429_without_retry_after_is_retried),
		cmocka_unit_test(a_throttled_call_holds_up_no_other),
		cmocka_unit_test(one_key_never_takes_all_connections),
	};

	return served_run("queue", tests);
}
