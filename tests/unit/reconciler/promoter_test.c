#include "reconciler/promoter.h"

#include "base/limits.h"
#include "reconciler/execute.h"
#include "run/metrics.h"

#include "cluster.h"

struct stage {
	struct cluster cluster;
	struct promoter *promoter;
	bool may_act;
};

static bool may_act(void *ctx)
{
	const struct stage *s = ctx;

	return s->may_act;
}

static int stage_up_with(void **state, unsigned max_running_jobs)
{
	struct stage *s = xcalloc(1, sizeof(*s));
	const struct promoter_config config = {.env = &s->cluster.fake.env,
		.keptn_namespace = "keptn-system",
		.max_running_jobs = max_running_jobs,
		.may_act = may_act,
		.may_act_ctx = s};

	s->may_act = true;
	cluster_init(&s->cluster);
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

static void shows(const char *line)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(LIMIT_METRICS_BYTES);

	metrics_render(&text);
	assert_says(buf_str(&text), line);
}

/* A standby shows no task: the leader does. */
static int stage_down(void **state)
{
	struct stage *s = *state;

	fake_env_release(&s->cluster.fake);
	promoter_free(s->promoter);
	shows("\nkeptn_task_active 0\n");
	shows("\npromogate_workqueue_running 0\n");
	free(s);
	return 0;
}

/* All lists but that of versions; the definitions are a and b. */
static void lists_but_versions(struct stage *s)
{
	const char *spec = "\"spec\":{\"container\":{\"name\":\"c\",\"image\":\"i\"}}";
	CLEANUP(free_p)
	char *definitions = xasprintf("{\"metadata\":{\"namespace\":\"dev\",\"name\":\"a\"},%s},"
				      "{\"metadata\":{\"namespace\":\"dev\",\"name\":\"b\"},%s}",
		spec, spec);

	cluster_list(&s->cluster, "keptntaskdefinitions", definitions);
	cluster_list(&s->cluster, "keptnappcontexts", "");
	cluster_list(&s->cluster, "promotionpolicies", "");
	cluster_list(&s->cluster, "/api/v1/namespaces", CLUSTER_NAMESPACE);
	cluster_list(&s->cluster, "keptnconfigs", "");
	cluster_list(&s->cluster, "jobs", "");
}

static void delivered(struct stage *s)
{
	CLEANUP(free_p) char *version = cluster_version(&s->cluster, "v", "app", DELIVERED);

	lists_but_versions(s);
	cluster_list(&s->cluster, "keptnappversions", version);
}

/* Answers the oldest create of a Job; the Job, for free(). */
static char *create_job(struct stage *s, const char *uid)
{
	struct fake_task *t = cluster_call(&s->cluster, "POST", "/jobs");
	char *job;

	assert_non_null(t);
	job = cluster_job_sent(&s->cluster, t->body, uid, "");
	fake_answer(&s->cluster.fake, t, job);
	fake_env_run(&s->cluster.fake, 0);
	return job;
}

/* Whichever list is the last. */
static void nothing_is_reconciled_before_every_list_is_complete(void **state)
{
	static const char *const resources[] = {"keptnappversions", "/jobs", "keptntaskdefinitions",
		"keptnappcontexts", "keptnconfigs", "promotionpolicies", "/api/v1/namespaces"};

	for (size_t last = 0; last < ARRAY_SIZE(resources); last++) {
		struct stage *s;
		CLEANUP(free_p) char *version = NULL;

		print_message("# %s\n", resources[last]);
		(void)stage_up(state);
		s = *state;
		version = cluster_version(&s->cluster, "v", "app", DELIVERED);
		for (size_t i = 0; i < ARRAY_SIZE(resources); i++)
			if (i != last)
				cluster_list(&s->cluster, resources[i], i == 0 ? version : "");
		fake_env_run(&s->cluster.fake, 1000);
		assert_int_equal(fake_count(&s->cluster.fake, FAKE_CALL), 1); /* that list */
		cluster_list(&s->cluster, resources[last], last == 0 ? version : "");
		/* Now the missing definitions are reported. */
		fake_env_run(&s->cluster.fake, 100);
		assert_non_null(cluster_call(&s->cluster, "POST", "/events"));
		(void)stage_down(state);
	}
}

