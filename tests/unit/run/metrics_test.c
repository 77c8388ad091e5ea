#include "run/metrics.h"

#include <stdio.h>

#include "base/limits.h"
#include "base/mem.h"
#include "run/thread.h"
#include "unit.h"

METRIC_COUNTER(plain, "test_b_total", "Without labels.\nTwo lines, a \\.");
METRIC_COUNTER(labelled, "test_c_total", "With labels.", "path", "code");
METRIC_GAUGE(gauge, "test_a", "Up and down.");
METRIC_HISTOGRAM(latency, metric_call_bounds, "test_d_seconds", "Durations.", "path");
METRIC_HISTOGRAM(hours, metric_task_bounds, "test_d_task_seconds", "Of tasks.");
METRIC_HISTOGRAM(extremes, metric_task_bounds, "test_d_extreme_seconds", "Durations.");
METRIC_COUNTER(crowd, "test_e_total", "Many.", "name");
/* As long as Keptn's longest. */
#define LONG_HISTOGRAM(var, name)                                                                  \
	METRIC_HISTOGRAM(var, metric_task_bounds, name, "Long.", "keptn_deployment_app_name",      \
		"keptn_deployment_app_namespace", "keptn_deployment_task_name",                    \
		"keptn_deployment_task_status", "keptn_deployment_task_type")
LONG_HISTOGRAM(long_f, "test_f_task_duration_seconds");
LONG_HISTOGRAM(long_g, "test_g_task_duration_seconds");
LONG_HISTOGRAM(long_h, "test_h_task_duration_seconds");
METRIC_COUNTER(after, "test_z_total", "Rendered last.", "name");

static struct buf text = BUF_INIT(LIMIT_METRICS_BYTES);

static const char *render(void)
{
	buf_reset(&text);
	metrics_render(&text);
	assert_false(text.overflowed);
	return buf_str(&text);
}

static void shows_families_by_name_and_zeros(void **state)
{
	const char *all = render();

	(void)state;
	assert_says(all, "# HELP test_a Up and down.\n# TYPE test_a gauge\ntest_a 0\n");
	assert_says(all, "# HELP test_b_total Without labels.\\nTwo lines, a \\\\.\n"
			 "# TYPE test_b_total counter\ntest_b_total 0\n");
	assert_true(strstr(all, "test_a") < strstr(all, "test_b_total"));
}

static void counts_by_labels_and_escapes_them(void **state)
{
	(void)state;
	metric_add(metric_at(&labelled, "/a\"b\\c\nd", "200"), 2);
	metric_add(metric_at(&labelled, "/a\"b\\c\nd", "200"), 1);
	metric_add(metric_at(&labelled, NULL, "404"), 1);
	metric_set(metric_at(&gauge), 7);
	metric_add(metric_at(&gauge), -9);
	assert_says(render(), "\ntest_c_total{path=\"/a\\\"b\\\\c\\nd\",code=\"200\"} 3\n");
	assert_says(render(), "\ntest_c_total{path=\"\",code=\"404\"} 1\n");
	assert_says(render(), "\ntest_a -2\n");
	assert_int_equal(metric_value(metric_at(&gauge)), -2);
}

static void fills_the_buckets_of_a_histogram(void **state)
{
	struct metric_series *s = metric_at(&latency, "/x");

	(void)state;
	metric_observe_ns(s, 250 * 1000);
	metric_observe_ns(s, 250 * 1000 + 1);
	metric_observe_ns(s, 60LL * 1000 * 1000 * 1000);
	assert_says(render(), "\ntest_d_seconds_bucket{path=\"/x\",le=\"0.00025\"} 1\n");
	assert_says(render(), "\ntest_d_seconds_bucket{path=\"/x\",le=\"0.0005\"} 2\n");
	assert_says(render(), "\ntest_d_seconds_bucket{path=\"/x\",le=\"10\"} 2\n");
	assert_says(render(), "\ntest_d_seconds_bucket{path=\"/x\",le=\"+Inf\"} 3\n");
	assert_says(render(), "\ntest_d_seconds_sum{path=\"/x\"} 60.000500001\n");
	assert_says(render(), "\ntest_d_seconds_count{path=\"/x\"} 3\n");
}

/* Those of calls end at 10 s, and a task runs for minutes or hours. */
static void a_histogram_has_the_buckets_of_its_family(void **state)
{
	static const int seconds[] = {1, 2, 60, 600, 7200, 20000};
	static const char *const lines[] = {"le=\"1\"} 1\n", "le=\"5\"} 2\n", "le=\"50\"} 2\n",
		"le=\"75\"} 3\n", "le=\"500\"} 3\n", "le=\"750\"} 4\n", "le=\"7500\"} 5\n",
		"le=\"10000\"} 5\n", "le=\"+Inf\"} 6\n"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(seconds); i++)
		metric_observe_ns(metric_at(&hours), seconds[i] * 1000000000LL);
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		CLEANUP(free_p) char *line = xasprintf("\ntest_d_task_seconds_bucket{%s", lines[i]);

		assert_says(render(), line);
	}
	assert_null(strstr(render(), "test_d_task_seconds_bucket{le=\"0.00025\"}"));
}

