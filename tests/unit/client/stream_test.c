/* Watches and timers, and what callbacks may do. */
#include "client/api.h"

#include <stdatomic.h>

#include "base/limits.h"
#include "outcome.h"
#include "served.h"

static void watches_line_by_line(void **state)
{
	CLEANUP(api_free_p) struct api *api = outcome_client(server.url);
	struct api_request request = {.path = "/lines"};
	struct outcome o;

	(void)state;
	outcome_init(&o);
	(void)api_watch(api, &request, outcome_line, outcome_done, &o);
	outcome_await(&o, 1, 0);
	assert_int_equal(o.err.kind, ERR_NONE);
	assert_string_equal(buf_str(&o.text), "|one|two|three");
	outcome_release(&o);
}

static int ignore_line(void *ctx, const char *line, size_t len, struct err *err)
{
	(void)ctx;
	(void)line;
	(void)len;
	(void)err;
	return 0;
}

/* Whether its end had a response: -1 before the end. */
static void note_accepted(void *ctx, const struct api_response *response, const struct err *err)
{
	(void)err;
	atomic_store((atomic_int *)ctx, response != NULL);
}

static void its_end_says_whether_it_was_accepted(void **state)
{
	static const struct {
		const char *path;
		bool accepted;
	} rows[] = {
		{"/lines", true},
		{"/lines-drop", true},
		{"/lines-cut", true},
		{"/drop", false},
		{"/status?code=410&reason=Expired", false},
		{"/status?code=429&after=1", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct api *api = outcome_client(server.url);
		struct api_request request = {.path = rows[i].path};
		atomic_int accepted = -1;

		(void)api_watch(api, &request, ignore_line, note_accepted, &accepted);
		while (atomic_load(&accepted) < 0)
			(void)usleep(1000);
		assert_int_equal(atomic_load(&accepted), rows[i].accepted);
		api_free(api);
	}
}

/* One watch, from its start to its end. */
static void watch_once(const char *path, unsigned timeout_ms, struct outcome *o)
{
	CLEANUP(api_free_p) struct api *api = outcome_client(server.url);
	struct api_request request = {.path = path, .max_bytes = 100000, .timeout_ms = timeout_ms};
	int before = o->done;

	(void)api_watch(api, &request, outcome_line, outcome_done, o);
	outcome_await(o, before + 1, 0);
}

static void a_watch_says_why_it_ended(void **state)
{
	static const struct {
		const char *path;
		int stop_after, lines;
		enum err_kind kind;
		const char *says;
	} rows[] = {
		{"/lines-cut", 0, 1, ERR_IO, "in the middle of an event"},
		{"/lines-drop", 0, 1, ERR_IO, "/lines-drop: "},
		{"/lines-silent", 0, 1, ERR_TIMEOUT, "/lines-silent: "},
		{"/lines-for-ever", 5, 5, ERR_GONE, "enough"},
		{"/hang", 0, 0, ERR_TIMEOUT, ""},
		{"/status?code=410&reason=Expired", 0, 0, ERR_GONE, "Expired"},
		{"/throttle?key=w&n=1", 0, 0, ERR_THROTTLED, "TooManyRequests"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		unsigned timeout_ms = rows[i].kind == ERR_TIMEOUT ? 250 : 0;
		struct outcome o;

		outcome_init(&o);
		o.stop_after = rows[i].stop_after;
		watch_once(rows[i].path, timeout_ms, &o);
		/* A slow machine: its line did not come in time. */
		while (o.err.kind == ERR_TIMEOUT && o.lines < rows[i].lines && timeout_ms < 60000)
			watch_once(rows[i].path, timeout_ms *= 2, &o);
		if (o.err.kind != rows[i].kind)
			fail_msg("%s: %s: %s", rows[i].path, err_kind_name(o.err.kind), o.err.msg);
		assert_says(o.err.msg, rows[i].says);
		assert_int_equal(o.lines, rows[i].lines);
		outcome_release(&o);
	}
}

static void a_line_that_is_too_long_is_cut(void **state)
{
	struct outcome o;

	(void)state;
	outcome_init(&o);
	watch_once("/line-long", 0, &o);
	assert_int_equal(o.err.kind, ERR_NONE);
	assert_int_equal(o.lines, 2);
	assert_int_equal(o.text.len, 1 + 100000 + strlen("|two"));
	assert_string_equal(buf_str(&o.text) + 1 + 100000, "|two");
	outcome_release(&o);
}

static void watches_leave_the_calls_their_connections(void **state)
{
	enum { WATCHES = LIMIT_API_CALLS + 4 };
	struct api_request request = {.path = "/lines-silent"};
	CLEANUP(json_free_p) struct json *j = NULL;
	struct err err = ERR_INIT;
	struct outcome o;
	struct api *api = outcome_client(server.url);

	(void)state;
	outcome_init(&o);
	for (int i = 0; i < WATCHES; i++)
		(void)api_watch(api, &request, outcome_line, outcome_done, &o);
	outcome_await(&o, 0, WATCHES);
	assert_int_equal(outcome_get(api, "/ok", &j, &err), 0);
	api_free(api);
	assert_int_equal(o.done, WATCHES);
	assert_true(api_cancelled(&o.err));
	outcome_release(&o);
}

static void watches_have_a_cap(void **state)
{
	struct api_request request = {.path = "/lines-silent"};
	struct outcome o;
	struct api *api = outcome_client(server.url);

	(void)state;
	outcome_init(&o);
	for (int i = 0; i < LIMIT_API_WATCHES + 1; i++)
		(void)api_watch(api, &request, outcome_line, outcome_done, &o);
	outcome_await(&o, 1, LIMIT_API_WATCHES);
	assert_int_equal(o.err.kind, ERR_TOO_LARGE);
	api_free(api);
	assert_int_equal(o.done, LIMIT_API_WATCHES + 1);
	outcome_release(&o);
}

static void a_cancelled_watch_ends_once(void **state)
{
	struct api_request request = {.path = "/lines-for-ever"};
	struct outcome o;
	struct api *api = outcome_client(server.url);
	api_id id;

	(void)state;
	outcome_init(&o);
	id = api_watch(api, &request, outcome_line, outcome_done, &o);
	outcome_await(&o, 0, 3);
	api_cancel(api, id);
	outcome_await(&o, 1, 0);
	assert_true(api_cancelled(&o.err));
	api_cancel(api, id);
	api_cancel(api, id + 1000);
	api_free(api);
	assert_int_equal(o.done, 1);
	outcome_release(&o);
}

/* Starts and cancels from callbacks, as an informer does. */
struct chain {
	struct api *api;
	struct outcome outcome;
	api_id watch;
	int lines_after_cancel;
	bool cancelled;
	int timers;
};

static int on_chain_line(void *ctx, const char *line, size_t len, struct err *err)
{
	struct chain *c = ctx;

	(void)line;
	(void)len;
	(void)err;
	if (c->cancelled)
		c->lines_after_cancel++;
	api_cancel(c->api, c->watch);
	c->cancelled = true;
	return 0;
}

static void on_chain_timer(void *ctx, const struct api_response *response, const struct err *err)
{
	struct chain *c = ctx;

	(void)response;
	if (err || ++c->timers == 3)
		outcome_done(&c->outcome, NULL, err);
	else
		(void)api_timer(c->api, 1, on_chain_timer, c);
}

static void on_chain_watch(void *ctx, const struct api_response *response, const struct err *err)
{
	struct chain *c = ctx;

	(void)response;
	if (!api_cancelled(err))
		outcome_done(&c->outcome, NULL, err);
	else
		(void)api_timer(c->api, 0, on_chain_timer, c);
}

static void on_chain_call(void *ctx, const struct api_response *response, const struct err *err)
{
	struct chain *c = ctx;
	struct api_request request = {.path = "/lines"};

	if (response)
		c->watch = api_watch(c->api, &request, on_chain_line, on_chain_watch, c);
	else
		outcome_done(&c->outcome, NULL, err);
}

static void callbacks_start_and_cancel(void **state)
{
	struct api_request request = {.path = "/ok"};
	struct chain c = {.api = outcome_client(server.url)};

	(void)state;
	outcome_init(&c.outcome);
	(void)api_call(c.api, &request, on_chain_call, &c);
	outcome_await(&c.outcome, 1, 0);
	api_free(c.api);
	assert_int_equal(c.outcome.err.kind, ERR_NONE);
	assert_true(c.cancelled);
	assert_int_equal(c.lines_after_cancel, 0);
	assert_int_equal(c.timers, 3);
	outcome_release(&c.outcome);
}

static void timers_fire_or_are_cancelled(void **state)
{
	struct outcome far, near;
	struct api *api = outcome_client(server.url);
	api_id id;

	(void)state;
	outcome_init(&far);
	outcome_init(&near);
	id = api_timer(api, 1000000, outcome_done, &far);
	(void)api_timer(api, 2000000, outcome_done, &far);
	(void)api_timer(api, 20, outcome_done, &near);
	(void)api_timer(api, 10, outcome_done, &near);
	outcome_await(&near, 2, 0);
	assert_int_equal(near.err.kind, ERR_NONE);
	api_cancel(api, id);
	outcome_await(&far, 1, 0);
	assert_true(api_cancelled(&far.err));
	api_free(api);
	assert_int_equal(far.done, 2);
	assert_int_equal(near.done, 2);
	outcome_release(&far);
	outcome_release(&near);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(watches_line_by_line),
		cmocka_unit_test(its_end_says_whether_it_was_accepted),
		cmocka_unit_test(a_watch_says_why_it_ended),
		cmocka_unit_test(a_line_that_is_too_long_is_cut),
		cmocka_unit_test(watches_leave_the_calls_their_connections),
		cmocka_unit_test(watches_have_a_cap),
		cmocka_unit_test(a_cancelled_watch_ends_once),
		cmocka_unit_test(callbacks_start_and_cancel),
		cmocka_unit_test(timers_fire_or_are_cancelled),
	};

	return served_run("stream", tests);
}
