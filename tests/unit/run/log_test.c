#include "run/log.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/mem.h"
#include "json/json.h"
#include "run/metrics.h"
#include "unit.h"

static int ends[2], own_stderr;
static char got[2 * LIMIT_LOG_LINE_BYTES];

static int pipe_up(void **state)
{
	(void)state;
	own_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
	if (own_stderr < 0 || pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0 ||
		dup2(ends[1], STDERR_FILENO) < 0)
		return -1;
	log_set_level(LOG_INFO);
	return 0;
}

static int pipe_down(void **state)
{
	(void)state;
	(void)dup2(own_stderr, STDERR_FILENO);
	(void)close(own_stderr);
	(void)close(ends[0]);
	(void)close(ends[1]);
	return 0;
}

static size_t take(void)
{
	ssize_t n = read(ends[0], got, sizeof(got) - 1);

	got[n < 0 ? 0 : n] = '\0';
	return n < 0 ? 0 : (size_t)n;
}

static void writes_one_object_a_line(void **state)
{
	struct err err = ERR_INIT;
	CLEANUP(json_free_p) struct json *j = NULL;
	int64_t n = 0;

	(void)state;
	(void)err_set(&err, ERR_CONFLICT, "no \"luck\"");
	log_event(LOG_WARN, "a\nb", LOG_STR("s", "\x01\xff"), LOG_STR("none", NULL),
		LOG_INT("n", -7), LOG_ERR(&err), LOG_END);
	(void)take();
	assert_true(got[strlen(got) - 1] == '\n');
	assert_ptr_equal(strchr(got, '\n'), got + strlen(got) - 1);
	assert_int_equal(json_parse(got, strlen(got), &j, &err), 0);
	assert_string_equal(json_string(json_get(j, "level")), "warn");
	assert_string_equal(json_string(json_get(j, "msg")), "a\nb");
	assert_true(json_int64(json_get(j, "n"), &n));
	assert_int_equal(n, -7);
	assert_int_equal(json_type(json_get(j, "none")), JSON_NULL);
	assert_string_equal(json_string(json_get(j, "error")), "no \"luck\"");
	assert_string_equal(json_string(json_get(j, "errorKind")), "Conflict");
	assert_int_equal(strlen(json_string(json_get(j, "time"))), 24);
}

/* Of a field, a key of an error or the message itself: clients and other objects send them. */
static void shows_nothing_raw_that_a_terminal_acts_on(void **state)
{
	static const char text[] = "\x1b[2J\x7f\xc2\x9b\xe2\x80\xae\xe2\x80\x8b";
	struct err err = ERR_INIT;

	(void)state;
	(void)err_set(&err, ERR_IO, "%s", text);
	log_event(LOG_WARN, text, LOG_STR("s", text), LOG_ERR(&err), LOG_END);
	(void)take();
	for (const char *c = got; *c; c++)
		assert_true((*c >= ' ' && *c < 0x7f) || (*c == '\n' && !c[1]));
	assert_says(got, "\"s\":\"\\u001b[2J\\u007f\\u009b\\u202e\\u200b\"");
}

static void is_silent_below_its_level(void **state)
{
	(void)state;
	log_event(LOG_DEBUG, "no", LOG_END);
	assert_int_equal(take(), 0);
	log_set_level(LOG_DEBUG);
	log_event(LOG_DEBUG, "yes", LOG_END);
	assert_true(take() > 0);
}

static void says_that_a_line_was_too_long(void **state)
{
	CLEANUP(free_p) char *big = xmalloc(LIMIT_LOG_LINE_BYTES + 1);

	(void)state;
	memset(big, 'x', LIMIT_LOG_LINE_BYTES);
	big[LIMIT_LOG_LINE_BYTES] = '\0';
	log_event(LOG_INFO, "short", LOG_STR("big", big), LOG_END);
	(void)take();
	assert_says(got, "\"msg\":\"log line too long\",\"line\":\"short\"");
	log_event(LOG_INFO, big, LOG_END);
	assert_int_equal(take(), 0);
}

static void drops_rather_than_waits(void **state)
{
	static const char full[4096];
	CLEANUP(buf_release) struct buf text = BUF_INIT(LIMIT_METRICS_BYTES);

	(void)state;
	while (write(ends[1], full, sizeof(full)) > 0)
		;
	log_event(LOG_INFO, "nobody reads", LOG_END);
	metrics_render(&text);
	assert_says(buf_str(&text), "\npromogate_log_lines_dropped_total 1\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(writes_one_object_a_line, pipe_up, pipe_down),
		cmocka_unit_test_setup_teardown(
			shows_nothing_raw_that_a_terminal_acts_on, pipe_up, pipe_down),
		cmocka_unit_test_setup_teardown(is_silent_below_its_level, pipe_up, pipe_down),
		cmocka_unit_test_setup_teardown(says_that_a_line_was_too_long, pipe_up, pipe_down),
		cmocka_unit_test_setup_teardown(drops_rather_than_waits, pipe_up, pipe_down),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
