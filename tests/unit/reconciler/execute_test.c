#include "reconciler/execute.h"

#include "fixture.h"

static void done(void *ctx, struct app *app, const struct execute_result *result)
{
	struct fixture *f = ctx;

	assert_ptr_equal(app, f->app);
	f->done++;
	f->result = *result;
	f->result.err = NULL;
	f->kind = result->err ? result->err->kind : ERR_NONE;
}

/* --- plans ------------------------------------------------------------------------------------ */

static const struct view_job *job_of(const struct fixture *f, const char *name)
{
	const struct view *view = &f->snapshot->view;
	const struct view_job *job = view_named(view, &view->versions[0], name);

	assert_non_null(job);
	return job;
}

/* A Job's UNSUSPEND, SET_TTL, DELETE or CREATE_CODE. */
static void add_job(struct fixture *f, enum plan_kind kind, const char *name)
{
	plan_add_job(
		&f->plan, kind, PLAN_NO_REASON, &f->snapshot->view.versions[0], job_of(f, name));
}

static void add_get_job(struct fixture *f, size_t item)
{
	fixture_add(f, PLAN_GET_JOB)->item = &f->snapshot->view.versions[0].items[item];
}

static void add_create(struct fixture *f, const char *task)
{
	struct plan_action *a = fixture_add(f, PLAN_CREATE_JOB);

	a->task = task;
	a->attempt = 2;
	a->name = job_name_make(task, 2, 1);
}

/* Records that b succeeded. */
static void add_record(struct fixture *f)
{
	plan_add_change(&f->plan, (struct plan_change){"b", JOB_B, VIEW_SUCCEEDED, PLAN_NO_REASON});
	(void)plan_add_patch(&f->plan, PLAN_RECORD, &f->snapshot->view.versions[0], 0, VIEW_NONE);
}

static void run(struct fixture *f)
{
	execute(&f->x, f->app, STEAL(f->snapshot), &f->plan, done, f);
}

/* The call that is under way, if it is the only one. */
static struct fake_task *only(struct fixture *f, const char *method, const char *path)
{
	struct fake_task *t = cluster_call(&f->cluster, method, path);

	if (!t || fake_count(&f->cluster.fake, FAKE_CALL) != 1)
		fail_msg("%s %s is not the only call", method, path);
	return t;
}

static void answer(struct fixture *f, const char *method, const char *path, const char *body)
{
	fake_answer(&f->cluster.fake, only(f, method, path), body);
}

static void fails(struct fixture *f, const char *method, const char *path, enum err_kind kind)
{
	fake_fail(&f->cluster.fake, only(f, method, path), kind);
}

/* It has ended, so; nothing is under way. */
static void ended(const struct fixture *f, enum err_kind kind, bool again)
{
	assert_int_equal(f->done, 1);
	assert_int_equal(f->kind, kind);
	assert_int_equal(f->result.again, again);
	assert_int_equal(fake_count(&f->cluster.fake, FAKE_CALL), 0);
}

/* --- the order -------------------------------------------------------------------------------- */

static void one_kind_is_in_flight_together_and_the_next_waits(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	add_job(&f, PLAN_UNSUSPEND, JOB_A);
	add_job(&f, PLAN_UNSUSPEND, JOB_B);
	add_record(&f);
	run(&f);
	assert_int_equal(fake_count(&f.cluster.fake, FAKE_CALL), 2);
	fake_answer(&f.cluster.fake, cluster_call(&f.cluster, "PATCH", "/jobs/" JOB_B), "{}");
	answer(&f, "PATCH", "/jobs/" JOB_A, "{}");
	assert_int_equal(f.done, 0);
	answer(&f, "PATCH", "/keptnappversions/v/status", "{}");
	ended(&f, ERR_NONE, false);
	fixture_release(&f);
}

/* A late hand-over must not suspend what Kueue has resumed since: it is of the Job that was seen. */
static void a_job_is_handed_over_as_it_was_seen(void **state)
{
	CLEANUP(free_p) char *seen = NULL;
	struct fixture f;
	const char *body;

	(void)state;
	fixture_init(&f);
	add_job(&f, PLAN_QUEUE, JOB_A);
	seen = xasprintf("\"resourceVersion\":\"%s\"",
		snapshot_job(f.snapshot, job_of(&f, JOB_A))->resource_version);
	run(&f);
	body = cluster_call(&f.cluster, "PATCH", "/jobs/" JOB_A)->body;
	assert_says(body, "\"uid\":\"u-" JOB_A "\"");
	assert_says(body, seen);
	assert_says(body, "\"suspend\":true,\"parallelism\":1");
	answer(&f, "PATCH", "/jobs/" JOB_A, "{}");
	ended(&f, ERR_NONE, false);
	fixture_release(&f);
}

#define FETCHED(name, code)                                                                        \
	"{\"kind\":\"KeptnTaskDefinition\",\"metadata\":{\"namespace\":\"dev\",\"name\":\"" name   \
	"\"},\"spec\":{\"deno\":{" code "}}}"

