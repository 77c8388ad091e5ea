/*
 * What a promotion waits for, what wakes it, and how long it waits at most: the table in
 * docs/promotion.md, row by row.
 */
#include "reconciler/promoter.h"

#include "reconciler/execute.h"

#include "cluster.h"

enum { DEADLINE_S = 3600, MAX_AGE_S = 86400, MINUTE_MS = 60 * 1000 };

struct stage {
	struct cluster cluster;
	struct promoter *promoter;
	const char *policies; /* NULL: none */
};

static bool may_act(void *ctx)
{
	(void)ctx;
	return true;
}

static int stage_up_with(void **state, struct snapshot_config snapshot)
{
	struct stage *s = xcalloc(1, sizeof(*s));
	const struct promoter_config config = {.env = &s->cluster.fake.env,
		.keptn_namespace = "keptn-system",
		.snapshot = snapshot,
		.may_act = may_act};

	cluster_init(&s->cluster);
	s->promoter = promoter_new(&config);
	*state = s;
	return 0;
}

static int stage_up(void **state)
{
	return stage_up_with(state, (struct snapshot_config){.deadline = DEADLINE_S});
}

static int stage_up_with_max_age(void **state)
{
	return stage_up_with(state, (struct snapshot_config){.max_age = MAX_AGE_S});
}

static int stage_down(void **state)
{
	struct stage *s = *state;

	fake_env_release(&s->cluster.fake);
	promoter_free(s->promoter);
	free(s);
	return 0;
}

#define DEFINITION(ns, name)                                                                       \
	"{\"metadata\":{\"namespace\":\"" ns "\",\"name\":\"" name                                 \
	"\",\"resourceVersion\":\"900\"},\"spec\":{\"container\":{\"name\":\"c\","                 \
	"\"image\":\"i\"}}}"
#define BOTH DEFINITION("dev", "a") "," DEFINITION("dev", "b")

/* All lists. */
static void stage_lists(struct stage *s, const char *definitions, const char *versions)
{
	cluster_list(&s->cluster, "keptntaskdefinitions", definitions);
	cluster_list(&s->cluster, "keptnappcontexts", "");
	cluster_list(&s->cluster, "promotionpolicies", s->policies ? s->policies : "");
	cluster_list(&s->cluster, "/api/v1/namespaces", CLUSTER_NAMESPACE);
	cluster_list(&s->cluster, "keptnconfigs", "");
	cluster_list(&s->cluster, "jobs", "");
	cluster_list(&s->cluster, "keptnappversions", versions);
}

/* A version "v" that was delivered long ago, and these definitions. */
static void delivered(struct stage *s, const char *definitions)
{
	CLEANUP(free_p) char *version = cluster_version(&s->cluster, "v", "app", DELIVERED);

	stage_lists(s, definitions, version);
}

static void definition_event(struct stage *s, const char *type, const char *definition)
{
	cluster_event(&s->cluster, "keptntaskdefinitions", type, definition);
}

static void passes_s(struct stage *s, int64_t seconds)
{
	cluster_run(&s->cluster, seconds * 1000);
}

/* The creates of both Jobs get this answer. */
static void creates_fail(struct stage *s, enum err_kind kind)
{
	struct fake_task *t;

	assert_non_null(cluster_call(&s->cluster, "POST", "/jobs"));
	while ((t = cluster_call(&s->cluster, "POST", "/jobs")))
		fake_fail(&s->cluster.fake, t, kind);
	fake_env_run(&s->cluster.fake, 0);
}

static bool creates(struct stage *s)
{
	return cluster_call(&s->cluster, "POST", "/jobs");
}

/* It is about to be recorded as Failed. */
static bool gives_up(struct stage *s)
{
	struct fake_task *t = cluster_call(&s->cluster, "PATCH", "/keptnappversions/v/status");

	if (t)
		assert_says(t->body, "\"promotionStatus\":\"Failed\"");
	return t;
}

/* --- definitions ------------------------------------------------------------------------------ */

static void a_definition_that_comes_starts_what_waits_for_it(void **state)
{
	static const char *const rows[] = {DEFINITION("dev", "b"), DEFINITION("keptn-system", "b")};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct stage *s;

		(void)stage_up(state);
		s = *state;
		delivered(s, DEFINITION("dev", "a"));
		passes_s(s, 1);
		definition_event(s, "ADDED", DEFINITION("other", "b"));
		assert_false(creates(s));
		definition_event(s, "ADDED", rows[i]);
		assert_true(creates(s));
		(void)stage_down(state);
	}
}