static void nothing_is_reconciled_while_versions_are_listed_again(void **state)
{
	struct stage *s = *state;
	CLEANUP(free_p) char *version = cluster_version(&s->cluster, "v", "app", DELIVERED);

	lists_but_versions(s);
	cluster_list(&s->cluster, "keptnappversions", "");
	cluster_expire(&s->cluster, "keptnappversions");
	cluster_page(&s->cluster, "keptnappversions", version, true);
	cluster_event(&s->cluster, "keptntaskdefinitions", "MODIFIED",
		"{\"metadata\":{\"namespace\":\"dev\",\"name\":\"a\",\"resourceVersion\":\"900\"},"
		"\"spec\":{\"container\":{\"name\":\"c\",\"image\":\"i\"}}}");
	fake_env_run(&s->cluster.fake, 1000);
	assert_int_equal(fake_count(&s->cluster.fake, FAKE_CALL), 1); /* the next page */
	cluster_list(&s->cluster, "keptnappversions", "");
	assert_non_null(cluster_call(&s->cluster, "POST", "/jobs"));
}

/* Under asan: what a call in flight belongs to is deleted. */
static void the_last_object_may_go_while_a_call_is_open(void **state)
{
	struct stage *s = *state;

	delivered(s);
	assert_int_equal(fake_count(&s->cluster.fake, FAKE_CALL), 2);
	cluster_event(&s->cluster, "keptnappversions", "DELETED",
		"{\"metadata\":{\"namespace\":\"dev\",\"name\":\"v\",\"resourceVersion\":\"900\"}}");
	free(create_job(s, "ja"));
	fake_fail(&s->cluster.fake, cluster_call(&s->cluster, "POST", "/jobs"), ERR_NOT_FOUND);
	fake_env_run(&s->cluster.fake, 60000);
	assert_null(cluster_call(&s->cluster, "POST", "/jobs"));
}

static void without_the_lease_nothing_is_done(void **state)
{
	struct stage *s = *state;

	s->may_act = false;
	delivered(s);
	assert_int_equal(fake_count(&s->cluster.fake, FAKE_CALL), 0);
}

static void jobs_are_created_together_and_committed_once_seen(void **state)
{
	struct stage *s = *state;
	CLEANUP(free_p) char *a = NULL, *b = NULL, *committed = NULL;
	struct fake_task *commit;

	delivered(s);
	assert_int_equal(fake_count(&s->cluster.fake, FAKE_CALL), 2);
	a = create_job(s, "ja");
	b = create_job(s, "jb");
	assert_int_equal(fake_count(&s->cluster.fake, FAKE_CALL), 0);
	cluster_event(&s->cluster, "jobs", "ADDED", a);
	assert_int_equal(
		fake_count(&s->cluster.fake, FAKE_CALL), 0); /* the other one was written too */
	cluster_event(&s->cluster, "jobs", "ADDED", b);
	commit = cluster_call(&s->cluster, "PATCH", "/keptnappversions/v/status");
	assert_non_null(commit);
	assert_int_equal(fake_count(&s->cluster.fake, FAKE_CALL), 1);
	assert_says(commit->body, "\"resourceVersion\":\"");
	/* Nothing runs before the watch has brought the commit. */
	committed = cluster_version(&s->cluster, "v", "app", DELIVERED);
	fake_answer(&s->cluster.fake, commit, committed);
	fake_env_run(&s->cluster.fake, 0);
	assert_null(cluster_call(&s->cluster, "PATCH", "/jobs/"));
}