/* The definitions of a and b have inline code of this size. Returns how many are copied at once. */
static size_t copies_at_once(size_t size)
{
	CLEANUP(free_p) char *code = xmalloc(size + 1);
	CLEANUP(free_p) char *definitions = NULL;
	struct fixture f;
	size_t calls;

	memset(code, 'x', size);
	code[size] = '\0';
	definitions = xasprintf(FUNCTION("dev", "a", "\"inline\":{\"code\":\"%s\"}") "," FUNCTION(
					"dev", "b", "\"inline\":{\"code\":\"%s\"}"),
		code, code);
	fixture_init_with(&f, definitions);
	add_job(&f, PLAN_CREATE_CODE, JOB_A);
	add_job(&f, PLAN_CREATE_CODE, JOB_B);
	run(&f);
	calls = fake_count(&f.cluster.fake, FAKE_CALL);
	for (int i = 0; i < 2; i++) {
		struct fake_task *get = cluster_call(&f.cluster, "GET", "/keptntaskdefinitions/");
		CLEANUP(free_p)
		char *whole =
			xasprintf(FETCHED("%c", "\"inline\":{\"code\":\"%s\"}"), "ab"[i], code);

		if (get)
			fake_answer(&f.cluster.fake, get, whole);
		assert_true(fake_count(&f.cluster.fake, FAKE_CALL) <= calls);
		fake_answer(&f.cluster.fake, cluster_call(&f.cluster, "POST", "/configmaps"), "{}");
	}
	ended(&f, ERR_NONE, true);
	fixture_release(&f);
	return calls;
}

/* Those that the cache does not keep are fetched one at a time, too. */
static void large_bodies_are_in_flight_one_at_a_time(void **state)
{
	(void)state;
	assert_int_equal(copies_at_once(1000), 2);
	assert_int_equal(copies_at_once(LIMIT_PLAN_BYTES), 1);
}

static void an_empty_plan_ends_at_once(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	run(&f);
	ended(&f, ERR_NONE, false);
	fixture_release(&f);
}

/* Whatever a write comes to but success, the writes after it were planned for another state. */
static void a_failed_write_drops_the_rest(void **state)
{
	static const enum err_kind kinds[] = {ERR_IO, ERR_TIMEOUT, ERR_CONFLICT, ERR_NOT_FOUND,
		ERR_THROTTLED, ERR_FORBIDDEN, ERR_INVALID, ERR_QUOTA};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct fixture f;

		fixture_init(&f);
		add_record(&f);
		add_job(&f, PLAN_UNSUSPEND, JOB_A);
		add_job(&f, PLAN_SET_TTL, JOB_B);
		run(&f);
		fails(&f, "PATCH", "/keptnappversions/v/status", kinds[i]);
		ended(&f, kinds[i], false);
		fixture_release(&f);
	}
}

static void what_is_in_flight_ends_before_a_dropped_plan_does(void **state)
{
	static const enum err_kind kinds[] = {ERR_IO, ERR_CONFLICT};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct fixture f;

		fixture_init(&f);
		add_job(&f, PLAN_UNSUSPEND, JOB_A);
		add_job(&f, PLAN_UNSUSPEND, JOB_B);
		add_record(&f);
		run(&f);
		fake_fail(&f.cluster.fake, cluster_call(&f.cluster, "PATCH", JOB_A), kinds[i]);
		assert_int_equal(f.done, 0);
		answer(&f, "PATCH", "/jobs/" JOB_B, "{}");
		ended(&f, kinds[i], false);
		fixture_release(&f);
	}
}

/* A right, a policy or a quota: the same again at the next try, so other Jobs must not wait. */
static void a_change_of_one_job_that_is_refused_does_not_hold_up_the_rest(void **state)
{
	static const enum err_kind refusals[] = {ERR_FORBIDDEN, ERR_INVALID, ERR_QUOTA};
	static const struct {
		enum plan_kind kind;
		const char *method;
	} changes[] = {{PLAN_UNSUSPEND, "PATCH"}, {PLAN_QUEUE, "PATCH"}, {PLAN_SET_TTL, "PATCH"},
		{PLAN_DELETE, "DELETE"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refusals) * ARRAY_SIZE(changes); i++) {
		enum err_kind refusal = refusals[i % ARRAY_SIZE(refusals)];
		const char *method = changes[i / ARRAY_SIZE(refusals)].method;
		struct fixture f;

		fixture_init(&f);
		add_job(&f, changes[i / ARRAY_SIZE(refusals)].kind, JOB_A);
		add_record(&f);
		run(&f);
		fails(&f, method, "/jobs/" JOB_A, refusal);
		answer(&f, "PATCH", "/keptnappversions/v/status", "{}");
		ended(&f, refusal, false);
		fixture_release(&f);
	}
}

/* Room under the limit is given back unless the Jobs may run. */
static void a_commit_that_may_have_happened_is_known(void **state)
{
	static const struct {
		enum err_kind kind;
		enum execute_commit commit;
	} rows[] = {{ERR_NONE, EXECUTE_COMMITTED}, {ERR_CONFLICT, EXECUTE_NOT_COMMITTED},
		{ERR_FORBIDDEN, EXECUTE_NOT_COMMITTED}, {ERR_THROTTLED, EXECUTE_NOT_COMMITTED},
		{ERR_IO, EXECUTE_MAYBE_COMMITTED}, {ERR_TIMEOUT, EXECUTE_MAYBE_COMMITTED},
		{ERR_NOT_SERVED, EXECUTE_MAYBE_COMMITTED}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fixture f;

		print_message("# %s\n", err_kind_name(rows[i].kind));
		fixture_init(&f);
		add_job(&f, PLAN_SET_TTL, JOB_A);
		plan_add_change(&f.plan,
			(struct plan_change){"b", JOB_B, VIEW_PROGRESSING, PLAN_NO_REASON});
		(void)plan_add_patch(
			&f.plan, PLAN_COMMIT, &f.snapshot->view.versions[0], 0, VIEW_PROGRESSING);
		run(&f);
		/* It is refused, which does not hold up the commit, and is not the commit's. */
		fails(&f, "PATCH", "/jobs/" JOB_A, ERR_FORBIDDEN);
		if (rows[i].kind == ERR_NONE)
			answer(&f, "PATCH", "/keptnappversions/v/status", "{}");
		else
			fails(&f, "PATCH", "/keptnappversions/v/status", rows[i].kind);
		ended(&f, ERR_FORBIDDEN, false);
		assert_int_equal(f.result.commit, rows[i].commit);
		fixture_release(&f);
	}
}

