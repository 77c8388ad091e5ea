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

static void cuts_lines_to_their_maximum(void **state)
{
	static const struct {
		const char *stream, *lines;
	} rows[] = {
		{"1234567890\nab\n", "[12345678][ab]"},
		{"12345678\n123456789\n", "[12345678][12345678]"},
		{"1234\n1234567890123456789", "[1234]"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *stream = rows[i].stream;

		for (size_t step = 1; step <= strlen(stream); step++) {
			CLEANUP(buf_release) struct buf got = BUF_INIT(1000);
			CLEANUP(watch_lines_release) struct watch_lines w = WATCH_LINES_INIT(8);
			struct err err = ERR_INIT;

			for (size_t at = 0; at < strlen(stream); at += step) {
				size_t left = strlen(stream) - at;

				assert_int_equal(
					watch_lines_feed(&w, stream + at, left < step ? left : step,
						collect, &got, &err),
					0);
			}
			assert_string_equal(buf_str(&got), rows[i].lines);
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

#define NAMED(ns) "\"object\":{\"metadata\":{\"name\":\"x\"," ns "\"resourceVersion\":\"7\"}"

static void finds_what_an_unreadable_event_is_about(void **state)
{
	static const struct {
		const char *line, *namespace; /* NULL: nothing */
		enum watch_type type;
	} rows[] = {
		{"{\"type\":\"ADDED\"," NAMED("\"namespace\":\"a\",") ",\"spec\":[\"", "a",
			WATCH_ADDED},
		{"{\"type\":\"MODIFIED\"," NAMED("") ",\"spec\":[[[", "", WATCH_MODIFIED},
		{"{\"type\":\"DELETED\"," NAMED(""), "", WATCH_DELETED},
		{"{\"type\":\"BOOKMARK\"," NAMED(""), NULL, 0},
		{"{\"type\":\"ERROR\"," NAMED(""), NULL, 0},
		{"{\"type\":\"RENAMED\"," NAMED(""), NULL, 0},
		{"{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"x\"},\"spec\":[", NULL,
			0},
		{"{\"type\":\"ADDED\"," OBJECT("7"), NULL, 0},
		{"{\"type\":", NULL, 0},
		{"", NULL, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct watch_peek peek;
		int ret = watch_event_peek(rows[i].line, strlen(rows[i].line), &peek);

		print_message("# %s\n", rows[i].line);
		assert_int_equal(ret, rows[i].namespace ? 0 : -1);
		if (ret < 0)
			continue;
		assert_int_equal(peek.type, rows[i].type);
		assert_string_equal(peek.namespace, rows[i].namespace);
		assert_string_equal(peek.name, "x");
		assert_string_equal(peek.resource_version, "7");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_lines_however_the_bytes_arrive),
		cmocka_unit_test(cuts_lines_to_their_maximum),
		cmocka_unit_test(passes_the_readers_error_on),
		cmocka_unit_test(decodes_events),
		cmocka_unit_test(an_error_event_is_an_error),
		cmocka_unit_test(finds_what_an_unreadable_event_is_about),
	};

	return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