/* Not since the delivery. */
static void the_deadline_counts_from_the_first_sight(void **state)
{
	struct stage *s = *state;

	delivered(s, DEFINITION("dev", "a"));
	passes_s(s, DEADLINE_S - 1);
	assert_false(gives_up(s));
	passes_s(s, 1);
	assert_true(gives_up(s));
}

static void the_clock_on_the_wall_does_not_end_the_deadline(void **state)
{
	struct stage *s = *state;

	delivered(s, DEFINITION("dev", "a"));
	passes_s(s, 60);
	s->cluster.fake.wall_ms += 2 * DEADLINE_S * INT64_C(1000);
	definition_event(s, "ADDED", DEFINITION("dev", "c"));
	passes_s(s, DEADLINE_S - 61);
	assert_false(gives_up(s));
	passes_s(s, 1);
	assert_true(gives_up(s));
}

static void a_definition_that_was_there_meanwhile_starts_the_deadline_anew(void **state)
{
	struct stage *s = *state;

	delivered(s, DEFINITION("dev", "a"));
	passes_s(s, DEADLINE_S - 10);
	definition_event(s, "ADDED", DEFINITION("dev", "b"));
	creates_fail(s, ERR_QUOTA);
	definition_event(s, "DELETED", DEFINITION("dev", "b"));
	passes_s(s, DEADLINE_S - 10);
	assert_false(gives_up(s));
	passes_s(s, 10);
	assert_true(gives_up(s));
}

static void a_record_that_fails_does_not_start_the_deadline_anew(void **state)
{
	struct stage *s = *state;

	delivered(s, DEFINITION("dev", "a"));
	passes_s(s, DEADLINE_S);
	assert_true(gives_up(s));
	fake_fail(&s->cluster.fake,
		cluster_call(&s->cluster, "PATCH", "/keptnappversions/v/status"), ERR_CONFLICT);
	passes_s(s, 60);
	assert_true(gives_up(s));
}

/* --- Jobs that are refused -------------------------------------------------------------------- */

/* A Job that is not valid counts as a definition that can't run. */
static void a_job_that_stays_invalid_fails_at_the_deadline(void **state)
{
	struct stage *s = *state;

	delivered(s, BOTH);
	for (int minutes = 0; minutes < DEADLINE_S / 60; minutes++) {
		creates_fail(s, ERR_INVALID);
		assert_false(gives_up(s));
		assert_false(creates(s));
		cluster_run(&s->cluster, REFUSED_FOR_MS);
	}
	assert_true(gives_up(s));
}

static void a_job_that_is_denied_is_retried_within_a_minute_and_never_given_up(void **state)
{
	static const enum err_kind kinds[] = {ERR_FORBIDDEN, ERR_QUOTA};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct stage *s;

		(void)stage_up(state);
		s = *state;
		delivered(s, BOTH);
		for (int minutes = 0; minutes < 2 * DEADLINE_S / 60; minutes++) {
			creates_fail(s, kinds[i]);
			cluster_run(&s->cluster, MINUTE_MS);
			assert_false(gives_up(s));
		}
		/* Then a definition goes for a moment. */
		creates_fail(s, kinds[i]);
		definition_event(s, "DELETED", DEFINITION("dev", "b"));
		passes_s(s, 8);
		assert_false(gives_up(s));
		(void)stage_down(state);
	}
}

/* It is valid now, so the time in which it was not counts no more. */
static void a_denial_ends_the_deadline_of_an_invalid_job(void **state)
{
	struct stage *s = *state;

	delivered(s, BOTH);
	creates_fail(s, ERR_INVALID);
	cluster_run(&s->cluster, REFUSED_FOR_MS);
	for (int minutes = 0; minutes < 2 * DEADLINE_S / 60; minutes++) {
		creates_fail(s, ERR_QUOTA);
		cluster_run(&s->cluster, MINUTE_MS);
	}
	definition_event(s, "DELETED", DEFINITION("dev", "b"));
	passes_s(s, 8);
	assert_false(gives_up(s));
}

/* --- other versions, and people --------------------------------------------------------------- */

static char *version_u(struct stage *s, const char *annotations, const char *state)
{
	return xasprintf("{\"metadata\":{\"namespace\":\"dev\",\"name\":\"u\",\"uid\":\"u-u\","
			 "\"resourceVersion\":\"%u\",\"creationTimestamp\":\"" TIME "\","
			 "\"annotations\":{%s}},\"spec\":{\"appName\":\"app\",\"version\":\"0\","
			 "\"promotionTasks\":[\"a\"]},\"status\":{\"endTime\":\"" TIME "\"%s}}",
		++s->cluster.version, annotations, state);
}