static void only_a_write_counts_as_written(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	add_get_job(&f, 0);
	run(&f);
	answer(&f, "GET", "/jobs/" JOB_A,
		"{\"metadata\":{\"labels\":{\"app.kubernetes.io/managed-by\":\"promogate\"},"
		"\"ownerReferences\":[{\"uid\":\"u-v\"}]}}");
	assert_false(f.result.wrote);
	fixture_release(&f);

	fixture_init(&f);
	add_job(&f, PLAN_UNSUSPEND, JOB_A);
	run(&f);
	answer(&f, "PATCH", "/jobs/" JOB_A, "{}");
	assert_true(f.result.wrote);
	fixture_release(&f);
}

/* --- looking for a Job ------------------------------------------------------------------------ */

static void only_a_not_found_says_that_a_job_is_gone(void **state)
{
	static const struct {
		enum err_kind kind;
		int status;
	} rows[] = {{ERR_NOT_FOUND, 404}, {ERR_NOT_SERVED, 404}, {ERR_IO, 503}, {ERR_IO, 500},
		{ERR_IO, 0}, {ERR_TIMEOUT, 504}, {ERR_THROTTLED, 429}, {ERR_FORBIDDEN, 403},
		{ERR_AUTH, 401}, {ERR_GONE, 410}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		bool gone = rows[i].kind == ERR_NOT_FOUND;
		struct err err = {.kind = rows[i].kind, .http_status = rows[i].status};
		struct fixture f;

		print_message("# %s %d\n", err_kind_name(err.kind), err.http_status);
		fixture_init(&f);
		add_get_job(&f, 0);
		run(&f);
		fake_end(&f.cluster.fake, only(&f, "GET", "/jobs/" JOB_A), NULL, &err);
		assert_int_equal(strmap_has(&f.app->execution.gone, JOB_A), gone);
		ended(&f, gone ? ERR_NONE : rows[i].kind, gone);
		fixture_release(&f);
	}
}

static void a_job_whose_name_is_not_valid_is_gone(void **state)
{
	struct view_item item = {.task = "a", .job = "Not A Name"};
	struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_add(&f, PLAN_GET_JOB)->item = &item;
	run(&f);
	assert_true(strmap_has(&f.app->execution.gone, item.job));
	ended(&f, ERR_NONE, true);
	fixture_release(&f);
}

static void a_job_that_is_there_changes_nothing(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	add_get_job(&f, 0);
	run(&f);
	answer(&f, "GET", "/jobs/" JOB_A,
		"{\"metadata\":{\"labels\":{\"app.kubernetes.io/managed-by\":\"promogate\"},"
		"\"ownerReferences\":[{\"uid\":\"u-v\"}]}}");
	assert_false(strmap_has(&f.app->execution.gone, JOB_A));
	ended(&f, ERR_NONE, false);
	fixture_release(&f);
}

/* It is not adopted: the committed Job was deleted. */
static void another_job_of_its_name_says_that_a_job_is_gone(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	add_get_job(&f, 0);
	run(&f);
	answer(&f, "GET", "/jobs/" JOB_A, "{\"metadata\":{\"name\":\"" JOB_A "\",\"uid\":\"x\"}}");
	assert_true(strmap_has(&f.app->execution.gone, JOB_A));
	ended(&f, ERR_NONE, true);
	fixture_release(&f);
}

/* A person must know: it is retried for as long as it is refused. */
static void a_job_that_may_not_be_adopted_is_reported(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	add_get_job(&f, 0);
	run(&f);
	answer(&f, "GET", "/jobs/" JOB_A, "{\"metadata\":{}}");
	fails(&f, "PATCH", "/jobs/" JOB_A, ERR_FORBIDDEN);
	ended(&f, ERR_FORBIDDEN, false);
	fake_env_run(&f.cluster.fake, 100);
	assert_says(only(&f, "POST", "/events")->body,
		"failed to restore the label and owner of a Job, retrying: ");
	fixture_release(&f);
}

/* --- writes to versions ----------------------------------------------------------------------- */