/* Somebody relabels it at once: no watch of ours has it, and only what comes later tells so. */
static void a_job_that_the_watch_does_not_deliver_is_created_again(void **state)
{
	struct stage *s = *state;
	CLEANUP(free_p) char *a = NULL, *b = NULL, *bookmark = NULL;

	delivered(s);
	a = create_job(s, "ja");
	b = create_job(s, "jb");
	cluster_event(&s->cluster, "jobs", "ADDED", a);
	fake_env_run(&s->cluster.fake, 1000);
	assert_null(cluster_call(&s->cluster, "POST", "/jobs"));
	bookmark = xasprintf("{\"metadata\":{\"resourceVersion\":\"%u\"}}", ++s->cluster.version);
	cluster_event(&s->cluster, "jobs", "BOOKMARK", bookmark);
	assert_says(cluster_call(&s->cluster, "POST", "/jobs")->path, "/jobs");
}

/* The commit, as the watch brings it. */
static void see_commit(struct stage *s, const char *items)
{
	CLEANUP(free_p)
	char *status = xasprintf(",\"status\":\"Progressing\",\"currentPhase\":"
				 "\"PromotionTasks\",\"promotionStatus\":"
				 "\"Progressing\",\"promotionTaskStatus\":[%s]",
		items);
	CLEANUP(free_p) char *version = cluster_version(&s->cluster, "v", "app", status);

	cluster_event(&s->cluster, "keptnappversions", "MODIFIED", version);
}

/* Both were created in one second. */
static void the_previous_version_is_the_older_one(void **state)
{
#define NAMED(version, previous)                                                                   \
	"{\"metadata\":{\"namespace\":\"dev\",\"name\":\"app-" version "\",\"uid\":\"u-" version   \
	"\",\"resourceVersion\":\"7\",\"creationTimestamp\":\"" TIME "\"},\"spec\":{\"appName\":"  \
	"\"app\",\"version\":\"" version "\",\"previousVersion\":\"" previous "\","                \
	"\"promotionTasks\":[\"a\"]},\"status\":{\"endTime\":\"" TIME "\"" DELIVERED "}}"
	struct stage *s = *state;

	lists_but_versions(s);
	cluster_list(&s->cluster, "keptnappversions",
		NAMED("1.9.0", "1.8.0") "," NAMED("1.10.0", "1.9.0"));
	assert_non_null(cluster_call(&s->cluster, "PATCH", "/keptnappversions/app-1.9.0/status"));
	assert_null(cluster_call(&s->cluster, "PATCH", "/keptnappversions/app-1.10.0/status"));
}

static void a_conflict_is_reconciled_and_not_repeated(void **state)
{
	struct stage *s = *state;
	CLEANUP(free_p) char *a = NULL, *b = NULL, *deprecated = NULL;

	delivered(s);
	a = create_job(s, "ja");
	b = create_job(s, "jb");
	cluster_event(&s->cluster, "jobs", "ADDED", a);
	cluster_event(&s->cluster, "jobs", "ADDED", b);
	fake_fail(&s->cluster.fake,
		cluster_call(&s->cluster, "PATCH", "/keptnappversions/v/status"), ERR_CONFLICT);
	fake_env_run(&s->cluster.fake, 0);
	assert_int_equal(fake_count(&s->cluster.fake, FAKE_CALL), 0);
	/* What had been written in between: Keptn's operator deprecated it. */
	deprecated =
		cluster_version(&s->cluster, "v", "app", ",\"promotionStatus\":\"Deprecated\"");
	cluster_event(&s->cluster, "keptnappversions", "MODIFIED", deprecated);
	assert_null(cluster_call(&s->cluster, "PATCH", "/keptnappversions"));
	assert_non_null(cluster_call(&s->cluster, "DELETE", "/jobs/"));
}