/* Also one that wrapped: Prometheus would read no page with a sign in the middle. */
static void a_sum_is_always_a_number(void **state)
{
	(void)state;
	metric_observe_ns(metric_at(&extremes), INT64_MAX);
	metric_observe_ns(metric_at(&extremes), INT64_MAX);
	assert_says(render(), "\ntest_d_extreme_seconds_sum 18446744073.709551614\n");
}

static void a_family_does_not_grow_without_end(void **state)
{
	char name[2 * LIMIT_METRIC_LABEL_BYTES];

	(void)state;
	for (int i = 0; i < LIMIT_METRIC_SERIES + 10; i++) {
		(void)snprintf(name, sizeof(name), "n%d", i);
		metric_add(metric_at(&crowd, name), 1);
	}
	assert_int_equal(metric_value(metric_at(&crowd, "other")), 10);
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	metric_add(metric_at(&crowd, name), 1);
	assert_int_equal(metric_value(metric_at(&crowd, "other")), 11);
}

/* The series of the i-th of many applications with the longest names that Kubernetes allows. */
static struct metric_series *long_at(struct metric *m, unsigned i)
{
	char app[LIMIT_NAME_BYTES + 1], task[LIMIT_NAME_BYTES + 1], ns[LIMIT_LABEL_VALUE_BYTES + 1];

	(void)snprintf(app, sizeof(app), "%0*u", LIMIT_NAME_BYTES, i);
	(void)snprintf(task, sizeof(task), "%0*u", LIMIT_NAME_BYTES, i);
	(void)snprintf(ns, sizeof(ns), "%0*u", LIMIT_LABEL_VALUE_BYTES, i);
	return metric_at(m, app, ns, task, "Deprecated", "promotion");
}

static void the_page_never_overflows(void **state)
{
	struct metric *const all[] = {&long_f, &long_g, &long_h};
	struct metric_series *other[ARRAY_SIZE(all)];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		for (unsigned n = 0; n < LIMIT_METRIC_SERIES + 10; n++)
			metric_observe_ns(long_at(all[i], n), INT64_MAX / LIMIT_METRIC_SERIES / 2);
	(void)render(); /* asserts that nothing is missing */
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		other[i] = metric_at(all[i], "other", "other", "other", "other", "other");
	/* One family has all its series; more of them are folded as the page would overflow. */
	assert_ptr_not_equal(long_at(all[0], LIMIT_METRIC_SERIES - 1), other[0]);
	assert_ptr_equal(long_at(all[0], LIMIT_METRIC_SERIES), other[0]);
	assert_ptr_equal(long_at(all[2], 0), other[2]);
	/* A full page still has every family, if only as "other". */
	for (unsigned n = 0; n < LIMIT_METRIC_SERIES; n++) {
		char name[LIMIT_METRIC_LABEL_BYTES / 2];

		(void)snprintf(name, sizeof(name), "%0*u", (int)sizeof(name) - 1, n);
		metric_add(metric_at(&after, name), 1);
	}
	assert_says(render(), "\ntest_z_total{name=\"other\"} ");
}

static void count(void *ctx)
{
	(void)ctx;
	for (int i = 0; i < 1000; i++) {
		char code[16];

		(void)snprintf(code, sizeof(code), "%d", i % 10);
		metric_add(metric_at(&labelled, "threads", code), 1);
	}
}

static void threads_count_together(void **state)
{
	struct thread *threads[4];
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		assert_int_equal(thread_start("count", count, NULL, &threads[i], &err), 0);
	(void)render();
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		thread_join(threads[i]);
	assert_says(render(), "\ntest_c_total{path=\"threads\",code=\"3\"} 400\n");
}

static int release(void **state)
{
	(void)state;
	buf_release(&text);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shows_families_by_name_and_zeros),
		cmocka_unit_test(counts_by_labels_and_escapes_them),
		cmocka_unit_test(fills_the_buckets_of_a_histogram),
		cmocka_unit_test(a_histogram_has_the_buckets_of_its_family),
		cmocka_unit_test(a_sum_is_always_a_number),
		cmocka_unit_test(a_family_does_not_grow_without_end),
		cmocka_unit_test(threads_count_together),
		cmocka_unit_test(the_page_never_overflows), /* the last: it fills the page */
	};

	return cmocka_run_group_tests_name("metrics", tests, NULL, release);
}