static void annotations_are_one_patch(void **state)
{
	static const struct {
		enum plan_note waiting, outcome;
		const char *annotations;
	} rows[] = {
		{PLAN_SET, PLAN_KEEP, "{\"promogate.dev/waiting\":\"R: why\"}"},
		{PLAN_REMOVE, PLAN_KEEP, "{\"promogate.dev/waiting\":null}"},
		{PLAN_KEEP, PLAN_REMOVE, "{\"promogate.dev/outcome\":null}"},
		{PLAN_REMOVE, PLAN_SET,
			"{\"promogate.dev/waiting\":null,\"promogate.dev/outcome\":"
			"\"Progressing, attempt 1: given up before any promotion task started\"}"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct plan_action *a;
		struct fixture f;

		fixture_init(&f);
		a = fixture_add(&f, PLAN_ANNOTATE);
		a->waiting = rows[i].waiting;
		a->outcome = rows[i].outcome;
		a->text = "R: why";
		run(&f);
		assert_says(only(&f, "PATCH", "/keptnappversions/v")->body, rows[i].annotations);
		answer(&f, "PATCH", "/keptnappversions/v",
			"{\"metadata\":{\"resourceVersion\":\"7000\"}}");
		assert_int_equal(f.app->execution.awaited_version, 7000);
		assert_false(f.result.wrote); /* the promotion got no further */
		ended(&f, ERR_NONE, false);
		fixture_release(&f);
	}
}

static void annotations_that_are_rejected_hold_up_nothing(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_add(&f, PLAN_ANNOTATE)->waiting = PLAN_REMOVE;
	add_job(&f, PLAN_UNSUSPEND, JOB_A);
	fixture_add(&f, PLAN_ANNOTATE)->waiting = PLAN_REMOVE;
	add_job(&f, PLAN_SET_TTL, JOB_B);
	run(&f);
	assert_int_equal(fake_count(&f.cluster.fake, FAKE_CALL), 3); /* nothing waits for them */
	fake_fail(&f.cluster.fake, cluster_call(&f.cluster, "PATCH", "/keptnappversions/v"),
		ERR_FORBIDDEN);
	assert_null(cluster_call(&f.cluster, "PATCH", "/jobs/" JOB_B));
	fake_answer(&f.cluster.fake, cluster_call(&f.cluster, "PATCH", "/jobs/" JOB_A), "{}");
	fake_answer(&f.cluster.fake, cluster_call(&f.cluster, "PATCH", "/jobs/" JOB_B), "{}");
	assert_int_equal(f.done, 0);
	answer(&f, "PATCH", "/keptnappversions/v", "{}");
	ended(&f, ERR_NONE, false);
	assert_true(f.result.annotate_later);
	fixture_release(&f);
}

/* Nor is it an error of the plan, for which the application would back off. */
static void an_annotation_that_fails_drops_nothing(void **state)
{
	static const enum err_kind kinds[] = {
		ERR_FORBIDDEN, ERR_CONFLICT, ERR_NOT_FOUND, ERR_IO, ERR_TIMEOUT, ERR_THROTTLED};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct fixture f;

		fixture_init(&f);
		fixture_add(&f, PLAN_ANNOTATE)->waiting = PLAN_REMOVE;
		add_job(&f, PLAN_UNSUSPEND, JOB_A);
		add_record(&f);
		run(&f);
		fake_fail(&f.cluster.fake, cluster_call(&f.cluster, "PATCH", "/keptnappversions/v"),
			kinds[i]);
		answer(&f, "PATCH", "/jobs/" JOB_A, "{}");
		answer(&f, "PATCH", "/keptnappversions/v/status", "{}");
		ended(&f, ERR_NONE, false);
		assert_true(f.result.wrote);
		assert_true(f.result.annotate_later);
		fixture_release(&f);
	}
}

static void add_annotations(struct fixture *f, const char *text, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct plan_action *a = fixture_add(f, PLAN_ANNOTATE);

		a->waiting = PLAN_SET;
		a->text = text;
	}
}

/* Answers each annotation, which must say this. Returns how many there were. */
static size_t annotations_say(struct fixture *f, const char *text, size_t most_in_flight)
{
	struct fake_task *t;
	size_t count = 0;

	while ((t = cluster_call(&f->cluster, "PATCH", "/keptnappversions/v"))) {
		assert_true(fake_count(&f->cluster.fake, FAKE_CALL) <= most_in_flight);
		assert_says(t->body, text);
		fake_answer(&f->cluster.fake, t, "{}");
		count++;
	}
	return count;
}

/* Many versions may have to say the same at once. */
static void annotations_are_in_flight_within_the_limits(void **state)
{
	static const struct {
		size_t count, size, in_flight;
	} rows[] = {{100, 10, 32}, {5, LIMIT_PLAN_BYTES / 2, 2}, {2, LIMIT_PLAN_BYTES, 1}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(free_p) char *text = xcalloc(1, rows[i].size + 1);
		struct fixture f;

		memset(text, 'x', rows[i].size);
		fixture_init(&f);
		add_annotations(&f, text, rows[i].count);
		run(&f);
		assert_int_equal(fake_count(&f.cluster.fake, FAKE_CALL), rows[i].in_flight);
		assert_int_equal(annotations_say(&f, text, rows[i].in_flight), rows[i].count);
		ended(&f, ERR_NONE, false);
		fixture_release(&f);
	}
}

/* Each may take until its timeout, and the application is not planned again before. */
static void after_an_annotation_that_is_lost_no_other_is_sent(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	add_annotations(&f, "why", 100);
	add_job(&f, PLAN_SET_TTL, JOB_A);
	run(&f);
	for (int i = 0; i < 32; i++)
		fake_fail(&f.cluster.fake, cluster_call(&f.cluster, "PATCH", "/keptnappversions/v"),
			ERR_TIMEOUT);
	answer(&f, "PATCH", "/jobs/" JOB_A, "{}");
	ended(&f, ERR_NONE, false);
	fixture_release(&f);
}

/* Under asan: the version is deleted before the last of them is sent. */
static void annotations_say_what_the_snapshot_shows(void **state)
{
	const struct snapshot_config config = {.since = 0};
	struct rejection *rejection = xcalloc(1, sizeof(*rejection));
	struct fixture f;

	(void)state;
	fixture_init(&f);
	snapshot_free(f.snapshot);
	rejection->doing = xstrdup("do this ");
	rejection->text = xstrdup("Rejected: why");
	strmap_put(&f.app->reports.rejected, "v", rejection);
	f.snapshot = snapshot_new(f.app, f.cache, f.limiter, &config);
	add_annotations(&f, f.snapshot->view.versions[0].rejected, 40);
	run(&f);
	report_memory_forget(&f.app->reports, "v");
	assert_int_equal(annotations_say(&f, "Rejected: why", 32), 40);
	ended(&f, ERR_NONE, false);
	fixture_release(&f);
}