#define RUNS                                                                                       \
	",\"status\":\"Progressing\",\"currentPhase\":\"PromotionTasks\",\"promotionStatus\":"     \
	"\"Progressing\",\"promotionTaskStatus\":[{\"definitionName\":\"a\",\"name\":"             \
	"\"a-1-bcdfghjk\",\"status\":\"Progressing\"}]"
#define SUCCEEDED                                                                                  \
	",\"status\":\"Succeeded\",\"currentPhase\":\"Completed\",\"promotionStatus\":"            \
	"\"Succeeded\",\"promotionTaskStatus\":[{\"definitionName\":\"a\",\"name\":"               \
	"\"a-1-bcdfghjk\",\"status\":\"Succeeded\"}]"

static void the_end_of_another_version_starts_what_waits_for_it(void **state)
{
	struct stage *s = *state;
	CLEANUP(free_p) char *runs = version_u(s, "", RUNS);
	CLEANUP(free_p) char *ended = version_u(s, "", SUCCEEDED);
	CLEANUP(free_p) char *waits = cluster_version(&s->cluster, "v", "app", DELIVERED);
	CLEANUP(free_p) char *both = xasprintf("%s,%s", runs, waits);

	stage_lists(s, BOTH, both);
	fake_answer(&s->cluster.fake, cluster_call(&s->cluster, "GET", "/jobs/a-1-bcdfghjk"),
		"{\"metadata\":{\"labels\":{\"app.kubernetes.io/managed-by\":\"promogate\"},"
		"\"ownerReferences\":[{\"uid\":\"u-u\"}]}}");
	passes_s(s, 1);
	assert_false(creates(s));
	cluster_event(&s->cluster, "keptnappversions", "MODIFIED", ended);
	passes_s(s, 1);
	assert_true(creates(s));
}

/* Its own write to the older version is not seen: a plan would only repeat it. */
static void what_was_written_is_awaited_until_the_next_list_at_the_latest(void **state)
{
	struct stage *s = *state;
	CLEANUP(free_p) char *older = version_u(s, "", DELIVERED);
	CLEANUP(free_p) char *newer = cluster_version(&s->cluster, "v", "app", DELIVERED);
	CLEANUP(free_p) char *both = xasprintf("%s,%s", older, newer);
	CLEANUP(free_p) char *seen = NULL;

	stage_lists(s, BOTH, both);
	fake_answer(&s->cluster.fake,
		cluster_call(&s->cluster, "PATCH", "/keptnappversions/u/status"),
		"{\"metadata\":{\"resourceVersion\":\"5000\"}}");
	creates_fail(s, ERR_QUOTA);
	passes_s(s, 300);
	assert_false(creates(s));
	s->cluster.version = 5000;
	seen = version_u(s, "", ",\"promotionStatus\":\"Deprecated\"");
	free(both);
	both = xasprintf("%s,%s", seen, newer);
	cluster_expire(&s->cluster, "keptnappversions");
	cluster_list(&s->cluster, "keptnappversions", both);
	passes_s(s, 1);
	assert_true(creates(s));
}

static void the_end_of_a_job_is_recorded(void **state)
{
#define ENDED "\"status\":{\"conditions\":[{\"type\":\"Complete\",\"status\":\"True\"}]}}"
	struct stage *s = *state;
	CLEANUP(free_p) char *version = cluster_version(&s->cluster, "v", "app", RUNS);
	CLEANUP(free_p) char *job = cluster_job(&s->cluster, "a-1-bcdfghjk", "a", "app");
	CLEANUP(free_p)
	char *ended = xasprintf("%.*s%s", (int)(strstr(job, "\"status\":{") - job), job, ENDED);
	struct fake_task *record;

	stage_lists(s, BOTH, version);
	cluster_event(&s->cluster, "jobs", "MODIFIED", ended);
	fake_fail(&s->cluster.fake, cluster_call(&s->cluster, "GET", "/jobs/a-1-bcdfghjk"), ERR_IO);
	passes_s(s, 2);
	record = cluster_call(&s->cluster, "PATCH", "/keptnappversions/v/status");
	assert_non_null(record);
	assert_says(record->body, "\"promotionStatus\":\"Succeeded\"");
}

static void a_manual_retry_starts_what_is_too_old(void **state)
{
	struct stage *s = *state;
	CLEANUP(free_p) char *waits = version_u(s, "", DELIVERED);
	CLEANUP(free_p) char *retried = version_u(s, "\"promogate.dev/retry\":\"1\"", DELIVERED);

	stage_lists(s, BOTH, waits);
	passes_s(s, MAX_AGE_S);
	assert_false(creates(s));
	cluster_event(&s->cluster, "keptnappversions", "MODIFIED", retried);
	assert_true(creates(s));
}