static void after_a_failure_the_rest_of_the_plan_is_dropped(void **state)
{
	struct stage *s = *state;
	CLEANUP(free_p) char *a = NULL;

	delivered(s);
	/* One is created, one reply is lost: both are awaited, neither is created again at once. */
	a = create_job(s, "ja");
	fake_fail(&s->cluster.fake, cluster_call(&s->cluster, "POST", "/jobs"), ERR_IO);
	fake_env_run(&s->cluster.fake, 0);
	assert_int_equal(fake_count(&s->cluster.fake, FAKE_CALL), 0);
	cluster_event(&s->cluster, "jobs", "ADDED", a);
	assert_null(cluster_call(&s->cluster, "PATCH", "/keptnappversions"));
	/* The watches have a second to bring what came of it. */
	fake_env_run(&s->cluster.fake, 999);
	assert_null(cluster_call(&s->cluster, "POST", "/jobs"));
	fake_env_run(&s->cluster.fake, 1000);
	assert_non_null(cluster_call(&s->cluster, "POST", "/jobs"));
}

static void a_job_that_is_missing_is_looked_for_and_then_recorded(void **state)
{
	struct stage *s = *state;
	struct fake_task *record;

	lists_but_versions(s);
	cluster_list(&s->cluster, "keptnappversions", "");
	see_commit(s, "{\"definitionName\":\"a\",\"name\":\"a-1-bcdfghjk\",\"status\":"
		      "\"Progressing\"},{\"definitionName\":\"b\",\"name\":\"b-1-bcdfghjk\","
		      "\"status\":\"Succeeded\"}");
	assert_int_equal(fake_count(&s->cluster.fake, FAKE_CALL), 1);
	fake_fail(&s->cluster.fake, cluster_call(&s->cluster, "GET", "/jobs/a-1-bcdfghjk"),
		ERR_NOT_FOUND);
	fake_env_run(&s->cluster.fake, 0);
	record = cluster_call(&s->cluster, "PATCH", "/keptnappversions/v/status");
	assert_non_null(record);
	assert_says(record->body, "\"Failed\"");
}

/* A Job that is ours. */
#define LABELLED                                                                                   \
	"{\"metadata\":{\"labels\":{\"app.kubernetes.io/managed-by\":\"promogate\"},"              \
	"\"ownerReferences\":[{\"uid\":\"u-v\"}]}}"

static void an_outcome_waits_for_others_and_no_longer_than_that(void **state)
{
	struct stage *s = *state;

	lists_but_versions(s);
	cluster_list(&s->cluster, "keptnappversions", "");
	see_commit(s, "{\"definitionName\":\"a\",\"name\":\"a-1-bcdfghjk\",\"status\":"
		      "\"Progressing\"},{\"definitionName\":\"b\",\"name\":\"b-1-bcdfghjk\","
		      "\"status\":\"Progressing\"}");
	fake_fail(&s->cluster.fake, cluster_call(&s->cluster, "GET", "/jobs/a-1-bcdfghjk"),
		ERR_NOT_FOUND);
	fake_answer(
		&s->cluster.fake, cluster_call(&s->cluster, "GET", "/jobs/b-1-bcdfghjk"), LABELLED);
	fake_env_run(&s->cluster.fake, 0);
	/* The other Job, which the view does not have, is looked for again meanwhile. */
	fake_answer(
		&s->cluster.fake, cluster_call(&s->cluster, "GET", "/jobs/b-1-bcdfghjk"), LABELLED);
	fake_env_run(&s->cluster.fake, 49);
	assert_int_equal(fake_count(&s->cluster.fake, FAKE_CALL), 0);
	fake_env_run(&s->cluster.fake, 1);
	fake_answer(
		&s->cluster.fake, cluster_call(&s->cluster, "GET", "/jobs/b-1-bcdfghjk"), LABELLED);
	assert_non_null(cluster_call(&s->cluster, "PATCH", "/keptnappversions"));
}

