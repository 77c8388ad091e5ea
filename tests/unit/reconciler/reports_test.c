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
	return fixture_add_record(f, first, promotion);
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
	shows("\npromogate_promotions_total{state=\"Started\"} 1\n");
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
		PLAN_UNSUSPEND, PLAN_QUEUE, PLAN_SET_TTL, PLAN_DELETE};

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
	done(&f, fixture_add_record(&f, 0, VIEW_WARNING));
	assert_int_equal(posts(&f), 1);
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
	static const struct view_task task = {"a", VIEW_OWN, true};
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
				&(struct view){.versions = rows[i].plans[n], .nversions = versions},
				&(struct plan)PLAN_INIT);
			fake_env_run(&f.cluster.fake, 3600 * 1000);
		}
		/* Again after a pause: it was running already. */
		done(&f, fixture_add(&f, i % 2 ? PLAN_QUEUE : PLAN_UNSUSPEND));
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
	f->plan.wait = (struct plan_wait){a->version, reason, 1, NULL};
	reports_waits(f->reports, &f->app->reports, f->snapshot, &f->plan, a);
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

static struct plan_action *add_create(struct fixture *f, const char *task)
{
	struct plan_action *a = fixture_add(f, PLAN_CREATE_JOB);

	a->task = task;
	a->name = job_name_make(task, 1, f->plan.nactions);
	return a;
}

static unsigned refused(struct fixture *f, const char *task, const char *why)
{
	struct plan_action *a = add_create(f, task);
	struct err err = ERR_INIT;

	(void)err_set(&err, ERR_FORBIDDEN, "%s: %s", a->name.text, why);
	reports_refused(f->reports, &f->app->reports, f->snapshot, a, false, &err);
	return posts(f);
}

/* Though each try has another name. */
static void a_refusal_is_reported_once_for_each_task_and_text(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	assert_int_equal(refused(&f, "a", "no right"), 1);
	assert_int_equal(refused(&f, "a", "no right"), 0);
	assert_int_equal(refused(&f, "b", "no right"), 1);
	/* The second, different one, of the same kind. */
	assert_int_equal(refused(&f, "a", "a policy"), 1);
	assert_int_equal(refused(&f, "a", "a policy"), 0);
	assert_int_equal(refused(&f, "b", "no right"), 0);
	fixture_release(&f);
}

/* Versions are deleted all the time; what is known of the others is not news. */
static void only_what_was_reported_of_a_deleted_version_is_news(void **state)
{
	static const struct {
		const char *deleted;
		unsigned posts;
	} rows[] = {{"u", 0}, {"v0", 0}, {"v", 2}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fixture f;

		print_message("# %s\n", rows[i].deleted);
		fixture_init(&f);
		assert_int_equal(waits(&f, PLAN_LIMIT_REACHED), 1);
		assert_int_equal(refused(&f, "a", "no right"), 1);
		report_memory_forget(&f.app->reports, rows[i].deleted);
		assert_int_equal(waits(&f, PLAN_LIMIT_REACHED) + refused(&f, "a", "no right"),
			rows[i].posts);
		fixture_release(&f);
	}
}

/* A webhook whose answers have a serial number. */
static void a_refusal_that_never_says_the_same_is_reported_a_few_times(void **state)
{
	struct fixture f;
	unsigned n = 0;

	(void)state;
	fixture_init(&f);
	for (int i = 0; i < 100; i++) {
		CLEANUP(free_p) char *why = xasprintf("request %d", i);

		n += refused(&f, "a", why);
	}
	assert_int_equal(n, 8);
	assert_int_equal(refused(&f, "b", "request 1"), 1);
	fixture_release(&f);
}

/* What is rejected is part of the view, for the annotation, until the same action succeeds. */
static void shows_rejection(struct fixture *f, const char *text)
{
	struct view_version v = {.name = "v"};

	report_memory_show(&f->app->reports, &v);
	if (!text)
		assert_null(v.rejected);
	else if (!v.rejected || !str_eq(v.rejected, text))
		fail_msg("%s, not %s", v.rejected ? v.rejected : "nothing", text);
}

