#include "reconciler/promoter.h"

#include "json/emit.h"
#include "reconciler/execute.h"

#include "fake_env.h"

#define NS   "dev"
#define TIME "2026-01-02T03:04:05Z"

struct stage {
	struct fake_env fake;
	struct promoter *promoter;
	unsigned version; /* the last resourceVersion */
	bool may_act;
};

static bool may_act(void *ctx)
{
	const struct stage *s = ctx;

	return s->may_act;
}

/* The oldest call of this method whose path contains this; NULL if there is none. */
static struct fake_task *call(struct stage *s, const char *method, const char *path)
{
	return fake_find(&s->fake, FAKE_CALL, method, path);
}

/* Answers the list of a resource: these items, as JSON joined by commas. */
static void list(struct stage *s, const char *resource, const char *items)
{
	CLEANUP(free_p)
	char *body = xasprintf(
		"{\"metadata\":{\"resourceVersion\":\"%u\"},\"items\":[%s]}", ++s->version, items);

	fake_env_run(&s->fake, 0);
	fake_answer(&s->fake, call(s, "GET", resource), body);
	fake_env_run(&s->fake, 0);
}

static int stage_up_with(void **state, unsigned max_running_jobs)
{
	struct stage *s = xcalloc(1, sizeof(*s));
	const struct promoter_config config = {.env = &s->fake.env,
		.keptn_namespace = "keptn-system",
		.max_running_jobs = max_running_jobs,
		.may_act = may_act,
		.may_act_ctx = s};

	log_set_level(LOG_ERROR);
	s->version = 100;
	s->may_act = true;
	fake_env_init(&s->fake);
	s->promoter = promoter_new(&config);
	*state = s;
	return 0;
}

static int stage_up(void **state)
{
	return stage_up_with(state, 0);
}

static int stage_up_for_two_jobs(void **state)
{
	return stage_up_with(state, 2);
}

static int stage_down(void **state)
{
	struct stage *s = *state;

	fake_env_release(&s->fake);
	promoter_free(s->promoter);
	free(s);
	return 0;
}

/* All lists but that of versions; the definitions are a and b. */
static void lists_but_versions(struct stage *s)
{
	const char *spec = "\"spec\":{\"container\":{\"name\":\"c\",\"image\":\"i\"}}";
	CLEANUP(free_p)
	char *definitions = xasprintf("{\"metadata\":{\"namespace\":\"" NS "\",\"name\":\"a\"},%s},"
				      "{\"metadata\":{\"namespace\":\"" NS "\",\"name\":\"b\"},%s}",
		spec, spec);

	list(s, "keptntaskdefinitions", definitions);
	list(s, "keptnappcontexts", "");
	list(s, "keptnconfigs", "");
	list(s, "jobs", "");
}

/* The version "v", delivered, with the tasks a and b; more status members, each after a comma. */
static char *version_text(struct stage *s, const char *status)
{
	return xasprintf("{\"metadata\":{\"namespace\":\"" NS "\",\"name\":\"v\",\"uid\":\"u\","
			 "\"resourceVersion\":\"%u\",\"creationTimestamp\":\"" TIME "\"},"
			 "\"spec\":{\"appName\":\"app\",\"version\":\"1\",\"promotionTasks\":"
			 "[\"a\",\"b\"]},\"status\":{\"endTime\":\"" TIME "\"%s}}",
		++s->version, status);
}

#define DELIVERED                                                                                  \
	",\"status\":\"Succeeded\",\"currentPhase\":\"Completed\",\"promotionStatus\":\"Pending\""

static void event(struct stage *s, const char *resource, const char *type, const char *object)
{
	CLEANUP(free_p) char *line = xasprintf("{\"type\":\"%s\",\"object\":%s}", type, object);

	fake_line(&s->fake, fake_find(&s->fake, FAKE_WATCH, "GET", resource), line);
	fake_env_run(&s->fake, 0);
}

static void delivered(struct stage *s)
{
	CLEANUP(free_p) char *version = version_text(s, DELIVERED);

	lists_but_versions(s);
	list(s, "keptnappversions", version);
}