static void what_a_look_finds_gets_its_label_back(void **state)
{
	struct stage *s = *state;
	CLEANUP(free_p) char *job = cluster_job(&s->cluster, "a-1-bcdfghjk", "a", "app");
	struct fake_task *label;

	lists_but_versions(s);
	cluster_list(&s->cluster, "keptnappversions", "");
	see_commit(s, "{\"definitionName\":\"a\",\"name\":\"a-1-bcdfghjk\",\"status\":"
		      "\"Progressing\"}");
	fake_answer(&s->cluster.fake, cluster_call(&s->cluster, "GET", "/jobs/a-1-bcdfghjk"), job);
	label = cluster_call(&s->cluster, "PATCH", "/jobs/a-1-bcdfghjk");
	assert_non_null(label);
	assert_says(label->body, "\"app.kubernetes.io/managed-by\":\"promogate\"");
	fake_answer(&s->cluster.fake, label, "{}");
	fake_env_run(&s->cluster.fake, 0);
	assert_int_equal(fake_count(&s->cluster.fake, FAKE_CALL), 0);
}

/* The watch may never deliver it: somebody removes its label again and again. */
static void a_job_that_stays_out_of_the_view_is_looked_for_each_minute(void **state)
{
	struct stage *s = *state;

	lists_but_versions(s);
	cluster_list(&s->cluster, "keptnappversions", "");
	see_commit(s, "{\"definitionName\":\"a\",\"name\":\"a-1-bcdfghjk\",\"status\":"
		      "\"Progressing\"}");
	for (int i = 0; i < 3; i++) {
		fake_answer(
			&s->cluster.fake, cluster_call(&s->cluster, "GET", "/jobs/a-1-"), LABELLED);
		fake_env_run(&s->cluster.fake, 58 * 1000);
		assert_int_equal(fake_count(&s->cluster.fake, FAKE_CALL), 0);
		fake_env_run(&s->cluster.fake, 2 * 1000);
	}
}

static void a_job_that_is_refused_as_invalid_waits_for_its_definition(void **state)
{
	struct stage *s = *state;
	CLEANUP(free_p) char *a = NULL;

	delivered(s);
	fake_fail(&s->cluster.fake, cluster_call(&s->cluster, "POST", "/jobs"), ERR_INVALID);
	a = create_job(s, "jb");
	cluster_event(&s->cluster, "jobs", "ADDED", a);
	assert_null(cluster_call(&s->cluster, "POST", "/jobs"));
	cluster_event(&s->cluster, "keptntaskdefinitions", "MODIFIED",
		"{\"metadata\":{\"namespace\":\"dev\",\"name\":\"a\",\"resourceVersion\":\"900\"},"
		"\"spec\":{\"container\":{\"name\":\"c\",\"image\":\"i\"}}}");
	assert_non_null(cluster_call(&s->cluster, "POST", "/jobs"));
}

/* What refused it may be an admission policy, whose end no watch reports. */
static void a_job_that_is_refused_as_invalid_is_retried_after_a_minute(void **state)
{
	struct stage *s = *state;
	struct fake_task *annotation;
	CLEANUP(free_p) char *a = NULL;

	delivered(s);
	fake_fail(&s->cluster.fake, cluster_call(&s->cluster, "POST", "/jobs"), ERR_INVALID);
	a = create_job(s, "jb");
	cluster_event(&s->cluster, "jobs", "ADDED", a);
	/* Meanwhile the version says so. */
	fake_env_run(&s->cluster.fake, 3000);
	annotation = cluster_call(&s->cluster, "PATCH", "/keptnappversions/v");
	assert_non_null(annotation);
	assert_says(annotation->body, "\"promogate.dev/waiting\":\"TaskDefinitionMissing: ");
	fake_answer(&s->cluster.fake, annotation, "{}");
	fake_env_run(&s->cluster.fake, REFUSED_FOR_MS - 3001);
	assert_null(cluster_call(&s->cluster, "POST", "/jobs"));
	fake_env_run(&s->cluster.fake, 1);
	assert_non_null(cluster_call(&s->cluster, "POST", "/jobs"));
}

