#include "run/flags.h"

#include <stdlib.h>

#include "base/mem.h"
#include "unit.h"

static const char *listen_at;
static int64_t seconds;

static const struct flag flags[] = {
	{.name = "listen",
		.value_name = "ADDRESS",
		.help = "where",
		.fallback = ":9443",
		.text = &listen_at},
	{.name = "drain-seconds",
		.value_name = "N",
		.help = "how long",
		.fallback = "10",
		.number = &seconds,
		.min = 0,
		.max = 600},
};
static const struct program program = {
	.name = "test", .purpose = "is tested", .flags = flags, .flag_count = ARRAY_SIZE(flags)};

static int parse(struct err *err, const char *const *argv)
{
	int argc = 0;

	while (argv[argc])
		argc++;
	return flags_parse(&program, argc, argv, err);
}
#define PARSE(err, ...) parse((err), (const char *const[]){"test", ##__VA_ARGS__, NULL})

static void takes_both_forms_and_the_last_one(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(PARSE(&err), 0);
	assert_string_equal(listen_at, ":9443");
	assert_int_equal(seconds, 10);
	assert_int_equal(PARSE(&err, "--listen=:1", "--drain-seconds", "0", "--listen", ""), 0);
	assert_string_equal(listen_at, "");
	assert_int_equal(seconds, 0);
}

static void the_environment_goes_behind_the_command_line(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(setenv("PROMOGATE_DRAIN_SECONDS", "7", 1), 0);
	assert_int_equal(PARSE(&err), 0);
	assert_int_equal(seconds, 7);
	assert_int_equal(PARSE(&err, "--drain-seconds=8"), 0);
	assert_int_equal(seconds, 8);
	assert_int_equal(setenv("PROMOGATE_DRAIN_SECONDS", "7s", 1), 0);
	assert_int_equal(PARSE(&err), -1);
	assert_string_equal(
		err.msg, "PROMOGATE_DRAIN_SECONDS: want a whole number from 0 to 600, not \"7s\"");
	assert_int_equal(unsetenv("PROMOGATE_DRAIN_SECONDS"), 0);
}

static void refuses_in_one_exact_line(void **state)
{
	static const struct {
		const char *argument;
		const char *says;
	} rows[] = {
		{"--drain", "--drain: no such flag: see --help"},
		{"--drain-seconds=601",
			"--drain-seconds: want a whole number from 0 to 600, not \"601\""},
		{"--drain-seconds=",
			"--drain-seconds: want a whole number from 0 to 600, not \"\""},
		{"--listen", "--listen: the value is missing"},
		{"listen", "listen: only flags are taken: see --help"},
		{"-v", "-v: only flags are taken: see --help"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err err = ERR_INIT;

		assert_int_equal(PARSE(&err, rows[i].argument), -1);
		assert_int_equal(err.kind, ERR_INVALID);
		assert_string_equal(err.msg, rows[i].says);
	}
}

static void help_and_version_go_first(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(PARSE(&err, "--nonsense", "--help"), FLAGS_HELP);
	assert_int_equal(PARSE(&err, "--version"), FLAGS_VERSION);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_both_forms_and_the_last_one),
		cmocka_unit_test(the_environment_goes_behind_the_command_line),
		cmocka_unit_test(refuses_in_one_exact_line),
		cmocka_unit_test(help_and_version_go_first),
	};

	return cmocka_run_group_tests_name("flags", tests, NULL, NULL);
}