/* The Job that was sent, as the API server has it, suspended or with this status. */
static char *job_text(struct stage *s, const char *body, const char *uid, const char *status)
{
	CLEANUP(json_free_p) struct json *sent = NULL;
	CLEANUP(buf_release) struct buf text = BUF_INIT(LIMIT_JOB_BYTES);
	struct emit e = EMIT_INIT(&text);

	assert_int_equal(json_parse(body, strlen(body), &sent, NULL), 0);
	(void)buf_addf(&text, "{\"metadata\":{\"uid\":\"%s\",\"resourceVersion\":\"%u\"", uid,
		++s->version);
	e.comma = true;
	json_each (member, json_get(sent, "metadata"))
		emit_key_json(&e, json_key(member), member);
	(void)buf_add(&text, "},\"spec\":");
	e.comma = false;
	emit_json(&e, json_get(sent, "spec"));
	(void)buf_addf(&text, ",\"status\":{%s}}", status);
	return xstrdup(buf_str(&text));
}

/* Answers the oldest create of a Job; the Job, for free(). */
static char *create_job(struct stage *s, const char *uid)
{
	struct fake_task *t = call(s, "POST", "/jobs");
	char *job;

	assert_non_null(t);
	job = job_text(s, t->body, uid, "");
	fake_answer(&s->fake, t, job);
	fake_env_run(&s->fake, 0);
	return job;
}

static void nothing_is_reconciled_before_every_list_is_complete(void **state)
{
	struct stage *s = *state;
	CLEANUP(free_p) char *version = version_text(s, DELIVERED);

	fake_env_run(&s->fake, 0);
	list(s, "keptnappversions", version);
	list(s, "jobs", "");
	list(s, "keptntaskdefinitions", "");
	list(s, "keptnappcontexts", "");
	assert_int_equal(fake_count(&s->fake, FAKE_CALL), 1); /* the list that is left */
	list(s, "keptnconfigs", "");
	/* Now it is said that the definitions are missing. */
	fake_env_run(&s->fake, 100);
	assert_non_null(call(s, "POST", "/events"));
}

static void without_the_lease_nothing_is_done(void **state)
{
	struct stage *s = *state;

	s->may_act = false;
	delivered(s);
	assert_int_equal(fake_count(&s->fake, FAKE_CALL), 0);
}

static void jobs_are_created_together_and_committed_once_seen(void **state)
{
	struct stage *s = *state;
	CLEANUP(free_p) char *a = NULL, *b = NULL, *committed = NULL;
	struct fake_task *commit;

	delivered(s);
	assert_int_equal(fake_count(&s->fake, FAKE_CALL), 2);
	a = create_job(s, "ja");
	b = create_job(s, "jb");
	assert_int_equal(fake_count(&s->fake, FAKE_CALL), 0);
	event(s, "jobs", "ADDED", a);
	assert_int_equal(fake_count(&s->fake, FAKE_CALL), 0); /* the other one was written too */
	event(s, "jobs", "ADDED", b);
	commit = call(s, "PATCH", "/keptnappversions/v/status");
	assert_non_null(commit);
	assert_int_equal(fake_count(&s->fake, FAKE_CALL), 1);
	assert_says(commit->body, "\"resourceVersion\":\"");
	/* Nothing runs before the watch has brought the commit. */
	committed = version_text(s, DELIVERED);
	fake_answer(&s->fake, commit, committed);
	fake_env_run(&s->fake, 0);
	assert_null(call(s, "PATCH", "/jobs/"));
}

/* The commit, as the watch brings it. */
static void see_commit(struct stage *s, const char *items)
{
	CLEANUP(free_p)
	char *status = xasprintf(",\"status\":\"Progressing\",\"currentPhase\":"
				 "\"PromotionTasks\",\"promotionStatus\":"
				 "\"Progressing\",\"promotionTaskStatus\":[%s]",
		items);
	CLEANUP(free_p) char *version = version_text(s, status);

	event(s, "keptnappversions", "MODIFIED", version);
}