/* Fails the annotation that is sent, if one is. */
static bool annotation_fails(struct stage *s, enum err_kind kind)
{
	struct fake_task *t = cluster_call(&s->cluster, "PATCH", "/keptnappversions/v");

	if (!t)
		return false;
	fake_fail(&s->cluster.fake, t, kind);
	fake_env_run(&s->cluster.fake, 0);
	return true;
}

/* Its outcome is not annotated yet. */
#define ENDED                                                                                       \
	"{\"metadata\":{\"namespace\":\"dev\",\"name\":\"v\",\"uid\":\"u-v\","                      \
	"\"resourceVersion\":\"7\",\"creationTimestamp\":\"2026-01-01T00:00:00Z\","                 \
	"\"annotations\":{\"promogate.dev/superseded-by\":\"w\"}},\"spec\":{\"appName\":\"app\","   \
	"\"version\":\"0\",\"promotionTasks\":[\"a\"]},\"status\":{\"endTime\":\"" TIME "\","       \
	"\"status\":\"Failed\",\"currentPhase\":\"PromotionTasks\",\"promotionStatus\":\"Failed\"," \
	"\"promotionTaskStatus\":[{\"definitionName\":\"a\",\"name\":\"a-1-bcdfghjk\","             \
	"\"status\":\"Failed\"}]}}"

static void an_annotation_that_fails_is_retried_each_minute_and_delays_nothing(void **state)
{
	static const enum err_kind kinds[] = {ERR_FORBIDDEN, ERR_TIMEOUT, ERR_CONFLICT};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct stage *s;
		CLEANUP(free_p) char *left_over = NULL;

		(void)stage_up(state);
		s = *state;
		lists_but_versions(s);
		cluster_list(&s->cluster, "keptnappversions", ENDED);
		for (int minute = 0; minute < 10; minute++) {
			assert_true(annotation_fails(s, kinds[i]));
			fake_env_run(&s->cluster.fake, 59 * 1000);
			assert_false(annotation_fails(s, kinds[i]));
			fake_env_run(&s->cluster.fake, 1000);
		}
		assert_true(annotation_fails(s, kinds[i]));
		/* A Job's event ends no backoff. */
		left_over = cluster_job(&s->cluster, "a-1-kjhgfdcb", "a", "app");
		cluster_event(&s->cluster, "jobs", "ADDED", left_over);
		assert_non_null(cluster_call(&s->cluster, "DELETE", "/jobs/"));
		(void)stage_down(state);
	}
}

static void a_refusal_is_reported_the_same_at_each_retry(void **state)
{
	struct stage *s = *state;
	CLEANUP(json_free_p) struct json *job = NULL;
	struct err err = ERR_INIT;
	struct fake_task *create, *event;
	const char *name;

	delivered(s);
	create = cluster_call(&s->cluster, "POST", "/jobs");
	assert_non_null(create);
	assert_int_equal(json_parse(create->body, strlen(create->body), &job, NULL), 0);
	name = json_string(json_at(job, "metadata", "name"));
	assert_non_null(name);
	(void)err_set(&err, ERR_INVALID,
		"POST https://127.0.0.1:1/apis/batch/v1/namespaces/dev"
		"/jobs: Invalid: Job \"%s\" is "
		"invalid",
		name);
	err.http_status = 422;
	fake_end(&s->cluster.fake, create, NULL, &err);
	free(create_job(s, "jb"));
	fake_env_run(&s->cluster.fake, 100);
	event = cluster_call(&s->cluster, "POST", "/events");
	assert_non_null(event);
	assert_says(event->body, "Invalid: Job \\\"a\\\" is invalid");
	assert_null(strstr(event->body, name));
	assert_null(strstr(event->body, "https:"));
}

/* Two creates, of which a quota refuses the second. */
static char *one_of_two_is_created(struct stage *s)
{
	char *a = create_job(s, "ja");

	fake_fail(&s->cluster.fake, cluster_call(&s->cluster, "POST", "/jobs"), ERR_QUOTA);
	fake_env_run(&s->cluster.fake, 0);
	cluster_event(&s->cluster, "jobs", "ADDED", a);
	return a;
}

