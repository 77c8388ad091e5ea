#include "cmd/flags_help.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "cmd/reconciler_flags.h"
#include "cmd/webhook_flags.h"
#include "page.h"
#include "unit.h"

enum { COLUMNS = 80 };

static const struct program *const programs[] = {&webhook_program, &reconciler_program};

static const char *no_environment(const char *variable)
{
	(void)variable;
	return NULL;
}

static void the_reference_page_is_up_to_date(void **state)
{
	(void)state;
	page_is_up_to_date("docs/reference.md", flags_reference);
}

static void help_fits_into_80_columns(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
		CLEANUP(buf_release) struct buf help = BUF_INIT(LIMIT_RESPONSE_BYTES);
		const char *line;

		flags_help(programs[i], &help);
		for (line = buf_str(&help); *line; line += strcspn(line, "\n") + 1)
			if (strcspn(line, "\n") > COLUMNS)
				fail_msg("%s --help: \"%.*s\" is too long", programs[i]->name,
					(int)strcspn(line, "\n"), line);
		for (size_t j = 0; j < programs[i]->flag_count; j++) {
			CLEANUP(free_p)
			char *flag = xasprintf("\n  --%s ", programs[i]->flags[j].name);

			assert_says(buf_str(&help), flag);
		}
	}
}

static void help_wraps_between_words(void **state)
{
	static const struct flag flags[] = {
		{.name = "wide",
			.type = FLAG_DURATION,
			.help = "seventy-four columns fit into a line that is indented by six, as they are, "
				"and this is over",
			.fallback = "10s"},
		{.name = "plain", .type = FLAG_TEXT, .value_name = "FILE", .help = "a file"},
	};
	static const struct program program = {
		.name = "test", .purpose = "Is tested.", .flags = flags, .flag_count = 2};
	CLEANUP(buf_release) struct buf help = BUF_INIT(LIMIT_RESPONSE_BYTES);

	(void)state;
	flags_help(&program, &help);
	assert_says(buf_str(&help),
		"usage: test [FLAG...]\n"
		"\n"
		"Is tested.\n"
		"\n"
		"  --wide DURATION\n"
		"      seventy-four columns fit into a line that is indented by six, as they are,\n"
		"      and this is over (default 10s)\n"
		"  --plain FILE\n"
		"      a file\n"
		"  --version\n"
		"  --help\n");
}

/* Each default is valid, and lands in a member of the type that its flag says. */
static void the_defaults_of_both_daemons_are_valid(void **state)
{
	CLEANUP(free_p) struct webhook_settings *w = xcalloc(1, sizeof(*w));
	struct reconciler_settings r = {0};
	const char *argv[] = {"test"};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(flags_parse(&webhook_program, 1, argv, no_environment, w, &err), 0);
	assert_string_equal(w->listen, ":9443");
	assert_int_equal(w->lenient_managers.count, 4);
	assert_int_equal(w->lenient_users.count, 1);
	assert_int_equal(w->threads, 2);
	assert_int_equal(w->drain_timeout_ms, 10 * 1000);
	assert_int_equal(w->max_promotion_tasks, 32);
	assert_int_equal(w->common.log_level, LOG_INFO);
	assert_string_equal(w->common.keptn_namespace, "keptn-system");
	strmap_release(&w->lenient_managers);
	strmap_release(&w->lenient_users);
	assert_int_equal(flags_parse(&reconciler_program, 1, argv, no_environment, &r, &err), 0);
	assert_string_equal(r.deno_image, "ghcr.io/keptn/deno-runtime:v3.0.1");
	assert_string_equal(r.python_image, "ghcr.io/keptn/python-runtime:v1.0.8");
	assert_string_equal(r.common.metrics_listen, ":9402");
	assert_int_equal(r.max_running_jobs, 100);
	assert_int_equal(r.max_running_jobs_per_namespace, 0);
	assert_int_equal(r.definition_deadline_ms, 60 * 60 * 1000);
	assert_int_equal(r.max_age_ms, 24 * 60 * 60 * 1000);
	assert_true(r.since_ms == INT64_MIN);
	assert_int_equal(r.lease_duration_ms, 15 * 1000);
	assert_int_equal(r.renew_deadline_ms, 10 * 1000);
	assert_int_equal(r.retry_period_ms, 2 * 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_reference_page_is_up_to_date),
		cmocka_unit_test(help_fits_into_80_columns),
		cmocka_unit_test(help_wraps_between_words),
		cmocka_unit_test(the_defaults_of_both_daemons_are_valid),
	};

	return cmocka_run_group_tests_name("flags_help", tests, NULL, NULL);
}