static void a_conflict_is_reconciled_and_not_repeated(void **state)
{
	struct stage *s = *state;
	CLEANUP(free_p) char *a = NULL, *b = NULL, *deprecated = NULL;

	delivered(s);
	a = create_job(s, "ja");
	b = create_job(s, "jb");
	event(s, "jobs", "ADDED", a);
	event(s, "jobs", "ADDED", b);
	fake_fail(&s->fake, call(s, "PATCH", "/keptnappversions/v/status"), ERR_CONFLICT);
	fake_env_run(&s->fake, 0);
	assert_int_equal(fake_count(&s->fake, FAKE_CALL), 0);
	/* What had been written in between: Keptn's operator deprecated it. */
	deprecated = version_text(s, ",\"promotionStatus\":\"Deprecated\"");
	event(s, "keptnappversions", "MODIFIED", deprecated);
	assert_null(call(s, "PATCH", "/keptnappversions"));
	assert_non_null(call(s, "DELETE", "/jobs/"));
}

static void after_a_failure_the_rest_of_the_plan_is_dropped(void **state)
{
	struct stage *s = *state;
	CLEANUP(free_p) char *a = NULL;

	delivered(s);
	/* One is created, one reply is lost: both are awaited, neither is created again at once. */
	a = create_job(s, "ja");
	fake_fail(&s->fake, call(s, "POST", "/jobs"), ERR_IO);
	fake_env_run(&s->fake, 0);
	assert_int_equal(fake_count(&s->fake, FAKE_CALL), 0);
	event(s, "jobs", "ADDED", a);
	assert_null(call(s, "PATCH", "/keptnappversions"));
	/* The watches have a second to bring what came of it. */
	fake_env_run(&s->fake, 999);
	assert_null(call(s, "POST", "/jobs"));
	fake_env_run(&s->fake, 1000);
	assert_non_null(call(s, "POST", "/jobs"));
}

static void a_job_that_is_missing_is_looked_for_and_then_recorded(void **state)
{
	struct stage *s = *state;
	struct fake_task *record;

	lists_but_versions(s);
	list(s, "keptnappversions", "");
	see_commit(s, "{\"definitionName\":\"a\",\"name\":\"a-1-bcdfghjk\",\"status\":"
		      "\"Progressing\"},{\"definitionName\":\"b\",\"name\":\"b-1-bcdfghjk\","
		      "\"status\":\"Succeeded\"}");
	assert_int_equal(fake_count(&s->fake, FAKE_CALL), 1);
	fake_fail(&s->fake, call(s, "GET", "/jobs/a-1-bcdfghjk"), ERR_NOT_FOUND);
	fake_env_run(&s->fake, 0);
	record = call(s, "PATCH", "/keptnappversions/v/status");
	assert_non_null(record);
	assert_says(record->body, "\"Failed\"");
}

/* A Job that is ours. */
#define LABELLED                                                                                   \
	"{\"metadata\":{\"labels\":{\"app.kubernetes.io/managed-by\":\"promogate\"},"              \
	"\"ownerReferences\":[{\"uid\":\"u\"}]}}"

static void an_outcome_waits_for_others_and_no_longer_than_that(void **state)
{
	struct stage *s = *state;

	lists_but_versions(s);
	list(s, "keptnappversions", "");
	see_commit(s, "{\"definitionName\":\"a\",\"name\":\"a-1-bcdfghjk\",\"status\":"
		      "\"Progressing\"},{\"definitionName\":\"b\",\"name\":\"b-1-bcdfghjk\","
		      "\"status\":\"Progressing\"}");
	fake_fail(&s->fake, call(s, "GET", "/jobs/a-1-bcdfghjk"), ERR_NOT_FOUND);
	fake_answer(&s->fake, call(s, "GET", "/jobs/b-1-bcdfghjk"), LABELLED);
	fake_env_run(&s->fake, 0);
	/* The other Job, which the view does not have, is looked for again meanwhile. */
	fake_answer(&s->fake, call(s, "GET", "/jobs/b-1-bcdfghjk"), LABELLED);
	fake_env_run(&s->fake, 49);
	assert_int_equal(fake_count(&s->fake, FAKE_CALL), 0);
	fake_env_run(&s->fake, 1);
	fake_answer(&s->fake, call(s, "GET", "/jobs/b-1-bcdfghjk"), LABELLED);
	assert_non_null(call(s, "PATCH", "/keptnappversions"));
}