/* Answers the claim, and brings the version as the API server has it then. */
static void claim_succeeds(struct stage *s)
{
	struct fake_task *claim = cluster_call(&s->cluster, "PATCH", "/keptnappversions/v");
	CLEANUP(json_free_p) struct json *patch = NULL;
	CLEANUP(free_p) char *version = NULL, *claimed = NULL;
	const char *text;

	assert_non_null(claim);
	assert_int_equal(json_parse(claim->body, strlen(claim->body), &patch, NULL), 0);
	text = json_string(json_at(patch, "metadata", "annotations", "promogate.dev/claim"));
	assert_non_null(text);
	version = cluster_version(&s->cluster, "v", "app", DELIVERED);
	claimed = xasprintf("{\"metadata\":{\"annotations\":{\"promogate.dev/claim\":\"%s\"},%s",
		text, version + strlen("{\"metadata\":{"));
	fake_answer(&s->cluster.fake, claim, claimed);
	cluster_event(&s->cluster, "keptnappversions", "MODIFIED", claimed);
}

/* So that two applications, each with a part of its Jobs, can't lock each other out of a quota. */
static void after_a_refusal_uncommitted_jobs_are_given_back(void **state)
{
	struct stage *s = *state;
	CLEANUP(free_p) char *a = NULL, *gone = NULL;
	struct fake_task *delete;

	delivered(s);
	a = one_of_two_is_created(s);
	claim_succeeds(s);
	delete = cluster_call(&s->cluster, "DELETE", "/jobs/a-1-");
	assert_non_null(delete);
	assert_says(delete->body, "\"uid\":\"ja\"");
	gone = cluster_gone(&s->cluster, strrchr(delete->path, '/') + 1);
	fake_answer(&s->cluster.fake, delete, "{}");
	cluster_event(&s->cluster, "jobs", "DELETED", gone);
	fake_env_run(&s->cluster.fake, 90);
	assert_null(cluster_call(&s->cluster, "POST", "/jobs"));
	fake_env_run(&s->cluster.fake, 1000);
	assert_non_null(cluster_call(&s->cluster, "POST", "/jobs"));
}

/* Its deletion may be carried out late. */
static void a_job_that_was_given_back_is_never_committed(void **state)
{
	struct stage *s = *state;
	CLEANUP(free_p) char *a = NULL, *second = NULL, *b = NULL;

	delivered(s);
	a = one_of_two_is_created(s);
	claim_succeeds(s);
	fake_fail(&s->cluster.fake, cluster_call(&s->cluster, "DELETE", "/jobs/"), ERR_TIMEOUT);
	fake_env_run(&s->cluster.fake, 3000);
	second = create_job(s, "ja2");
	b = create_job(s, "jb");
	cluster_event(&s->cluster, "jobs", "ADDED", second);
	cluster_event(&s->cluster, "jobs", "ADDED", b);
	assert_says(cluster_call(&s->cluster, "PATCH", "/keptnappversions/v/status")->body,
		"\"name\":\"a-1-");
}

