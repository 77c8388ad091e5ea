#include "client/api.h"

#include <errno.h>

#include "base/limits.h"
#include "outcome.h"
#include "run/metrics.h"
#include "served.h"

static const struct api_options options = {.user_agent = "promogate-test/1"};

static void check_echo(const struct json *j, const char *method)
{
	const struct json *headers = json_get(j, "headers");

	assert_string_equal(json_string(json_get(j, "method")), method);
	assert_string_equal(json_string(json_get(j, "path")), "/echo?a=b%20c");
	assert_string_equal(json_string(json_get(j, "body")), "{\"x\":1}");
	assert_string_equal(
		json_string(json_get(headers, "content-type")), "application/merge-patch+json");
	assert_string_equal(json_string(json_get(headers, "accept")), "application/json");
	assert_string_equal(json_string(json_get(headers, "user-agent")), "promogate-test/1");
	assert_null(json_get(headers, "accept-encoding"));
	assert_null(json_get(headers, "expect"));
	assert_null(json_get(headers, "authorization"));
}

static void sends_what_it_was_given(void **state)
{
	static const char *const methods[] = {"POST", "PUT", "PATCH", "DELETE"};
	CLEANUP(api_free_p) struct api *api = outcome_client(server.url);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
		struct api_request request = {
			.method = methods[i],
			.path = "/echo?a=b%20c",
			.body = "{\"x\":1}",
			.body_len = 7,
			.content_type = "application/merge-patch+json",
		};
		CLEANUP(json_free_p) struct json *j = NULL;
		CLEANUP(free_p) char *body = NULL;
		struct err err = ERR_INIT;
		size_t len = 0;

		assert_int_equal(api_call_wait(api, &request, &body, &len, &err), 0);
		assert_int_equal(json_parse(body, len, &j, &err), 0);
		check_echo(j, methods[i]);
	}
}

static void sends_a_large_body_without_asking_first(void **state)
{
	enum { LARGE = 3 << 20 };
	CLEANUP(api_free_p) struct api *api = outcome_client(server.url);
	CLEANUP(free_p) char *large = xmalloc(LARGE);
	struct api_request request = {
		.method = "POST", .path = "/echo", .body = large, .body_len = LARGE};
	CLEANUP(json_free_p) struct json *j = NULL;
	CLEANUP(free_p) char *body = NULL;
	struct err err = ERR_INIT;
	size_t len = 0;

	(void)state;
	memset(large, 'x', LARGE);
	assert_int_equal(api_call_wait(api, &request, &body, &len, &err), 0);
	assert_true(len > LARGE);
	assert_int_equal(json_parse(body, len, &j, &err), 0);
	assert_null(json_at(j, "headers", "expect"));
}

static void failures_have_their_kind(void **state)
{
	static const struct {
		const char *path;
		enum err_kind kind;
		int http_status;
		const char *says;
	} rows[] = {
		{"/status?code=404&reason=NotFound", ERR_NOT_SERVED, 404,
			"NotFound: as you wished"},
		{"/nowhere/things/a", ERR_NOT_FOUND, 404, "NotFound: as you wished"},
		{"/status?code=409&reason=AlreadyExists", ERR_EXISTS, 409, "AlreadyExists"},
		{"/status?code=409&reason=Conflict", ERR_CONFLICT, 409, "Conflict"},
		{"/status?code=410&reason=Expired", ERR_GONE, 410, "Expired"},
		{"/status?code=503&after=7", ERR_IO, 503, "as you wished"},
		{"/missing", ERR_NOT_SERVED, 404, "404 page not found"},
		{"/redirect", ERR_IO, 302, ""},
		{"/garbage", ERR_IO, 0, "GET http://127.0.0.1:"},
		{"/drop", ERR_IO, 0, "/drop: "},
		{"/cut", ERR_IO, 0, ""},
		{"/endless", ERR_TOO_LARGE, 0, "response over 100000 bytes"},
		{"/endless-headers", ERR_TOO_LARGE, 0, "response headers over"},
		{"/endless-failure", ERR_IO, 500, "sorry sorry"},
	};
	CLEANUP(api_free_p) struct api *api = outcome_client(server.url);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct api_request request = {.path = rows[i].path, .max_bytes = 100000};
		CLEANUP(free_p) char *body = NULL;
		struct err err = ERR_INIT;
		size_t len = 0;

		assert_int_equal(api_call_wait(api, &request, &body, &len, &err), -1);
		if (err.kind != rows[i].kind || err.http_status != rows[i].http_status)
			fail_msg("%s: %s, %d: %s", rows[i].path, err_kind_name(err.kind),
				err.http_status, err.msg);
		assert_says(err.msg, rows[i].says);
		assert_null(body);
	}
}