static void what_a_look_finds_gets_its_label_and_its_owner_back(void **state)
{
	struct stage *s = *state;
	struct fake_task *label;

	lists_but_versions(s);
	list(s, "keptnappversions", "");
	see_commit(s, "{\"definitionName\":\"a\",\"name\":\"a-1-bcdfghjk\",\"status\":"
		      "\"Progressing\"}");
	fake_answer(&s->fake, call(s, "GET", "/jobs/a-1-bcdfghjk"),
		"{\"metadata\":{\"name\":\"a-1-bcdfghjk\",\"uid\":\"ja\"}}");
	label = call(s, "PATCH", "/jobs/a-1-bcdfghjk");
	assert_non_null(label);
	assert_says(label->body, "\"app.kubernetes.io/managed-by\":\"promogate\"");
	assert_says(label->body, "\"kind\":\"KeptnAppVersion\",\"name\":\"v\",\"uid\":\"u\"");
	fake_answer(&s->fake, label, "{}");
	fake_env_run(&s->fake, 0);
	assert_int_equal(fake_count(&s->fake, FAKE_CALL), 0);
}

static void a_job_that_is_refused_as_invalid_waits_for_its_definition(void **state)
{
	struct stage *s = *state;
	CLEANUP(free_p) char *a = NULL;

	delivered(s);
	fake_fail(&s->fake, call(s, "POST", "/jobs"), ERR_INVALID);
	a = create_job(s, "jb");
	event(s, "jobs", "ADDED", a);
	assert_null(call(s, "POST", "/jobs"));
	event(s, "keptntaskdefinitions", "MODIFIED",
		"{\"metadata\":{\"namespace\":\"" NS
		"\",\"name\":\"a\",\"resourceVersion\":\"900\"},"
		"\"spec\":{\"container\":{\"name\":\"c\",\"image\":\"i\"}}}");
	assert_non_null(call(s, "POST", "/jobs"));
}

/* What refused it may be an admission policy, whose end no watch reports. */
static void a_job_that_is_refused_as_invalid_is_retried_after_a_minute(void **state)
{
	struct stage *s = *state;
	CLEANUP(free_p) char *a = NULL;

	delivered(s);
	fake_fail(&s->fake, call(s, "POST", "/jobs"), ERR_INVALID);
	a = create_job(s, "jb");
	event(s, "jobs", "ADDED", a);
	fake_env_run(&s->fake, REFUSED_FOR_MS - 1);
	assert_null(call(s, "POST", "/jobs"));
	fake_env_run(&s->fake, 1);
	assert_non_null(call(s, "POST", "/jobs"));
}

static void a_refusal_is_reported_the_same_at_each_retry(void **state)
{
	struct stage *s = *state;
	CLEANUP(json_free_p) struct json *job = NULL;
	struct err err = ERR_INIT;
	struct fake_task *create, *event;
	const char *name;

	delivered(s);
	create = call(s, "POST", "/jobs");
	assert_non_null(create);
	assert_int_equal(json_parse(create->body, strlen(create->body), &job, NULL), 0);
	name = json_string(json_at(job, "metadata", "name"));
	assert_non_null(name);
	(void)err_set(&err, ERR_INVALID,
		"POST https://127.0.0.1:1/apis/batch/v1/namespaces/" NS
		"/jobs: Invalid: Job \"%s\" is "
		"invalid",
		name);
	err.http_status = 422;
	fake_end(&s->fake, create, NULL, &err);
	free(create_job(s, "jb"));
	fake_env_run(&s->fake, 100);
	event = call(s, "POST", "/events");
	assert_non_null(event);
	assert_says(event->body, "Invalid: Job \\\"a\\\" is invalid");
	assert_null(strstr(event->body, name));
	assert_null(strstr(event->body, "https:"));
}

