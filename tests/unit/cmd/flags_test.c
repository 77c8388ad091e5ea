#include "cmd/flags.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/strmap.h"
#include "unit.h"

struct settings {
	const char *listen, *namespace;
	int level;
	struct strmap managers;
	int64_t threads, drain_timeout_ms, max_age_ms, since_ms;
};

#define AT(member) offsetof(struct settings, member)

static const struct flag flags[] = {
	{.name = "listen", .type = FLAG_TEXT, .at = AT(listen), .fallback = ":9443"},
	{.name = "namespace", .type = FLAG_NAME, .at = AT(namespace)},
	{.name = "log-level",
		.type = FLAG_ENUM,
		.at = AT(level),
		.fallback = "info",
		.words = (const char *const[]){"debug", "info", "error", NULL}},
	{.name = "managers", .type = FLAG_LIST, .at = AT(managers), .fallback = "helm,flux"},
	{.name = "threads",
		.type = FLAG_COUNT,
		.at = AT(threads),
		.fallback = "2",
		.min = 1,
		.max = 64},
	{.name = "drain-timeout",
		.type = FLAG_DURATION,
		.at = AT(drain_timeout_ms),
		.fallback = "10s",
		.max = 600 * 1000},
	{.name = "max-age", .type = FLAG_DURATION, .at = AT(max_age_ms), .fallback = "24h"},
	{.name = "since", .type = FLAG_TIME, .at = AT(since_ms), .fallback = ""},
};
static const struct program program = {
	.name = "test", .purpose = "Is tested.", .flags = flags, .flag_count = ARRAY_SIZE(flags)};

/* What the environment of this test holds: one variable, or none. */
static const char *variable, *variable_value;

static const char *environment(const char *name)
{
	return variable && str_eq(variable, name) ? variable_value : NULL;
}

static int parse(struct settings *s, struct err *err, const char *const *argv)
{
	int argc = 0;

	while (argv[argc])
		argc++;
	return flags_parse(&program, argc, argv, environment, s, err);
}
#define PARSE(s, err, ...) parse((s), (err), (const char *const[]){"test", ##__VA_ARGS__, NULL})

static void release(struct settings *s)
{
	strmap_release(&s->managers);
}

static void stores_the_defaults(void **state)
{
	CLEANUP(release) struct settings s = {0};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(PARSE(&s, &err), 0);
	assert_string_equal(s.listen, ":9443");
	assert_null(s.namespace);
	assert_int_equal(s.level, 1);
	assert_int_equal(s.managers.count, 2);
	assert_true(strmap_has(&s.managers, "helm"));
	assert_int_equal(s.threads, 2);
	assert_int_equal(s.drain_timeout_ms, 10 * 1000);
	assert_int_equal(s.max_age_ms, 24 * 60 * 60 * 1000);
	assert_true(s.since_ms == INT64_MIN);
}

static void reads_each_type(void **state)
{
	CLEANUP(release) struct settings s = {0};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(
		PARSE(&s, &err, "--listen=", "--namespace=team-a.x", "--log-level=debug",
			"--managers=,one,,two,three,one,", "--threads=64", "--drain-timeout=10m",
			"--max-age=1h30m1us", "--since=1970-01-01T00:01:00Z"),
		0);
	assert_string_equal(s.listen, "");
	assert_string_equal(s.namespace, "team-a.x");
	assert_int_equal(s.level, 0);
	assert_int_equal(s.managers.count, 3);
	assert_false(strmap_has(&s.managers, "helm"));
	assert_true(strmap_has(&s.managers, "three"));
	assert_int_equal(s.threads, 64);
	assert_int_equal(s.drain_timeout_ms, 600 * 1000);
	assert_int_equal(s.max_age_ms, 90 * 60 * 1000 + 1);
	assert_int_equal(s.since_ms, 60 * 1000);
}

static void takes_both_forms_and_the_last_one(void **state)
{
	CLEANUP(release) struct settings s = {0};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(
		PARSE(&s, &err, "--threads", "3", "--threads=4", "--listen", "a", "--listen=b"), 0);
	assert_int_equal(s.threads, 4);
	assert_string_equal(s.listen, "b");
}

