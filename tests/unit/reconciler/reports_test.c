#include "reconciler/reports.h"

#include "base/limits.h"
#include "kube/timestamp.h"
#include "run/metrics.h"

#include "fixture.h"

/* Ends all posts that are due, and returns how many there were. */
static unsigned posts(struct fixture *f)
{
	struct fake_task *t;
	unsigned n = 0;

	fake_env_run(&f->cluster.fake, 100);
	for (; (t = cluster_call(&f->cluster, "POST", "/namespaces/dev/events")); n++)
		fake_answer(&f->cluster.fake, t, "{}");
	return n;
}

static void says(struct fixture *f, const char *what)
{
	struct fake_task *t = cluster_call(&f->cluster, "POST", "/namespaces/dev/events");

	assert_non_null(t);
	assert_says(t->body, what);
}

static void shows(const char *line)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(LIMIT_METRICS_BYTES);

	metrics_render(&text);
	assert_says(buf_str(&text), line);
}

/* --- transitions ------------------------------------------------------------------------------ */

/* Ends both tasks, and the promotion unless it is VIEW_NONE. */
static struct plan_action *add_record(struct fixture *f, enum view_state promotion)
{
	size_t first = f->plan.nchanges;

	plan_add_change(&f->plan, (struct plan_change){"a", JOB_A, VIEW_FAILED, PLAN_NO_REASON});
	plan_add_change(&f->plan, (struct plan_change){"b", JOB_B, VIEW_SUCCEEDED, PLAN_NO_REASON});
	return plan_add_patch(
		&f->plan, PLAN_RECORD, &f->snapshot->view.versions[0], first, promotion);
}

static void done(struct fixture *f, const struct plan_action *a)
{
	reports_done(f->reports, &f->app->reports, f->snapshot, &f->plan, a);
}

static void a_transition_is_one_event_and_not_at_once(void **state)
{
	struct plan_action *a;
	struct fixture f;

	(void)state;
	fixture_init(&f);
	plan_add_change(&f.plan, (struct plan_change){"a", JOB_A, VIEW_PROGRESSING, 0});
	a = plan_add_patch(
		&f.plan, PLAN_COMMIT, &f.snapshot->view.versions[0], 0, VIEW_PROGRESSING);
	a->attempt = 1;
	done(&f, a);
	/* The Jobs are to run first. */
	fake_env_run(&f.cluster.fake, 99);
	assert_int_equal(fake_count(&f.cluster.fake, FAKE_CALL), 0);
	fake_env_run(&f.cluster.fake, 1);
	says(&f, "\"reason\":\"PromotionTasksStarted\"");
	says(&f,
		"\"kind\":\"KeptnAppVersion\",\"namespace\":\"dev\",\"name\":\"v\",\"uid\":\"u-v\"");
	assert_int_equal(posts(&f), 1);
	assert_int_equal(posts(&f), 0);
	fixture_release(&f);
}

static void an_outcome_is_an_event_once_the_promotion_ends(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	done(&f, add_record(&f, VIEW_NONE));
	assert_int_equal(posts(&f), 0);
	done(&f, add_record(&f, VIEW_FAILED));
	assert_int_equal(posts(&f), 1);
	fixture_release(&f);
}

static void actions_on_jobs_are_not_transitions(void **state)
{
	static const enum plan_kind kinds[] = {PLAN_CREATE_JOB, PLAN_CREATE_CODE, PLAN_GET_JOB,
		PLAN_UNSUSPEND, PLAN_SET_TTL, PLAN_DELETE};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct fixture f;

		fixture_init(&f);
		done(&f, fixture_add(&f, kinds[i]));
		assert_int_equal(posts(&f), 0);
		fixture_release(&f);
	}
}

#define APP                                                                                        \
	"keptn_deployment_app_name=\"app\",keptn_deployment_app_version=\"1\","                    \
	"keptn_deployment_app_namespace=\"dev\","
#define APP_OF_DURATION "keptn_deployment_app_name=\"app\",keptn_deployment_app_namespace=\"dev\","

