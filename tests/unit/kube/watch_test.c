#include "kube/watch.h"

#include <string.h>

#include "unit.h"

static int collect(void *ctx, const char *line, size_t len, struct err *err)
{
	struct buf *to = ctx;

	(void)err;
	(void)buf_addc(to, '[');
	(void)buf_addn(to, line, len);
	(void)buf_addc(to, ']');
	return 0;
}

static int refuse(void *ctx, const char *line, size_t len, struct err *err)
{
	(void)ctx;
	(void)line;
	(void)len;
	return err_set(err, ERR_GONE, "no more");
}

static void frames_lines_however_the_bytes_arrive(void **state)
{
	static const char stream[] = "one\ntwo\n\n\nthree and more\nhalf";

	(void)state;
	for (size_t step = 1; step <= strlen(stream); step++) {
		CLEANUP(buf_release) struct buf got = BUF_INIT(1000);
		CLEANUP(watch_lines_release) struct watch_lines w = WATCH_LINES_INIT(100);
		struct err err = ERR_INIT;

		for (size_t at = 0; at < strlen(stream); at += step) {
			size_t n = strlen(stream) - at < step ? strlen(stream) - at : step;

			assert_int_equal(
				watch_lines_feed(&w, stream + at, n, collect, &got, &err), 0);
		}
		assert_string_equal(buf_str(&got), "[one][two][three and more]");
		assert_string_equal(buf_str(&w.partial), "half");
	}
}

static void holds_lines_to_their_maximum(void **state)
{
	static const char *const streams[] = {"1234567890\n", "123456789", "1234\n123456789\n"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(streams); i++) {
		for (size_t step = 1; step <= strlen(streams[i]); step++) {
			CLEANUP(buf_release) struct buf got = BUF_INIT(1000);
			CLEANUP(watch_lines_release) struct watch_lines w = WATCH_LINES_INIT(8);
			struct err err = ERR_INIT;
			int ret = 0;

			for (size_t at = 0; at < strlen(streams[i]) && ret == 0; at += step) {
				size_t left = strlen(streams[i]) - at;

				ret = watch_lines_feed(&w, streams[i] + at,
					left < step ? left : step, collect, &got, &err);
			}
			assert_int_equal(ret, -1);
			assert_int_equal(err.kind, ERR_TOO_LARGE);
		}
	}
}

static void passes_the_readers_error_on(void **state)
{
	CLEANUP(watch_lines_release) struct watch_lines w = WATCH_LINES_INIT(8);
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(watch_lines_feed(&w, "a\nb\n", 4, refuse, NULL, &err), -1);
	assert_int_equal(err.kind, ERR_GONE);
	assert_int_equal(watch_lines_feed(&w, "a", 1, refuse, NULL, &err), 0);
	assert_int_equal(watch_lines_feed(&w, "\n", 1, refuse, NULL, &err), -1);
}

#define OBJECT(rv) "\"object\":{\"metadata\":{\"resourceVersion\":\"" rv "\"}}"

static void decodes_events(void **state)
{
	static const struct {
		const char *line;
		enum watch_type type;
	} rows[] = {
		{"{\"type\":\"ADDED\"," OBJECT("7") "}", WATCH_ADDED},
		{"{\"type\":\"MODIFIED\"," OBJECT("7") "}", WATCH_MODIFIED},
		{"{" OBJECT("7") ",\"type\":\"DELETED\"}", WATCH_DELETED},
		{"{\"type\":\"BOOKMARK\"," OBJECT("7") "}", WATCH_BOOKMARK},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(watch_event_release) struct watch_event event = WATCH_EVENT_INIT;
		struct err err = ERR_INIT;

		if (watch_event_decode(rows[i].line, strlen(rows[i].line), &event, &err) < 0)
			fail_msg("%s: %s", rows[i].line, err.msg);
		assert_int_equal(event.type, rows[i].type);
		assert_string_equal(event.resource_version, "7");
		assert_non_null(event.object);
	}
}

static void an_error_event_is_an_error(void **state)
{
	static const struct {
		const char *line;
		enum err_kind kind;
	} rows[] = {
		{"{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410,"
		 "\"reason\":\"Expired\",\"message\":\"too old resource version: 1 (9)\"}}",
			ERR_GONE},
		{"{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410}}", ERR_GONE},
		{"{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":500,"
		 "\"reason\":\"InternalError\"}}",
			ERR_IO},
		{"{\"type\":\"ERROR\"}", ERR_IO},
		{"{\"type\":\"RENAMED\"," OBJECT("7") "}", ERR_IO},
		{"{\"type\":\"ADDED\"}", ERR_IO},
		{"{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"resourceVersion\":7}}}", ERR_IO},
		{"{\"type\":\"ADDED\"," OBJECT("") "}", ERR_IO},
		{"{\"type\":\"ADDED\"," OBJECT("7"), ERR_IO},
		{"[]", ERR_IO},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(watch_event_release) struct watch_event event = WATCH_EVENT_INIT;
		struct err err = ERR_INIT;

		assert_int_equal(
			watch_event_decode(rows[i].line, strlen(rows[i].line), &event, &err), -1);
		if (err.kind != rows[i].kind)
			fail_msg("%s: %s", rows[i].line, err_kind_name(err.kind));
		assert_null(event.tree);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_lines_however_the_bytes_arrive),
		cmocka_unit_test(holds_lines_to_their_maximum),
		cmocka_unit_test(passes_the_readers_error_on),
		cmocka_unit_test(decodes_events),
		cmocka_unit_test(an_error_event_is_an_error),
	};

	return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