static void note_cut(void *ctx, const struct api_response *response, const struct err *err)
{
	struct outcome *o = ctx;

	if (response && response->cut && response->len <= 100000 && response->len > 50000)
		(void)buf_add(&o->text, "cut");
	outcome_done(ctx, response, err);
}

static void a_response_is_cut_where_that_is_wanted(void **state)
{
	CLEANUP(api_free_p) struct api *api = outcome_client(server.url);
	struct api_request request = {.path = "/endless", .max_bytes = 100000, .may_be_cut = true};
	struct outcome o;

	(void)state;
	outcome_init(&o);
	(void)api_call(api, &request, note_cut, &o);
	outcome_await(&o, 1, 0);
	assert_int_equal(o.err.kind, ERR_NONE);
	assert_string_equal(buf_str(&o.text), "cut");
	/* What fits is whole, and a failure stays one. */
	request.path = "/ok";
	(void)api_call(api, &request, note_cut, &o);
	outcome_await(&o, 2, 0);
	assert_int_equal(o.err.kind, ERR_NONE);
	assert_string_equal(buf_str(&o.text), "cut");
	request.path = "/endless-failure";
	(void)api_call(api, &request, note_cut, &o);
	outcome_await(&o, 3, 0);
	assert_int_equal(o.err.http_status, 500);
	outcome_release(&o);
}

static void no_call_outlives_its_timeout(void **state)
{
	static const char *const paths[] = {"/hang", "/drip"};
	CLEANUP(api_free_p) struct api *api = outcome_client(server.url);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		struct api_request request = {.path = paths[i], .timeout_ms = 200};
		CLEANUP(free_p) char *body = NULL;
		struct err err = ERR_INIT;
		size_t len = 0;

		assert_int_equal(api_call_wait(api, &request, &body, &len, &err), -1);
		assert_int_equal(err.kind, ERR_TIMEOUT);
	}
}

static void says_that_the_server_can_not_be_reached(void **state)
{
	/* It takes a privilege to listen on port 1, and nothing does. */
	struct credentials c = {.server = (char[]){"http://127.0.0.1:1"}};
	CLEANUP(api_free_p) struct api *api = NULL;
	CLEANUP(json_free_p) struct json *j = NULL;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(api_new(&c, &options, &api, &err), 0);
	assert_int_equal(outcome_get(api, "/ok", &j, &err), -1);
	assert_int_equal(err.kind, ERR_IO);
	assert_int_equal(err.os_errno, ECONNREFUSED);
	assert_says(err.msg, "GET http://127.0.0.1:1/ok: the API server can't be reached: ");
}

static void keeps_connections(void **state)
{
	CLEANUP(api_free_p) struct api *api = outcome_client(server.url);
	int64_t before = outcome_counted(api, "connections");

	(void)state;
	for (int i = 0; i < 20; i++) {
		CLEANUP(json_free_p) struct json *j = NULL;
		struct err err = ERR_INIT;

		assert_int_equal(outcome_get(api, "/ok", &j, &err), 0);
	}
	assert_int_equal(outcome_counted(api, "connections"), before);
}