static void the_command_line_wins_over_the_environment(void **state)
{
	CLEANUP(release) struct settings s = {0};
	struct err err = ERR_INIT;

	(void)state;
	variable = "PROMOGATE_DRAIN_TIMEOUT";
	variable_value = "7s";
	assert_int_equal(PARSE(&s, &err), 0);
	assert_int_equal(s.drain_timeout_ms, 7 * 1000);
	assert_int_equal(PARSE(&s, &err, "--drain-timeout=8s"), 0);
	assert_int_equal(s.drain_timeout_ms, 8 * 1000);
	variable_value = "7";
	assert_int_equal(PARSE(&s, &err), -1);
	assert_string_equal(err.msg, "PROMOGATE_DRAIN_TIMEOUT: must be a duration such as 10s or "
				     "1h30m, at most 600s, not \"7\"");
	variable = NULL;
}

static void refuses_in_one_exact_line(void **state)
{
	static const char count[] = "must be a whole number from 1 to 64, not";
	static const char duration[] = "must be a duration such as 10s or 1h30m, at most 600s, not";
	static const char name[] =
		"must be a lowercase RFC 1123 subdomain of at most 253 characters, not";
	static const char time[] = "must be an RFC 3339 time such as 2006-01-02T15:04:05Z, not";
	static const struct {
		const char *argument;
		const char *says; /* after the flag */
		const char *value; /* NULL: none is quoted */
	} rows[] = {
		{"--threads=0", count, "0"},
		{"--threads=65", count, "65"},
		{"--threads=", count, ""},
		{"--threads=2s", count, "2s"},
		{"--drain-timeout=601s", duration, "601s"},
		{"--drain-timeout=600000000001ns", duration, "600000000001ns"},
		{"--drain-timeout=-1s", duration, "-1s"},
		{"--drain-timeout=", duration, ""},
		{"--max-age=24", "must be a duration such as 10s or 1h30m, not", "24"},
		{"--namespace=No_Name", name, "No_Name"},
		{"--namespace=", name, ""},
		{"--since=yesterday", time, "yesterday"},
		{"--log-level=loud", "must be debug, info or error, not", "loud"},
		{"--log-level=INFO", "must be debug, info or error, not", "INFO"},
		{"--thread=1", "unknown flag; see --help", NULL},
		{"--", "unknown flag; see --help", NULL},
		{"--listen", "missing value; see --help", NULL},
		{"listen=1", "unexpected argument; see --help", NULL},
		{"-v", "unexpected argument; see --help", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(release) struct settings s = {0};
		struct err err = ERR_INIT;
		size_t len = *rows[i].argument == '-' ? strcspn(rows[i].argument, "=")
						      : strlen(rows[i].argument);
		CLEANUP(free_p)
		char *plain = xasprintf("%.*s: %s", (int)len, rows[i].argument, rows[i].says);
		CLEANUP(free_p) char *quoted = xasprintf("%s \"%s\"", plain, rows[i].value);

		assert_int_equal(PARSE(&s, &err, rows[i].argument), -1);
		assert_int_equal(err.kind, ERR_INVALID);
		assert_string_equal(err.msg, rows[i].value ? quoted : plain);
	}
}

static void help_and_version_go_first(void **state)
{
	struct settings s = {0};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(PARSE(&s, &err, "--nonsense", "--help"), FLAGS_HELP);
	assert_int_equal(PARSE(&s, &err, "-h"), FLAGS_HELP);
	assert_int_equal(PARSE(&s, &err, "--version"), FLAGS_VERSION);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stores_the_defaults),
		cmocka_unit_test(reads_each_type),
		cmocka_unit_test(takes_both_forms_and_the_last_one),
		cmocka_unit_test(the_command_line_wins_over_the_environment),
		cmocka_unit_test(refuses_in_one_exact_line),
		cmocka_unit_test(help_and_version_go_first),
	};

	return cmocka_run_group_tests_name("flags", tests, NULL, NULL);
}