/* Only those that say nothing of what was written. */
static void what_a_lost_write_was_is_kept(void **state)
{
	static const struct {
		enum err_kind kind;
		bool lost;
	} rows[] = {
		{ERR_IO, true}, {ERR_TIMEOUT, true}, {ERR_CONFLICT, false}, {ERR_FORBIDDEN, false}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct lost_writes *lost;
		struct fixture f;

		fixture_init(&f);
		add_record(&f);
		run(&f);
		fails(&f, "PATCH", "/keptnappversions/v/status", rows[i].kind);
		lost = &f.app->reports.lost;
		assert_int_equal(lost->snapshot != NULL, rows[i].lost);
		assert_int_equal(lost->plan.nactions, rows[i].lost);
		if (rows[i].lost)
			assert_string_equal(lost->plan.changes[0].job, JOB_B);
		fixture_release(&f);
	}
}

/* A webhook on Jobs that fails: the API server answers 500, and says which. */
static void what_the_api_server_says_is_reported(void **state)
{
	static const struct {
		enum err_kind kind;
		int status;
		bool reported;
	} rows[] = {{ERR_FORBIDDEN, 403, true}, {ERR_INVALID, 422, true}, {ERR_QUOTA, 403, true},
		{ERR_IO, 500, true}, {ERR_IO, 503, false}, {ERR_IO, 0, false},
		{ERR_TIMEOUT, 0, false}, {ERR_CONFLICT, 409, false}, {ERR_NOT_FOUND, 404, false},
		{ERR_TERMINATING, 403, false}, {ERR_THROTTLED, 429, false}};

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_SIZE(rows); i++) {
		const struct err err = {.kind = rows[i / 2].kind,
			.http_status = rows[i / 2].status,
			.msg = "the request: what it says"};
		bool create = i % 2 == 0;
		struct fixture f;

		fixture_init(&f);
		if (create)
			add_create(&f, "a");
		else
			add_record(&f);
		run(&f);
		fake_end(&f.cluster.fake, only(&f, create ? "POST" : "PATCH", ""), NULL, &err);
		fake_env_run(&f.cluster.fake, 100);
		print_message("# %s %d\n", err_kind_name(err.kind), err.http_status);
		assert_int_equal(
			fake_count(&f.cluster.fake, FAKE_CALL), rows[i / 2].reported ? 1 : 0);
		if (rows[i / 2].reported)
			assert_says(only(&f, "POST", "/events")->body, "what it says");
		fixture_release(&f);
	}
}

/* --- Jobs that can't be created --------------------------------------------------------------- */

static void what_is_invalid_or_too_large_can_not_run(void **state)
{
	static const struct {
		enum err_kind kind;
		bool refused; /* so that the task counts as one that cannot run, for a while */
		enum execute_create create;
		int status;
	} rows[] = {
		{ERR_INVALID, true, EXECUTE_NONE_FAILED, 422},
		{ERR_TOO_LARGE, true, EXECUTE_NONE_FAILED, 413},
		{ERR_FORBIDDEN, false, EXECUTE_REFUSED, 403},
		{ERR_QUOTA, false, EXECUTE_REFUSED, 403},
		{ERR_THROTTLED, false, EXECUTE_NONE_FAILED, 429},
		{ERR_IO, false, EXECUTE_NONE_FAILED, 0},
		{ERR_IO, false, EXECUTE_CREATE_FAILED, 500},
		{ERR_TIMEOUT, false, EXECUTE_CREATE_FAILED, 0},
		{ERR_EXISTS, false, EXECUTE_NONE_FAILED, 409},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err err = {.kind = rows[i].kind, .http_status = rows[i].status};
		struct fixture f;

		print_message("# %s\n", err_kind_name(rows[i].kind));
		fixture_init(&f);
		add_create(&f, "a");
		run(&f);
		fake_end(&f.cluster.fake, only(&f, "POST", "/jobs"), NULL, &err);
		assert_int_equal(f.result.create, rows[i].create);
		assert_int_equal(strmap_has(&f.app->execution.refused, "a"), rows[i].refused);
		ended(&f, rows[i].kind, rows[i].refused);
		fixture_release(&f);
	}
}

/* Of two creates, whichever ends first. */
static void a_refusal_counts_beside_a_timeout(void **state)
{
	static const enum err_kind kinds[][2] = {
		{ERR_QUOTA, ERR_TIMEOUT}, {ERR_TIMEOUT, ERR_QUOTA}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct fixture f;

		fixture_init(&f);
		add_create(&f, "a");
		add_create(&f, "b");
		run(&f);
		fake_fail(&f.cluster.fake, cluster_call(&f.cluster, "POST", "/jobs"), kinds[i][0]);
		fails(&f, "POST", "/jobs", kinds[i][1]);
		assert_int_equal(f.result.create, EXECUTE_REFUSED);
		fixture_release(&f);
	}
}

static void a_refusal_of_a_definition_that_changed_meanwhile_is_forgotten(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	add_create(&f, "a");
	run(&f);
	cluster_event(&f.cluster, "keptntaskdefinitions", "MODIFIED", FUNCTION("dev", "a", INLINE));
	fails(&f, "POST", "/jobs", ERR_INVALID);
	assert_false(strmap_has(&f.app->execution.refused, "a"));
	ended(&f, ERR_INVALID, true);
	fixture_release(&f);
}

/* --- whose Job it is --------------------------------------------------------------------------- */

/* text with `with` for the first `what`, for free(). */
static char *replaced(const char *text, const char *what, const char *with)
{
	const char *at = strstr(text, what);

	assert_non_null(at);
	return xasprintf("%.*s%s%s", (int)(at - text), text, with, at + strlen(what));
}

/* The create that is under way is answered with the Job as it was sent, except for one text. */
static void created_with(struct fixture *f, const char *what, const char *with)
{
	struct fake_task *create = cluster_call(&f->cluster, "POST", "/jobs");
	CLEANUP(free_p)
	char *job = replaced(create->body, "\"metadata\":{",
		"\"metadata\":{\"uid\":\"new\",\"resourceVersion\":\"4294967296\",");
	CLEANUP(free_p) char *reply = replaced(job, what, with);

	fake_answer(&f->cluster.fake, create, reply);
}