static void what_ran_before_this_term_has_its_place_under_the_cap(void **state)
{
	struct stage *s = *state;
	CLEANUP(free_p) char *waits = version_text(s, DELIVERED);
	CLEANUP(free_p)
	char *both = xasprintf(
		"%s,{\"metadata\":{\"namespace\":\"" NS "\",\"name\":\"w\",\"uid\":\"w\","
		"\"resourceVersion\":\"7\",\"creationTimestamp\":\"" TIME "\"},"
		"\"spec\":{\"appName\":\"other\",\"version\":\"1\",\"promotionTasks\":[\"a\"]},"
		"\"status\":{\"endTime\":\"" TIME "\",\"status\":\"Progressing\",\"currentPhase\":"
		"\"PromotionTasks\",\"promotionStatus\":\"Progressing\",\"promotionTaskStatus\":["
		"{\"definitionName\":\"a\",\"name\":\"a-1-bcdfghjk\",\"status\":\"Progressing\"}]}"
		"}",
		waits);

	lists_but_versions(s);
	list(s, "keptnappversions", both);
	/* Two more would be three: it says that it waits, and nothing is created. */
	assert_null(call(s, "POST", "/jobs"));
	fake_env_run(&s->fake, 100);
	fake_answer(&s->fake, call(s, "POST", "/events"), "{}");
	/* The other ends. */
	fake_fail(&s->fake, call(s, "GET", "/jobs/a-1-bcdfghjk"), ERR_NOT_FOUND);
	fake_env_run(&s->fake, 0);
	assert_null(call(s, "POST", "/jobs"));
	fake_answer(&s->fake, call(s, "PATCH", "/keptnappversions/w/status"), "{}");
	fake_env_run(&s->fake, 0);
	event(s, "keptnappversions", "DELETED",
		"{\"metadata\":{\"namespace\":\"" NS "\",\"name\":\"w\",\"resourceVersion\":"
		"\"990\"}}");
	assert_non_null(call(s, "POST", "/jobs"));
}

static void count_idle(void *ctx)
{
	++*(int *)ctx;
}

static void a_stop_lets_plans_end_and_begins_none(void **state)
{
	struct stage *s = *state;
	CLEANUP(free_p) char *a = NULL, *b = NULL;
	int idle = 0;

	delivered(s);
	promoter_stop(s->promoter, count_idle, &idle);
	a = create_job(s, "ja");
	assert_int_equal(idle, 0);
	b = create_job(s, "jb");
	assert_int_equal(idle, 1);
	event(s, "jobs", "ADDED", a);
	event(s, "jobs", "ADDED", b);
	assert_int_equal(fake_count(&s->fake, FAKE_CALL), 0);
}

#define ON_STAGE(test) cmocka_unit_test_setup_teardown(test, stage_up, stage_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_STAGE(nothing_is_reconciled_before_every_list_is_complete),
		ON_STAGE(without_the_lease_nothing_is_done),
		ON_STAGE(jobs_are_created_together_and_committed_once_seen),
		ON_STAGE(a_conflict_is_reconciled_and_not_repeated),
		ON_STAGE(after_a_failure_the_rest_of_the_plan_is_dropped),
		ON_STAGE(a_job_that_is_missing_is_looked_for_and_then_recorded),
		ON_STAGE(an_outcome_waits_for_others_and_no_longer_than_that),
		ON_STAGE(what_a_look_finds_gets_its_label_and_its_owner_back),
		ON_STAGE(a_job_that_is_refused_as_invalid_waits_for_its_definition),
		ON_STAGE(a_job_that_is_refused_as_invalid_is_retried_after_a_minute),
		ON_STAGE(a_refusal_is_reported_the_same_at_each_retry),
		cmocka_unit_test_setup_teardown(
			what_ran_before_this_term_has_its_place_under_the_cap,
			stage_up_for_two_jobs, stage_down),
		ON_STAGE(a_stop_lets_plans_end_and_begins_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