static void a_rejection_ends_when_the_same_action_succeeds(void **state)
{
	struct err err = ERR_INIT;
	struct fixture f;

	(void)state;
	fixture_init(&f);
	shows_rejection(&f, NULL);
	(void)refused(&f, "a", "a quota");
	shows_rejection(&f,
		"Rejected: could not create the Job for promotion task a, retrying: a: a quota");
	done(&f, add_create(&f, "b"));
	shows_rejection(&f,
		"Rejected: could not create the Job for promotion task a, retrying: a: a quota");
	done(&f, add_create(&f, "a"));
	shows_rejection(&f, NULL);
	/* Again, though it was reported before. */
	(void)refused(&f, "a", "a quota");
	shows_rejection(&f,
		"Rejected: could not create the Job for promotion task a, retrying: a: a quota");
	report_memory_forget(&f.app->reports, "v");
	shows_rejection(&f, NULL);
	/* One that counts as a definition that can't run is the reason of that wait. */
	(void)err_set(&err, ERR_INVALID, "a field");
	reports_refused(f.reports, &f.app->reports, f.snapshot, add_create(&f, "a"), true, &err);
	shows_rejection(&f, NULL);
	assert_int_equal(posts(&f), 1);
	fixture_release(&f);
}

static void failed(struct fixture *f, const struct plan_action *a, const char *what)
{
	struct err err = ERR_INIT;

	(void)err_set(&err, ERR_FORBIDDEN, "the policy p");
	reports_failed(f->reports, &f->app->reports, f->snapshot, a, what, &err);
}

/* The one that waits, which is not the one that the fence is written to. */
static void a_fence_that_is_refused_is_reported_on_the_version_that_waits(void **state)
{
	const struct view_version older = {.name = "v0"};
	struct plan_action *a;
	struct fixture f;

	(void)state;
	fixture_init(&f);
	a = fixture_add(&f, PLAN_DEPRECATE);
	a->other = a->version;
	a->version = &older;
	failed(&f, a, NULL);
	fake_env_run(&f.cluster.fake, 100);
	says(&f, "\"name\":\"v\",\"uid\":\"u-v\"");
	says(&f, "failed to retire the older version v0, retrying: the policy p");
	shows_rejection(
		&f, "Rejected: failed to retire the older version v0, retrying: the policy p");
	fixture_release(&f);
}

/* Its annotation would be the next one to be refused. */
static void an_annotation_that_is_refused_is_only_reported(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	failed(&f, fixture_add(&f, PLAN_ANNOTATE), NULL);
	shows_rejection(&f, NULL);
	fake_env_run(&f.cluster.fake, 100);
	says(&f, "failed to annotate the version, retrying: the policy p");
	fixture_release(&f);
}

/* --- how many wait ---------------------------------------------------------------------------- */

static void planned(struct fixture *f, enum plan_reason reason)
{
	f->plan.wait =
		(struct plan_wait){reason ? &f->snapshot->view.versions[0] : NULL, reason, 1, NULL};
	reports_planned(f->reports, &f->app->reports, &f->snapshot->view, &f->plan);
}

#define WAITING(reason) "\npromogate_promotions_waiting{reason=\"" reason "\"} "

static void waiting_applications_are_counted_by_reason(void **state)
{
	struct fixture f;

	(void)state;
	shows(WAITING("TaskDefinitionMissing") "0\n");
	shows(WAITING("OtherVersionRunning") "0\n");
	shows(WAITING("MaxAgeExceeded") "0\n");
	shows(WAITING("PolicyDenied") "0\n");
	shows(WAITING("ClaimedByOther") "0\n");
	shows(WAITING("OtherApplicationFirst") "0\n");
	shows(WAITING("Rejected") "0\n");
	fixture_init(&f);
	planned(&f, PLAN_LIMIT_REACHED);
	planned(&f, PLAN_LIMIT_REACHED);
	shows(WAITING("JobLimitReached") "1\n");
	planned(&f, PLAN_TOO_OLD);
	shows(WAITING("JobLimitReached") "0\n");
	shows(WAITING("MaxAgeExceeded") "1\n");
	planned(&f, PLAN_NO_REASON);
	shows(WAITING("MaxAgeExceeded") "0\n");
	/* The application goes while it waits. */
	planned(&f, PLAN_SIBLING_RUNS);
	shows(WAITING("OtherVersionRunning") "1\n");
	fixture_release(&f);
	shows(WAITING("OtherVersionRunning") "0\n");
}

static int64_t waits_since(struct fixture *f)
{
	struct view_version v = {.name = "v"};

	report_memory_show(&f->app->reports, &v);
	return v.waits_since;
}