static void a_job_is_own_if_the_reply_to_its_creation_has_its_uid(void **state)
{
	struct fixture f;
	CLEANUP(free_p) char *name = xstrdup(job_name_make("a", 2, 1).text);

	(void)state;
	fixture_init(&f);
	add_create(&f, "a");
	run(&f);
	created_with(&f, "", "");
	assert_string_equal(strmap_get(&f.app->execution.own, name), "new");
	assert_false(apps_caught_up(f.apps, f.app));
	ended(&f, ERR_NONE, false);
	fixture_release(&f);
}

static void a_job_that_is_created_is_not_refused_any_more(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	strmap_put(&f.app->execution.refused, "a", xstrdup("it was not valid"));
	strmap_put(&f.app->execution.refused, "b", xstrdup("it is not valid"));
	add_create(&f, "a");
	run(&f);
	created_with(&f, "", "");
	assert_false(strmap_has(&f.app->execution.refused, "a"));
	assert_true(strmap_has(&f.app->execution.refused, "b"));
	fixture_release(&f);
}

/* The Job of this name is own with this uid, and shown so. */
static bool shown_as_own(struct fixture *f, const char *uid)
{
	const struct snapshot_config config = {.since = 0};
	struct snapshot *s;
	bool own = false;

	strmap_put(&f->app->execution.own, JOB_A, xstrdup(uid));
	s = snapshot_new(f->app, f->cache, f->limiter, &config);
	for (size_t i = 0; i < s->view.njobs; i++) {
		assert_true(str_eq(s->view.jobs[i].name, JOB_A) || !s->view.jobs[i].own);
		own |= s->view.jobs[i].own;
	}
	snapshot_free(s);
	return own;
}

/* Somebody may have deleted it, and created another one of its name. */
static void only_a_job_with_that_uid_is_shown_as_own(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	assert_true(shown_as_own(&f, "u-" JOB_A));
	assert_false(shown_as_own(&f, "other"));
	fixture_release(&f);
}

/* From then on its status identifies them. */
static void no_job_is_own_after_the_commit(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	strmap_put(&f.app->execution.own, JOB_A, xstrdup("u-" JOB_A));
	fixture_add(&f, PLAN_COMMIT)->promotion = VIEW_PROGRESSING;
	run(&f);
	assert_int_equal(f.app->execution.own.count, 1);
	answer(&f, "PATCH", "/keptnappversions/v/status", "{}");
	assert_int_equal(f.app->execution.own.count, 0);
	fixture_release(&f);
}

/* The next plan waits until the watch has brought it: rule 15. */
static void an_enrolment_names_what_is_added_and_is_awaited(void **state)
{
	static const struct view_task tasks[] = {{"a", VIEW_OWN, true}, {"c", VIEW_ADDED, true},
		{"d", VIEW_ADDED, true}, {"e", VIEW_FORMER, true}};
	static const struct {
		enum plan_kind kind;
		const char *value;
	} rows[] = {{PLAN_ENROL, "\"c, d\""}, {PLAN_LEAVE, "null"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(free_p)
		char *want = xasprintf("\"promogate.dev/added-tasks\":%s}}}", rows[i].value);
		struct fixture f;

		fixture_init(&f);
		f.snapshot->view_versions[0].tasks = tasks;
		f.snapshot->view_versions[0].ntasks = ARRAY_SIZE(tasks);
		fixture_add(&f, rows[i].kind);
		run(&f);
		assert_non_null(strstr(
			cluster_call(&f.cluster, "PATCH", "/keptnappversions/v")->body, want));
		answer(&f, "PATCH", "/keptnappversions/v",
			"{\"metadata\":{\"resourceVersion\":\"900000\"}}");
		assert_true(f.app->execution.awaited_version == 900000);
		assert_false(apps_caught_up(f.apps, f.app));
		fixture_release(&f);
	}
}

/* A commit that was sent after it may still arrive. */
static void a_claim_counts_until_a_commit_is_sent(void **state)
{
	static const enum plan_kind kinds[] = {PLAN_COMMIT, PLAN_RECORD};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const struct snapshot_config config = {.term = 7};
		struct snapshot *s;
		struct fixture f;

		fixture_init(&f);
		fixture_add(&f, PLAN_CLAIM)->nonce = 8;
		fixture_add(&f, kinds[i])->promotion = VIEW_NONE;
		run(&f);
		answer(&f, "PATCH", "/keptnappversions/v", "{}");
		s = snapshot_new(f.app, f.cache, f.limiter, &config);
		assert_int_equal(s->view.term, 7);
		assert_int_equal(s->view.claim, kinds[i] == PLAN_COMMIT ? 0 : 8);
		snapshot_free(s);
		fails(&f, "PATCH", "/keptnappversions/v/status", ERR_TIMEOUT);
		assert_int_equal(f.app->execution.claim, kinds[i] == PLAN_COMMIT ? 0 : 8);
		fixture_release(&f);
	}
}

static void a_job_whose_deletion_was_sent_is_not_own_any_more(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	strmap_put(&f.app->execution.own, JOB_A, xstrdup("u-" JOB_A));
	add_job(&f, PLAN_DELETE, JOB_A);
	run(&f);
	fails(&f, "DELETE", "/jobs/" JOB_A, ERR_TIMEOUT);
	assert_false(strmap_has(&f.app->execution.own, JOB_A));
	ended(&f, ERR_TIMEOUT, false);
	fixture_release(&f);
}