/* --- policies --------------------------------------------------------------------------------- */

#define POLICY(required, generation)                                                               \
	"{\"apiVersion\":\"promogate.dev/v1alpha1\",\"kind\":\"PromotionPolicy\","                 \
	"\"metadata\":{\"name\":\"prod\",\"uid\":\"u\",\"resourceVersion\":\"7000\","              \
	"\"generation\":" generation                                                               \
	"},\"spec\":{\"namespaceSelector\":{\"matchLabels\":{\"stage\":\"prod\"}},"                \
	"\"appSelector\":{\"matchExpressions\":[{\"key\":\"exempt\","                              \
	"\"operator\":\"DoesNotExist\"}]},"                                                        \
	"\"validationActions\":[\"Deny\"],\"promotionTasks\":{\"required\":[{\"name\":\"" required \
	"\",\"source\":\"Any\"}]}}}"
/* A context that the policy does not select. */
#define EXEMPT                                                                                     \
	"{\"metadata\":{\"namespace\":\"dev\",\"name\":\"app\",\"resourceVersion\":\"7001\","      \
	"\"labels\":{\"exempt\":\"yes\"}}}"
#define RELABELLED "{\"metadata\":{\"name\":\"dev\",\"resourceVersion\":\"7001\",\"labels\":{}}}"

static void policy_event(struct stage *s, const char *type, const char *policy)
{
	cluster_event(&s->cluster, "promotionpolicies", type, policy);
	passes_s(s, 0);
}

/* The policy changes or goes, or selects its namespace or its context no more. */
static void a_policy_that_changes_starts_what_it_refused(void **state)
{
	static const struct {
		const char *resource, *type, *object;
	} rows[] = {{"promotionpolicies", "DELETED", POLICY("c", "1")},
		{"promotionpolicies", "MODIFIED", POLICY("a", "3")},
		{"/api/v1/namespaces", "MODIFIED", RELABELLED},
		{"keptnappcontexts", "ADDED", EXEMPT}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct stage *s;

		print_message("# %s %s\n", rows[i].resource, rows[i].type);
		(void)stage_up(state);
		s = *state;
		s->policies = POLICY("c", "1");
		delivered(s, BOTH);
		passes_s(s, 10);
		assert_false(creates(s));
		policy_event(s, "MODIFIED", POLICY("d", "2"));
		assert_false(creates(s));
		cluster_event(&s->cluster, rows[i].resource, rows[i].type, rows[i].object);
		passes_s(s, 0);
		assert_true(creates(s));
		(void)stage_down(state);
	}
}

/* What it did not allow when the deadline came counts as waiting, not as missing. */
static void a_policy_that_refuses_is_no_deadline(void **state)
{
	struct stage *s = *state;

	s->policies = POLICY("c", "1");
	delivered(s, "");
	passes_s(s, 2 * DEADLINE_S);
	assert_false(gives_up(s));
	policy_event(s, "DELETED", POLICY("c", "1"));
	assert_false(gives_up(s));
	passes_s(s, DEADLINE_S - 1);
	assert_false(gives_up(s));
	passes_s(s, 2);
	assert_true(gives_up(s));
}

#define ON_STAGE(test) cmocka_unit_test_setup_teardown(test, stage_up, stage_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_policy_that_changes_starts_what_it_refused),
		ON_STAGE(a_policy_that_refuses_is_no_deadline),
		cmocka_unit_test(a_definition_that_comes_starts_what_waits_for_it),
		ON_STAGE(the_deadline_counts_from_the_first_sight),
		ON_STAGE(the_clock_on_the_wall_does_not_end_the_deadline),
		ON_STAGE(a_definition_that_was_there_meanwhile_starts_the_deadline_anew),
		ON_STAGE(a_record_that_fails_does_not_start_the_deadline_anew),
		ON_STAGE(a_job_that_stays_invalid_fails_at_the_deadline),
		cmocka_unit_test(
			a_job_that_is_denied_is_retried_within_a_minute_and_never_given_up),
		ON_STAGE(a_denial_ends_the_deadline_of_an_invalid_job),
		ON_STAGE(the_end_of_another_version_starts_what_waits_for_it),
		ON_STAGE(what_was_written_is_awaited_until_the_next_list_at_the_latest),
		ON_STAGE(the_end_of_a_job_is_recorded),
		cmocka_unit_test_setup_teardown(
			a_manual_retry_starts_what_is_too_old, stage_up_with_max_age, stage_down),
	};

	return cmocka_run_group_tests_name("waits", tests, NULL, NULL);
}