static void a_wait_counts_from_its_beginning(void **state)
{
	struct fixture f;
	int64_t start;

	(void)state;
	fixture_init(&f);
	start = f.cluster.fake.wall_ms / 1000;
	assert_int_equal(waits_since(&f), 0);
	planned(&f, PLAN_LIMIT_REACHED);
	fake_env_run(&f.cluster.fake, 5000);
	planned(&f, PLAN_SIBLING_RUNS);
	assert_int_equal(waits_since(&f), start);
	planned(&f, PLAN_NO_REASON);
	assert_int_equal(waits_since(&f), 0);
	planned(&f, PLAN_LIMIT_REACHED);
	assert_int_equal(waits_since(&f), start + 5);
	fixture_release(&f);
}

/* --- lost replies ----------------------------------------------------------------------------- */

/* The snapshot and the plan, as of a record whose reply was lost. */
static void lose_record(struct fixture *f)
{
	struct snapshot *s = f->snapshot;
	const struct snapshot_config config = {.since = 0};

	(void)add_record(f, VIEW_FAILED);
	f->snapshot = snapshot_new(f->app, f->cache, f->limiter, &config);
	reports_lost(&f->app->reports, s, &f->plan);
}

/* The version as the watch shows it now. */
static void seen(struct fixture *f, const char *resource_version, enum view_state a,
	enum view_state promotion)
{
	const struct view_item items[] = {{"a", JOB_A, a, 1}, {"b", JOB_B, VIEW_SUCCEEDED, 1}};
	struct view_version v = f->snapshot->view.versions[0];

	v.resource_version = resource_version ? resource_version : v.resource_version;
	v.items = items;
	v.promotion = promotion;
	reports_planned(f->reports, &f->app->reports,
		&(struct view){.versions = &v, .nversions = 1}, &(struct plan)PLAN_INIT);
}

static void a_record_whose_reply_was_lost_is_reported_once_it_is_seen(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	lose_record(&f);
	seen(&f, NULL, VIEW_PROGRESSING, VIEW_PROGRESSING); /* not yet */
	assert_int_equal(posts(&f), 0);
	seen(&f, "999", VIEW_FAILED, VIEW_FAILED);
	fake_env_run(&f.cluster.fake, 100);
	says(&f, "\"reason\":\"PromotionTasksFailed\"");
	assert_int_equal(posts(&f), 1);
	seen(&f, "999", VIEW_FAILED, VIEW_FAILED);
	assert_int_equal(posts(&f), 0);
	fixture_release(&f);
}

static void a_record_that_was_lost_itself_is_not_reported(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	lose_record(&f);
	seen(&f, "999", VIEW_PROGRESSING, VIEW_PROGRESSING); /* somebody else wrote */
	seen(&f, "1000", VIEW_FAILED, VIEW_FAILED);
	assert_int_equal(posts(&f), 0);
	fixture_release(&f);
}

static void a_record_that_was_repeated_is_reported_once(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	lose_record(&f);
	done(&f, add_record(&f, VIEW_FAILED));
	seen(&f, "999", VIEW_FAILED, VIEW_FAILED);
	assert_int_equal(posts(&f), 1);
	fixture_release(&f);
}

static void a_lost_reply_goes_with_its_version(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	lose_record(&f);
	reports_planned(f.reports, &f.app->reports, &(struct view){.nversions = 0},
		&(struct plan)PLAN_INIT);
	assert_null(f.app->reports.lost.snapshot);
	lose_record(&f); /* freed with the application: asan */
	fixture_release(&f);
}

/* --- what is deleted -------------------------------------------------------------------------- */

static struct plan_action *add_failure(
	struct fixture *f, enum plan_reason reason, enum view_state promotion)
{
	size_t first = f->plan.nchanges;

	plan_add_change(&f->plan, (struct plan_change){"z", JOB_A, VIEW_FAILED, reason});
	return fixture_add_record(f, first, promotion);
}

static void counts_of(
	struct fixture *f, enum err_kind answer, enum plan_reason reason, enum view_state promotion)
{
	done(f, add_failure(f, reason, promotion));
	fake_env_run(&f->cluster.fake, 100);
	if (answer == ERR_NONE)
		fake_answer(&f->cluster.fake, cluster_call(&f->cluster, "POST", "/events"), "{}");
	else
		fake_fail(&f->cluster.fake, cluster_call(&f->cluster, "POST", "/events"), answer);
}