/* Keptn's dashboards ask for these names and labels. */
static void counts_under_keptns_labels(void **state)
{
	static const char *const lines[] = {
		"\nkeptn_promotion_count_total{" APP "keptn_deployment_app_status=\"Warning\"} 1\n",
		"\nkeptn_task_count_total{" APP "keptn_deployment_task_name=\"x\","
		"keptn_deployment_task_status=\"Succeeded\","
		"keptn_deployment_task_type=\"promotion\"} 1\n",
		"\nkeptn_task_count_total{" APP "keptn_deployment_task_name=\"y\","
		"keptn_deployment_task_status=\"Failed\","
		"keptn_deployment_task_type=\"promotion\"} 1\n",
	};
	struct fixture f;

	(void)state;
	fixture_init(&f);
	plan_add_change(&f.plan, (struct plan_change){"x", JOB_A, VIEW_SUCCEEDED, 0});
	plan_add_change(&f.plan, (struct plan_change){"y", JOB_B, VIEW_FAILED, 0});
	done(&f, plan_add_patch(
			 &f.plan, PLAN_RECORD, &f.snapshot->view.versions[0], 0, VIEW_WARNING));
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		shows(lines[i]);
	fixture_release(&f);
}

/* From the item's start; an item without one, such as b, has no duration. */
static void durations_are_those_of_the_items(void **state)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(LIMIT_METRICS_BYTES);
	struct fixture f;
	int64_t start;

	(void)state;
	fixture_init(&f);
	assert_int_equal(timestamp_parse(TIME, &start), 0);
	f.cluster.fake.wall_ms = start + 2000;
	plan_add_change(&f.plan, (struct plan_change){"a", JOB_A, VIEW_DEPRECATED, 0});
	plan_add_change(&f.plan, (struct plan_change){"b", JOB_B, VIEW_DEPRECATED, 0});
	done(&f, plan_add_patch(&f.plan, PLAN_RECORD, &f.snapshot->view.versions[0], 0, VIEW_NONE));
	shows("\nkeptn_task_duration_seconds_sum{" APP_OF_DURATION
	      "keptn_deployment_task_name=\"a\",keptn_deployment_task_status=\"Deprecated\","
	      "keptn_deployment_task_type=\"promotion\"} 2");
	shows("\nkeptn_task_duration_seconds_bucket{" APP_OF_DURATION
	      "keptn_deployment_task_name=\"a\",keptn_deployment_task_status=\"Deprecated\","
	      "keptn_deployment_task_type=\"promotion\",le=\"5\"} 1\n");
	/* Keptn's Overview dashboard sums it up. */
	shows("\nkeptn_task_duration_bucket{le=\"1\"} 0\nkeptn_task_duration_bucket{le=\"5\"} 1\n");
	metrics_render(&text);
	assert_null(strstr(buf_str(&text),
		"keptn_task_duration_seconds_sum{" APP_OF_DURATION
		"keptn_deployment_task_name=\"b\",keptn_deployment_task_status=\"Deprecated\""));
	fixture_release(&f);
}

/* By another replica's clock, or a forged one. */
static void a_start_in_the_future_is_no_duration(void **state)
{
	struct fixture f;
	int64_t start;

	(void)state;
	fixture_init(&f);
	assert_int_equal(timestamp_parse(TIME, &start), 0);
	f.cluster.fake.wall_ms = start - 1500;
	plan_add_change(&f.plan, (struct plan_change){"a", JOB_A, VIEW_UNKNOWN, 0});
	done(&f, plan_add_patch(&f.plan, PLAN_RECORD, &f.snapshot->view.versions[0], 0, VIEW_NONE));
	shows("\nkeptn_task_duration_seconds_sum{" APP_OF_DURATION
	      "keptn_deployment_task_name=\"a\",keptn_deployment_task_status=\"Unknown\","
	      "keptn_deployment_task_type=\"promotion\"} 0\n");
	fixture_release(&f);
}