static void a_job_that_an_admission_policy_changed_is_deleted_and_refused(void **state)
{
	static const struct {
		const char *what, *with, *field;
	} rows[] = {
		{"managed-by\":\"promogate", "managed-by\":\"team", "managed-by"},
		{"\"controller\":true", "\"controller\":false", "metadata.ownerReferences"},
		{"\"uid\":\"u-v\"", "\"uid\":\"u-w\"", "metadata.ownerReferences"},
		{"\"parallelism\":0", "\"parallelism\":1", "spec.parallelism"},
		{"\"value\":\"u-v/a\"", "\"value\":\"u-v/b\"", "spec.template"},
		{"\"value\":\"Block\"", "\"value\":\"Warn\"", "spec.template"},
		{"\\\"appName\\\":\\\"app\\\"", "\\\"appName\\\":\\\"b\\\"", "spec.template"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fixture f;
		struct fake_task *t;

		print_message("# %s\n", rows[i].with);
		fixture_init(&f);
		add_create(&f, "a");
		run(&f);
		created_with(&f, rows[i].what, rows[i].with);
		assert_int_equal(f.app->execution.own.count, 0);
		assert_int_equal(f.done, 0);
		t = only(&f, "DELETE", "/jobs/a-2-");
		assert_says(t->body, "\"preconditions\":{\"uid\":\"new\"}");
		fake_answer(&f.cluster.fake, t, "{}");
		assert_int_equal(f.kind, ERR_FORBIDDEN);
		assert_true(apps_caught_up(f.apps, f.app));
		fake_env_run(&f.cluster.fake, 1000);
		t = only(&f, "POST", "/events");
		assert_says(t->body, "an admission policy changed");
		assert_says(t->body, rows[i].field);
		fixture_release(&f);
	}
}

/* What somebody resumed or gave a TTL at its creation is held back all the same. */
static void a_job_that_may_be_changed_so_is_own(void **state)
{
	static const char *const rows[][2] = {
		{"\"suspend\":true", "\"suspend\":false"},
		{"\"suspend\":true", "\"suspend\":true,\"ttlSecondsAfterFinished\":5"},
		{"\"annotations\":{", "\"annotations\":{\"policy\":\"yes\","},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fixture f;

		fixture_init(&f);
		add_create(&f, "a");
		run(&f);
		created_with(&f, rows[i][0], rows[i][1]);
		assert_int_equal(f.app->execution.own.count, 1);
		ended(&f, ERR_NONE, false);
		fixture_release(&f);
	}
}

static void a_reply_that_is_not_a_job_counts_as_lost(void **state)
{
	static const char *const rows[] = {"", "oops", "{}", "{\"metadata\":{\"uid\":7}}"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fixture f;

		fixture_init(&f);
		add_create(&f, "a");
		run(&f);
		answer(&f, "POST", "/jobs", rows[i]);
		assert_int_equal(f.app->execution.own.count, 0);
		ended(&f, ERR_IO, false);
		fixture_release(&f);
	}
}

/* --- code ------------------------------------------------------------------------------------- */

static void a_config_map_is_the_code_if_this_job_owns_it(void **state)
{
	static const struct {
		const char *found; /* NULL: it is gone again */
		bool code;
		enum err_kind kind;
	} rows[] = {
		{"{\"metadata\":{\"ownerReferences\":[{\"uid\":\"u-" JOB_A "\"}]}}", true,
			ERR_NONE},
		{"{\"metadata\":{\"ownerReferences\":[{\"uid\":\"u-" JOB_B "\"}]}}", false,
			ERR_EXISTS},
		{"{\"metadata\":{\"name\":\"" JOB_A "\"}}", false, ERR_EXISTS},
		{"oops", false, ERR_EXISTS},
		{NULL, false, ERR_NOT_FOUND},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fixture f;

		fixture_init(&f);
		add_job(&f, PLAN_CREATE_CODE, JOB_A);
		run(&f);
		fails(&f, "POST", "/namespaces/dev/configmaps", ERR_EXISTS);
		if (rows[i].found)
			answer(&f, "GET", "/configmaps/" JOB_A, rows[i].found);
		else
			fails(&f, "GET", "/configmaps/" JOB_A, ERR_NOT_FOUND);
		assert_int_equal(strmap_has(&f.app->execution.with_code, JOB_A), rows[i].code);
		ended(&f, rows[i].kind, rows[i].code);
		fixture_release(&f);
	}
}

/* A definition for all namespaces: a pod can't mount a ConfigMap of another one. */
#define IN_CONFIG_MAP FUNCTION("keptn-system", "a", "\"configMapRef\":{\"name\":\"source\"}")

static void code_is_copied_from_the_config_map_that_has_it(void **state)
{
	struct fixture f;
	struct fake_task *create;

	(void)state;
	fixture_init_with(&f, IN_CONFIG_MAP);
	add_job(&f, PLAN_CREATE_CODE, JOB_A);
	run(&f);
	answer(&f, "GET", "/namespaces/keptn-system/configmaps/source",
		"{\"data\":{\"code\":\"the code\"}}");
	create = only(&f, "POST", "/namespaces/dev/configmaps");
	assert_says(create->body, "the code");
	assert_says(create->body, "\"uid\":\"u-" JOB_A "\"");
	fake_answer(&f.cluster.fake, create, "{}");
	assert_true(strmap_has(&f.app->execution.with_code, JOB_A));
	ended(&f, ERR_NONE, true);
	fixture_release(&f);
}

static void code_that_is_missing_drops_the_rest(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init_with(&f, IN_CONFIG_MAP);
	add_job(&f, PLAN_CREATE_CODE, JOB_A);
	add_record(&f);
	run(&f);
	fails(&f, "GET", "/namespaces/keptn-system/configmaps/source", ERR_NOT_FOUND);
	assert_false(strmap_has(&f.app->execution.with_code, JOB_A));
	ended(&f, ERR_NOT_FOUND, false);
	fake_env_run(&f.cluster.fake, 100);
	assert_says(
		only(&f, "POST", "/events")->body, "could not create the Job for promotion task a");
	fixture_release(&f);
}

/* --- what is awaited -------------------------------------------------------------------------- */

static void own_writes_are_awaited(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	assert_true(apps_caught_up(f.apps, f.app));
	add_job(&f, PLAN_UNSUSPEND, JOB_A);
	add_record(&f);
	run(&f);
	answer(&f, "PATCH", "/jobs/" JOB_A, "{\"metadata\":{\"resourceVersion\":\"4294967296\"}}");
	assert_false(apps_caught_up(f.apps, f.app));
	answer(&f, "PATCH", "/keptnappversions/v/status",
		"{\"metadata\":{\"resourceVersion\":\"4294967299\"}}");
	cluster_event(&f.cluster, "jobs", "BOOKMARK",
		"{\"metadata\":{\"resourceVersion\":\"4294967296\"}}");
	assert_false(apps_caught_up(f.apps, f.app));
	cluster_event(&f.cluster, "keptnappversions", "BOOKMARK",
		"{\"metadata\":{\"resourceVersion\":\"4294967298\"}}");
	assert_false(apps_caught_up(f.apps, f.app));
	cluster_event(&f.cluster, "keptnappversions", "BOOKMARK",
		"{\"metadata\":{\"resourceVersion\":\"4294967299\"}}");
	assert_true(apps_caught_up(f.apps, f.app));
	fixture_release(&f);
}

/* Under asan: the plan's snapshot outlives the objects that it was made of. */
static void the_last_object_may_go_while_a_plan_is_executed(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	apps_ref(f.app);
	add_job(&f, PLAN_UNSUSPEND, JOB_A);
	add_record(&f);
	run(&f);
	cluster_expire(&f.cluster, "jobs");
	cluster_list(&f.cluster, "v1/jobs?", "");
	cluster_expire(&f.cluster, "keptnappversions");
	cluster_list(&f.cluster, "v1/keptnappversions?", "");
	assert_int_equal(f.app->versions.count + f.app->jobs.count, 0);
	answer(&f, "PATCH", "/jobs/" JOB_A, "{}");
	answer(&f, "PATCH", "/keptnappversions/v/status", "{}");
	ended(&f, ERR_NONE, false);
	apps_unref(f.apps, f.app);
	assert_null(apps_find(f.apps, "dev/app"));
	fixture_release(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_kind_is_in_flight_together_and_the_next_waits),
		cmocka_unit_test(a_job_is_handed_over_as_it_was_seen),
		cmocka_unit_test(large_bodies_are_in_flight_one_at_a_time),
		cmocka_unit_test(an_empty_plan_ends_at_once),
		cmocka_unit_test(a_failed_write_drops_the_rest),
		cmocka_unit_test(what_is_in_flight_ends_before_a_dropped_plan_does),
		cmocka_unit_test(a_change_of_one_job_that_is_refused_does_not_hold_up_the_rest),
		cmocka_unit_test(a_commit_that_may_have_happened_is_known),
		cmocka_unit_test(only_a_write_counts_as_written),
		cmocka_unit_test(only_a_not_found_says_that_a_job_is_gone),
		cmocka_unit_test(a_job_whose_name_is_not_valid_is_gone),
		cmocka_unit_test(a_job_that_is_there_changes_nothing),
		cmocka_unit_test(another_job_of_its_name_says_that_a_job_is_gone),
		cmocka_unit_test(a_job_that_may_not_be_adopted_is_reported),
		cmocka_unit_test(annotations_are_one_patch),
		cmocka_unit_test(annotations_that_are_rejected_hold_up_nothing),
		cmocka_unit_test(an_annotation_that_fails_drops_nothing),
		cmocka_unit_test(annotations_are_in_flight_within_the_limits),
		cmocka_unit_test(after_an_annotation_that_is_lost_no_other_is_sent),
		cmocka_unit_test(annotations_say_what_the_snapshot_shows),
		cmocka_unit_test(what_a_lost_write_was_is_kept),
		cmocka_unit_test(what_the_api_server_says_is_reported),
		cmocka_unit_test(what_is_invalid_or_too_large_can_not_run),
		cmocka_unit_test(a_refusal_counts_beside_a_timeout),
		cmocka_unit_test(a_refusal_of_a_definition_that_changed_meanwhile_is_forgotten),
		cmocka_unit_test(a_job_is_own_if_the_reply_to_its_creation_has_its_uid),
		cmocka_unit_test(a_job_that_is_created_is_not_refused_any_more),
		cmocka_unit_test(only_a_job_with_that_uid_is_shown_as_own),
		cmocka_unit_test(no_job_is_own_after_the_commit),
		cmocka_unit_test(an_enrolment_names_what_is_added_and_is_awaited),
		cmocka_unit_test(a_claim_counts_until_a_commit_is_sent),
		cmocka_unit_test(a_job_whose_deletion_was_sent_is_not_own_any_more),
		cmocka_unit_test(a_job_that_an_admission_policy_changed_is_deleted_and_refused),
		cmocka_unit_test(a_job_that_may_be_changed_so_is_own),
		cmocka_unit_test(a_reply_that_is_not_a_job_counts_as_lost),
		cmocka_unit_test(a_config_map_is_the_code_if_this_job_owns_it),
		cmocka_unit_test(code_is_copied_from_the_config_map_that_has_it),
		cmocka_unit_test(code_that_is_missing_drops_the_rest),
		cmocka_unit_test(own_writes_are_awaited),
		cmocka_unit_test(the_last_object_may_go_while_a_plan_is_executed),
	};

	return cmocka_run_group_tests_name("execute", tests, NULL, NULL);
}