#define LINE_Z                                                                                     \
	"\nkeptn_task_count_total{" APP "keptn_deployment_task_name=\"z\","                        \
	"keptn_deployment_task_status=\"Failed\",keptn_deployment_task_type=\"promotion\"} "

/* The answer to the Event says whether somebody deleted the Job, or the namespace goes. */
static void jobs_that_go_with_their_namespace_have_not_failed(void **state)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(LIMIT_METRICS_BYTES);
	struct fixture f;

	(void)state;
	fixture_init(&f);
	counts_of(&f, ERR_TERMINATING, PLAN_MISSING_JOB, VIEW_FAILED);
	counts_of(&f, ERR_NOT_FOUND, PLAN_MISSING_JOB, VIEW_NONE);
	counts_of(&f, ERR_TERMINATING, PLAN_NO_REASON, VIEW_FAILED); /* its pods went first */
	metrics_render(&text);
	assert_null(strstr(buf_str(&text), LINE_Z));
	counts_of(&f, ERR_NONE, PLAN_MISSING_JOB, VIEW_NONE);
	shows(LINE_Z "1\n");
	counts_of(&f, ERR_FORBIDDEN, PLAN_MISSING_JOB, VIEW_FAILED);
	shows(LINE_Z "2\n");
	/* Whatever comes of the Event later, it is counted once. */
	counts_of(&f, ERR_IO, PLAN_NO_REASON, VIEW_FAILED);
	shows(LINE_Z "3\n");
	fake_env_run(&f.cluster.fake, 1000);
	assert_int_equal(posts(&f), 1);
	shows(LINE_Z "3\n");
	fixture_release(&f);
}

static void a_version_that_is_being_deleted_ends_without_a_word(void **state)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(LIMIT_METRICS_BYTES);
	struct fixture f;

	(void)state;
	fixture_init(&f);
	f.snapshot->versions[0]->deleting = true;
	plan_add_change(&f.plan, (struct plan_change){"y1", JOB_A, VIEW_FAILED, PLAN_MISSING_JOB});
	done(&f, fixture_add_record(&f, 0, VIEW_FAILED));
	assert_int_equal(posts(&f), 0);
	metrics_render(&text);
	assert_null(strstr(buf_str(&text), "keptn_deployment_task_name=\"y1\""));
	fixture_release(&f);
}

/* --- Keptn's dashboards ----------------------------------------------------------------------- */

/*
 * What the panels about tasks and promotions of the Overview and the Applications dashboard ask for
 * (lifecycle-toolkit, dashboards/grafana), with keptn_task_active, which promoter_test checks; the others are about deployments and evaluations, which
 * Keptn's operator counts.
 */
static void serves_the_series_of_keptns_dashboards(void **state)
{
	static const char *const series[] = {"\nkeptn_task_count ",
		"\nkeptn_task_duration_bucket{le=\"10\"} ",
		"\nkeptn_promotion_count_total{keptn_deployment_app_name=\"app\","};
	struct fixture f;

	(void)state;
	fixture_init(&f);
	done(&f, add_record(&f, VIEW_FAILED));
	for (size_t i = 0; i < ARRAY_SIZE(series); i++)
		shows(series[i]);
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
		cmocka_unit_test(a_refusal_is_reported_once_for_each_task_and_text),
		cmocka_unit_test(only_what_was_reported_of_a_deleted_version_is_news),
		cmocka_unit_test(a_refusal_that_never_says_the_same_is_reported_a_few_times),
		cmocka_unit_test(a_rejection_ends_when_the_same_action_succeeds),
		cmocka_unit_test(a_fence_that_is_refused_is_reported_on_the_version_that_waits),
		cmocka_unit_test(an_annotation_that_is_refused_is_only_reported),
		cmocka_unit_test(waiting_applications_are_counted_by_reason),
		cmocka_unit_test(a_wait_counts_from_its_beginning),
		cmocka_unit_test(a_record_whose_reply_was_lost_is_reported_once_it_is_seen),
		cmocka_unit_test(a_record_that_was_lost_itself_is_not_reported),
		cmocka_unit_test(a_record_that_was_repeated_is_reported_once),
		cmocka_unit_test(a_lost_reply_goes_with_its_version),
		cmocka_unit_test(jobs_that_go_with_their_namespace_have_not_failed),
		cmocka_unit_test(a_version_that_is_being_deleted_ends_without_a_word),
		cmocka_unit_test(serves_the_series_of_keptns_dashboards),
	};

	return cmocka_run_group_tests_name("reports", tests, NULL, NULL);
}