/* Plans of two versions, one hour after the other, and then the last Job of "v" is resumed. */
static void a_version_runs_since_its_own_delivery(void **state)
{
	static const struct view_task task = {"a", true};
	static const struct view_item open = {"a", JOB_A, VIEW_PROGRESSING, 1};
#define WAITS(n)  {.name = (n), .uid = (n), .delivered = true, .tasks = &task, .ntasks = 1}
#define ENDED(n)  {.name = (n), .uid = (n), .delivered = true, .promotion = VIEW_FAILED}
#define ACTIVE(n) {.name = (n), .uid = (n), .items = &open, .nitems = 1}
	static const struct {
		const char *what;
		struct view_version plans[3][2];
		const char *deleted; /* before the last plan */
		int hours, count; /* observed */
	} rows[] = {
		{"alone", {{WAITS("v")}, {ACTIVE("v")}, {ACTIVE("v")}}, NULL, 3, 1},
		{"an older one waits on, or was aborted",
			{{WAITS("u")}, {WAITS("u"), WAITS("v")}, {ACTIVE("v"), WAITS("u")}}, NULL,
			2, 1},
		{"an older one timed out",
			{{WAITS("u")}, {ENDED("u"), WAITS("v")}, {ENDED("u"), ACTIVE("v")}}, NULL,
			2, 1},
		{"a newer one waits",
			{{WAITS("v")}, {ACTIVE("v"), WAITS("w")}, {ACTIVE("v"), WAITS("w")}}, NULL,
			3, 1},
		{"it timed out, and is retried", {{WAITS("v")}, {ENDED("v")}, {ACTIVE("v")}}, NULL,
			0, 0},
		{"an older one was deleted",
			{{WAITS("v"), WAITS("u")}, {WAITS("v"), WAITS("u")}, {WAITS("v")}}, "u", 3,
			1},
		{"a new one has the name of one that was deleted",
			{{WAITS("v")}, {WAITS("v")}, {WAITS("v")}}, "v", 1, 1},
	};
	int hours = 0, count = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(free_p) char *line = NULL;
		struct fixture f;

		fixture_init(&f);
		for (size_t n = 0; n < 3; n++) {
			size_t versions = rows[i].plans[n][1].name ? 2 : 1;

			if (n == 2 && rows[i].deleted)
				report_memory_forget(&f.app->reports, rows[i].deleted);
			reports_planned(f.reports, &f.app->reports,
				&(struct view){
					.versions = rows[i].plans[n], .nversions = versions});
			fake_env_run(&f.cluster.fake, 3600 * 1000);
		}
		/* Again after a pause: it was running already. */
		done(&f, fixture_add(&f, PLAN_UNSUSPEND));
		done(&f, fixture_add(&f, PLAN_UNSUSPEND));
		hours += rows[i].hours;
		count += rows[i].count;
		line = xasprintf("\npromogate_delivery_to_running_seconds_sum %d\n"
				 "promogate_delivery_to_running_seconds_count %d\n",
			hours * 3600, count);
		print_message("# %s\n", rows[i].what);
		shows(line);
		fixture_release(&f);
	}
}

/* --- waiting ---------------------------------------------------------------------------------- */

static unsigned waits(struct fixture *f, enum plan_reason reason)
{
	struct plan_action *a = fixture_add(f, PLAN_REPORT);

	a->reason = reason;
	reports_waits(f->reports, &f->app->reports, f->snapshot, a);
	return posts(f);
}

static void a_wait_is_reported_once_until_its_reason_changes(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	assert_int_equal(waits(&f, PLAN_LIMIT_REACHED), 1);
	assert_int_equal(waits(&f, PLAN_LIMIT_REACHED), 0);
	assert_int_equal(waits(&f, PLAN_TOO_OLD), 1);
	assert_int_equal(waits(&f, PLAN_TOO_OLD), 0);
	assert_int_equal(waits(&f, PLAN_LIMIT_REACHED), 1);
	/* Not even an Event is written where Keptn's operator promotes. */
	assert_int_equal(waits(&f, PLAN_NOT_OURS), 0);
	fixture_release(&f);
}