static void what_ran_before_this_term_has_its_place_under_the_cap(void **state)
{
	struct stage *s = *state;
	CLEANUP(free_p) char *waits = cluster_version(&s->cluster, "v", "app", DELIVERED);
	CLEANUP(free_p)
	char *both = xasprintf(
		"%s,{\"metadata\":{\"namespace\":\"dev\",\"name\":\"w\",\"uid\":\"w\","
		"\"resourceVersion\":\"7\",\"creationTimestamp\":\"" TIME "\"},"
		"\"spec\":{\"appName\":\"other\",\"version\":\"1\",\"promotionTasks\":[\"a\"]},"
		"\"status\":{\"endTime\":\"" TIME "\",\"status\":\"Progressing\",\"currentPhase\":"
		"\"PromotionTasks\",\"promotionStatus\":\"Progressing\",\"promotionTaskStatus\":["
		"{\"definitionName\":\"a\",\"name\":\"a-1-bcdfghjk\",\"status\":\"Progressing\"}]}"
		"}",
		waits);

	lists_but_versions(s);
	cluster_list(&s->cluster, "keptnappversions", both);
	shows("\nkeptn_task_active 1\n");
	/* Two more would be three: it says that it waits, and nothing is created. */
	assert_null(cluster_call(&s->cluster, "POST", "/jobs"));
	fake_env_run(&s->cluster.fake, 100);
	fake_answer(&s->cluster.fake, cluster_call(&s->cluster, "POST", "/events"), "{}");
	/* The other ends. */
	fake_fail(&s->cluster.fake, cluster_call(&s->cluster, "GET", "/jobs/a-1-bcdfghjk"),
		ERR_NOT_FOUND);
	fake_env_run(&s->cluster.fake, 0);
	assert_null(cluster_call(&s->cluster, "POST", "/jobs"));
	fake_answer(&s->cluster.fake,
		cluster_call(&s->cluster, "PATCH", "/keptnappversions/w/status"), "{}");
	fake_env_run(&s->cluster.fake, 0);
	cluster_event(&s->cluster, "keptnappversions", "DELETED",
		"{\"metadata\":{\"namespace\":\"dev\",\"name\":\"w\",\"resourceVersion\":"
		"\"990\"}}");
	assert_non_null(cluster_call(&s->cluster, "POST", "/jobs"));
	shows("\nkeptn_task_active 2\n");
}

static void count_idle(void *ctx)
{
	++*(int *)ctx;
}

static void a_stop_completes_running_plans_and_starts_none(void **state)
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
	cluster_event(&s->cluster, "jobs", "ADDED", a);
	cluster_event(&s->cluster, "jobs", "ADDED", b);
	assert_int_equal(fake_count(&s->cluster.fake, FAKE_CALL), 0);
}

#define ON_STAGE(test) cmocka_unit_test_setup_teardown(test, stage_up, stage_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_reconciled_before_every_list_is_complete),
		ON_STAGE(nothing_is_reconciled_while_versions_are_listed_again),
		ON_STAGE(the_last_object_may_go_while_a_call_is_open),
		ON_STAGE(without_the_lease_nothing_is_done),
		ON_STAGE(jobs_are_created_together_and_committed_once_seen),
		ON_STAGE(a_job_that_the_watch_does_not_deliver_is_created_again),
		ON_STAGE(the_previous_version_is_the_older_one),
		ON_STAGE(a_conflict_is_reconciled_and_not_repeated),
		ON_STAGE(after_a_failure_the_rest_of_the_plan_is_dropped),
		ON_STAGE(a_job_that_is_missing_is_looked_for_and_then_recorded),
		ON_STAGE(an_outcome_waits_for_others_and_no_longer_than_that),
		ON_STAGE(what_a_look_finds_gets_its_label_back),
		ON_STAGE(a_job_that_stays_out_of_the_view_is_looked_for_each_minute),
		ON_STAGE(a_job_that_is_refused_as_invalid_waits_for_its_definition),
		ON_STAGE(a_job_that_is_refused_as_invalid_is_retried_after_a_minute),
		cmocka_unit_test(
			an_annotation_that_fails_is_retried_each_minute_and_delays_nothing),
		ON_STAGE(a_refusal_is_reported_the_same_at_each_retry),
		ON_STAGE(after_a_refusal_uncommitted_jobs_are_given_back),
		ON_STAGE(a_job_that_was_given_back_is_never_committed),
		cmocka_unit_test_setup_teardown(
			what_ran_before_this_term_has_its_place_under_the_cap,
			stage_up_for_two_jobs, stage_down),
		ON_STAGE(a_stop_completes_running_plans_and_starts_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