static void a_read_is_sent_again(void **state)
{
	CLEANUP(api_free_p) struct api *api = outcome_client(server.url);
	struct api_request get = {.path = "/drop-kept"};
	CLEANUP(free_p) char *body = NULL;
	struct err err = ERR_INIT;
	size_t len = 0;

	(void)state;
	assert_int_equal(outcome_counted(api, "drop-kept-GET"), 0);
	if (api_call_wait(api, &get, &body, &len, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(outcome_counted(api, "drop-kept-GET"), 2);
}

/* It may have been carried out. An empty body is what libcurl would send again most readily. */
static void a_write_is_never_sent_again(void **state)
{
	static const struct {
		const char *method, *body;
	} rows[] = {{"POST", "{}"}, {"PUT", "{}"}, {"PATCH", "{}"}, {"DELETE", "{}"},
		{"POST", NULL}, {"DELETE", NULL}};
	CLEANUP(api_free_p) struct api *api = outcome_client(server.url);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(free_p) char *counter = xasprintf("drop-kept-%s", rows[i].method);
		struct api_request request = {.path = "/drop-kept",
			.method = rows[i].method,
			.body = rows[i].body,
			.body_len = rows[i].body ? 2 : 0};
		/* On a connection that was kept. */
		int64_t before = outcome_counted(api, counter);
		CLEANUP(free_p) char *body = NULL;
		struct err err = ERR_INIT;
		size_t len = 0;

		assert_int_equal(api_call_wait(api, &request, &body, &len, &err), -1);
		assert_int_equal(err.kind, ERR_IO);
		assert_says(err.msg, "the connection ended before a response came");
		assert_int_equal(outcome_counted(api, counter), before + 1);
	}
}

static void reads_a_token_again_when_it_is_refused(void **state)
{
	CLEANUP(free_p) char *wanted = fixture_path(server.folder, "wanted");
	CLEANUP(free_p) char *file = fixture_path(server.folder, "token");
	CLEANUP(free_p) char *path = xasprintf("/token?file=%s", wanted);
	struct credentials c = {.server = server.url, .token_file = file};
	CLEANUP(json_free_p) struct json *j = NULL;
	CLEANUP(api_free_p) struct api *api = NULL;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(api_new(&c, &options, &api, &err), 0);
	assert_int_equal(outcome_get(api, path, &j, &err), -1);
	assert_int_equal(err.kind, ERR_AUTH);
	assert_says(err.msg, "opening ");
	fixture_write(wanted, "one");
	fixture_write(file, "one\n");
	outcome_expect_ok(api, path);
	fixture_write(wanted, "two");
	assert_int_equal(outcome_get(api, path, &j, &err), -1);
	assert_int_equal(err.kind, ERR_AUTH);
	fixture_write(file, "two\n");
	outcome_expect_ok(api, path);
	/* A file that is gone for a moment does not take the token with it. */
	assert_int_equal(unlink(file), 0);
	outcome_expect_ok(api, path);
}

static void rejects_an_invalid_token(void **state)
{
	static const char *const tokens[] = {"", "a b", "a\r\nX-Evil: 1", "\xc3\xa9"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(tokens); i++) {
		CLEANUP(free_p) char *token = xstrdup(tokens[i]);
		struct credentials c = {.server = server.url, .token = token};
		struct api *api = NULL;
		struct err err = ERR_INIT;

		assert_int_equal(api_new(&c, &options, &api, &err), -1);
		assert_int_equal(err.kind, ERR_INVALID);
		assert_null(api);
	}
}

static void ignores_proxies_of_the_environment(void **state)
{
	CLEANUP(api_free_p) struct api *api = NULL;

	(void)state;
	assert_int_equal(setenv("http_proxy", "http://127.0.0.1:1", 1), 0);
	assert_int_equal(setenv("all_proxy", "http://127.0.0.1:1", 1), 0);
	api = outcome_client(server.url);
	outcome_expect_ok(api, "/ok");
	assert_int_equal(unsetenv("http_proxy"), 0);
	assert_int_equal(unsetenv("all_proxy"), 0);
}

/* What the metrics say of this series; 0 if there is none. */
static long counted(const char *verb, const char *code)
{
	CLEANUP(free_p)
	char *series =
		xasprintf("\npromogate_api_calls_total{verb=\"%s\",code=\"%s\"} ", verb, code);
	CLEANUP(buf_release) struct buf text = BUF_INIT(LIMIT_METRICS_BYTES);
	const char *at;

	metrics_render(&text);
	at = strstr(buf_str(&text), series);
	return at ? strtol(at + strlen(series), NULL, 10) : 0;
}

static void counts_what_became_of_its_calls(void **state)
{
	static const struct {
		const char *method, *path, *code;
	} rows[] = {
		{"GET", "/ok", "200"},
		{"POST", "/echo", "201"},
		{"PATCH", "/status?code=409&reason=Conflict", "409"},
		{"DELETE", "/garbage", "IO"},
		{"GET", "/hang", "Timeout"},
	};
	CLEANUP(api_free_p) struct api *api = outcome_client(server.url);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct api_request request = {.method = rows[i].method, .path = rows[i].path};
		long before = counted(rows[i].method, rows[i].code);
		CLEANUP(free_p) char *body = NULL;
		size_t len;

		if (strcmp(rows[i].code, "Timeout") == 0)
			request.timeout_ms = 50;
		(void)api_call_wait(api, &request, &body, &len, NULL);
		assert_int_equal(counted(rows[i].method, rows[i].code), before + 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sends_what_it_was_given),
		cmocka_unit_test(sends_a_large_body_without_asking_first),
		cmocka_unit_test(failures_have_their_kind),
		cmocka_unit_test(a_response_is_cut_where_that_is_wanted),
		cmocka_unit_test(no_call_outlives_its_timeout),
		cmocka_unit_test(says_that_the_server_can_not_be_reached),
		cmocka_unit_test(keeps_connections),
		cmocka_unit_test(a_read_is_sent_again),
		cmocka_unit_test(a_write_is_never_sent_again),
		cmocka_unit_test(reads_a_token_again_when_it_is_refused),
		cmocka_unit_test(rejects_an_invalid_token),
		cmocka_unit_test(ignores_proxies_of_the_environment),
		cmocka_unit_test(counts_what_became_of_its_calls),
	};

	return served_run("api", tests);
}