static unsigned refused(struct fixture *f, const char *task, enum err_kind kind)
{
	struct plan_action *a = fixture_add(f, PLAN_CREATE_JOB);
	struct err err = ERR_INIT;

	a->task = task;
	a->name = job_name_make(task, 1, 1);
	(void)err_set(&err, kind, "another text each time: %zu", f->plan.nactions);
	reports_refused(f->reports, &f->app->reports, f->snapshot, a, &err);
	return posts(f);
}

static void a_refusal_is_reported_once_for_each_task_and_kind(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	assert_int_equal(refused(&f, "a", ERR_FORBIDDEN), 1);
	assert_int_equal(refused(&f, "a", ERR_FORBIDDEN), 0);
	assert_int_equal(refused(&f, "b", ERR_FORBIDDEN), 1);
	assert_int_equal(refused(&f, "a", ERR_INVALID), 1);
	assert_int_equal(refused(&f, "b", ERR_FORBIDDEN), 0);
	fixture_release(&f);
}

/* --- Events on their way ---------------------------------------------------------------------- */

static void count(void *ctx)
{
	++*(int *)ctx;
}

static void is_quiet_once_every_event_is_posted(void **state)
{
	static const enum err_kind kinds[] = {ERR_NONE, ERR_EXISTS, ERR_FORBIDDEN, ERR_IO};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct fixture f;
		int quiet = 0;

		fixture_init(&f);
		assert_true(reports_quiet(f.reports));
		reports_when_quiet(f.reports, count, &quiet);
		done(&f, add_record(&f, VIEW_FAILED));
		done(&f, add_record(&f, VIEW_FAILED));
		assert_false(reports_quiet(f.reports));
		fake_env_run(&f.cluster.fake, 100);
		for (int left = 2; left > 0; left--) {
			struct fake_task *t = cluster_call(&f.cluster, "POST", "/events");

			assert_int_equal(quiet, 0);
			assert_false(reports_quiet(f.reports));
			assert_non_null(t);
			if (kinds[i] == ERR_NONE)
				fake_answer(&f.cluster.fake, t, "{}");
			else
				fake_fail(&f.cluster.fake, t, kinds[i]);
		}
		/* An Event that is lost is not retried. */
		assert_int_equal(quiet, 1);
		assert_true(reports_quiet(f.reports));
		assert_int_equal(posts(&f), 0);
		fixture_release(&f);
	}
}

static void nothing_is_called_back_once_the_client_is_freed(void **state)
{
	struct fixture f;
	int quiet = 0;

	(void)state;
	fixture_init(&f);
	reports_when_quiet(f.reports, count, &quiet);
	done(&f, add_record(&f, VIEW_FAILED)); /* its timer runs */
	fake_env_run(&f.cluster.fake, 60);
	done(&f, add_record(&f, VIEW_FAILED));
	fake_env_run(&f.cluster.fake, 40); /* the first is posted */
	fixture_release(&f);
	assert_int_equal(quiet, 0);
}

static void a_flood_of_events_is_cut(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	for (int i = 0; i < 300; i++)
		done(&f, add_record(&f, VIEW_FAILED));
	assert_int_equal(posts(&f), 256);
	shows("outcome=\"Dropped\"} 44\n");
	done(&f, add_record(&f, VIEW_FAILED));
	assert_int_equal(posts(&f), 1);
	fixture_release(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_transition_is_one_event_and_not_at_once),
		cmocka_unit_test(an_outcome_is_an_event_once_the_promotion_ends),
		cmocka_unit_test(actions_on_jobs_are_not_transitions),
		cmocka_unit_test(counts_under_keptns_labels),
		cmocka_unit_test(durations_are_those_of_the_items),
		cmocka_unit_test(a_start_in_the_future_is_no_duration),
		cmocka_unit_test(a_version_runs_since_its_own_delivery),
		cmocka_unit_test(a_wait_is_reported_once_until_its_reason_changes),
		cmocka_unit_test(a_refusal_is_reported_once_for_each_task_and_kind),
		cmocka_unit_test(is_quiet_once_every_event_is_posted),
		cmocka_unit_test(nothing_is_called_back_once_the_client_is_freed),
		cmocka_unit_test(a_flood_of_events_is_cut),
	};

	return cmocka_run_group_tests_name("reports", tests, NULL, NULL);
}
