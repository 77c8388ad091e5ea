/* What policies add to versions, from the watches to the calls. */
#include "reconciler/promoter.h"

#include "cluster.h"

struct stage {
	struct cluster cluster;
	struct promoter *promoter;
};

static bool may_act(void *ctx)
{
	(void)ctx;
	return true;
}

static int stage_up(void **state)
{
	struct stage *s = xcalloc(1, sizeof(*s));
	const struct promoter_config config = {
		.env = &s->cluster.fake.env, .keptn_namespace = "keptn-system", .may_act = may_act};

	cluster_init(&s->cluster);
	s->promoter = promoter_new(&config);
	*state = s;
	return 0;
}

static int stage_down(void **state)
{
	struct stage *s = *state;

	fake_env_release(&s->cluster.fake);
	promoter_free(s->promoter);
	free(s);
	return 0;
}

#define DEFINITION(ns, name, image)                                                                \
	"{\"metadata\":{\"namespace\":\"" ns "\",\"name\":\"" name                                 \
	"\",\"resourceVersion\":\"9\"},\"spec\":{\"container\":{\"name\":\"c\",\"image\":\"" image \
	"\"}}}"
#define POLICY(actions, task, since)                                                               \
	"{\"apiVersion\":\"promogate.dev/v1alpha1\",\"kind\":\"PromotionPolicy\","                 \
	"\"metadata\":{\"name\":\"prod\",\"uid\":\"u\",\"resourceVersion\":\"5\","                 \
	"\"generation\":7},\"spec\":{\"namespaceSelector\":{},\"validationActions\":[\"" actions   \
	"\"],\"promotionTasks\":{" task "}},\"status\":{" since "}}"
#define ADDS     "\"added\":[{\"name\":\"audit\"}]"
#define SINCE(t) "\"addedSince\":[{\"name\":\"audit\",\"since\":\"2026-01-02T03:04:0" t "Z\"}]"
#define IN_FORCE POLICY("Deny", ADDS, SINCE("4"))
#define BOTH     DEFINITION("dev", "audit", "shadow") "," DEFINITION("keptn-system", "audit", "good")
#define ENROLLED ",\"annotations\":{\"promogate.dev/added-tasks\":\"audit\"}"

/* A version "v" of "app" without a context, delivered at TIME; its tasks as JSON. */
static char *version(struct stage *s, const char *metadata, const char *tasks)
{
	return xasprintf("{\"metadata\":{\"namespace\":\"dev\",\"name\":\"v\",\"uid\":\"u-v\","
			 "\"resourceVersion\":\"%u\",\"creationTimestamp\":\"" TIME "\"%s},"
			 "\"spec\":{\"appName\":\"app\",\"version\":\"1\",\"promotionTasks\":[%s]},"
			 "\"status\":{\"endTime\":\"" TIME "\"" DELIVERED "}}",
		++s->cluster.version, metadata, tasks);
}

static void lists(struct stage *s, const char *policies, const char *definitions,
	const char *metadata, const char *tasks)
{
	CLEANUP(free_p) char *v = version(s, metadata, tasks);

	cluster_list(&s->cluster, "keptntaskdefinitions", definitions);
	cluster_list(&s->cluster, "keptnappcontexts", "");
	cluster_list(&s->cluster, "promotionpolicies", policies);
	cluster_list(&s->cluster, "/api/v1/namespaces", CLUSTER_NAMESPACE);
	cluster_list(&s->cluster, "keptnconfigs", "");
	cluster_list(&s->cluster, "jobs", "");
	cluster_list(&s->cluster, "keptnappversions", v);
	fake_env_run(&s->cluster.fake, 1000);
}

static struct fake_task *creates(struct stage *s)
{
	return cluster_call(&s->cluster, "POST", "/jobs");
}

static struct fake_task *annotates(struct stage *s)
{
	return cluster_call(&s->cluster, "PATCH", "/keptnappversions/v");
}

static void an_enrolment_is_seen_before_jobs_are_created(void **state)
{
	struct stage *s = *state;
	CLEANUP(free_p) char *reply = NULL;

	lists(s, IN_FORCE, BOTH, "", "");
	assert_null(creates(s));
	assert_non_null(annotates(s));
	assert_says(annotates(s)->body, "\"promogate.dev/added-tasks\":\"audit\"");
	reply = version(s, ENROLLED, "");
	fake_answer(&s->cluster.fake, annotates(s), reply);
	fake_env_run(&s->cluster.fake, 10);
	assert_null(creates(s));
	assert_null(annotates(s));
	cluster_event(&s->cluster, "keptnappversions", "MODIFIED", reply);
	fake_env_run(&s->cluster.fake, 10);
	assert_non_null(creates(s));
}

static void what_does_not_count_is_never_written_to(void **state)
{
	static const struct {
		const char *what, *policies;
	} rows[] = {
		{"no policy", ""},
		{"it does not enforce", POLICY("Audit", ADDS, SINCE("4"))},
		{"it adds nothing", POLICY("Deny", "\"max\":3", "")},
		{"the leader has not written since when", POLICY("Deny", ADDS, "")},
		{"delivered in the second in which it began to count",
			POLICY("Deny", ADDS, SINCE("5"))},
		{"delivered before", POLICY("Deny", ADDS, SINCE("6"))},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct stage *s;

		print_message("# %s\n", rows[i].what);
		(void)stage_up(state);
		s = *state;
		lists(s, rows[i].policies, BOTH, "", "");
		fake_env_run(&s->cluster.fake, 60000);
		assert_null(annotates(s));
		assert_null(creates(s));
		assert_null(cluster_call(&s->cluster, "POST", "/events"));
		(void)stage_down(state);
	}
}

static void a_shared_task_runs_the_definition_of_keptns_namespace(void **state)
{
	static const struct {
		const char *task, *image;
	} rows[] = {
		{ADDS, "\"good\""},
		{"\"added\":[{\"name\":\"audit\",\"source\":\"Any\"}]", "\"shadow\""},
		{"\"required\":[{\"name\":\"audit\"}]", "\"good\""},
		{"\"required\":[{\"name\":\"audit\",\"source\":\"Any\"}]", "\"shadow\""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(free_p)
		char *policy = xasprintf(POLICY("Deny", "%s", SINCE("4")), rows[i].task);
		struct stage *s;

		(void)stage_up(state);
		s = *state;
		lists(s, policy, BOTH, "", "\"audit\"");
		assert_non_null(creates(s));
		assert_says(creates(s)->path, "/namespaces/dev/");
		assert_says(creates(s)->body, rows[i].image);
		(void)stage_down(state);
	}
}

static void a_shared_task_waits_for_the_definition_of_keptns_namespace(void **state)
{
	struct stage *s = *state;

	lists(s, IN_FORCE, DEFINITION("dev", "audit", "shadow"), "", "\"audit\"");
	assert_null(creates(s));
	cluster_event(&s->cluster, "keptntaskdefinitions", "ADDED",
		DEFINITION("keptn-system", "audit", "good"));
	fake_env_run(&s->cluster.fake, 1000);
	assert_non_null(creates(s));
	assert_says(creates(s)->body, "\"good\"");
}

static void what_is_added_runs_beside_own_tasks_since_whenever(void **state)
{
	struct stage *s = *state;

	lists(s, POLICY("Deny", ADDS, ""), BOTH "," DEFINITION("dev", "a", "i"), "", "\"a\"");
	assert_null(annotates(s));
	assert_non_null(creates(s));
	assert_says(creates(s)->body, "\"a-1-");
	fake_fail(&s->cluster.fake, creates(s), ERR_IO);
	assert_non_null(creates(s));
	assert_says(creates(s)->body, "\"audit-1-");
}

static void a_task_counts_once_the_status_says_since_when(void **state)
{
	struct stage *s = *state;

	lists(s, "", BOTH, "", "");
	cluster_event(&s->cluster, "promotionpolicies", "ADDED", POLICY("Deny", ADDS, ""));
	cluster_run(&s->cluster, 1000);
	assert_null(annotates(s));
	cluster_event(&s->cluster, "promotionpolicies", "MODIFIED", IN_FORCE);
	cluster_run(&s->cluster, 1000);
	assert_non_null(annotates(s));
}

static void an_enrolled_version_leaves_when_the_policy_goes(void **state)
{
	struct stage *s = *state;

	lists(s, IN_FORCE, "", ENROLLED, "");
	cluster_run(&s->cluster, 10);
	assert_null(creates(s));
	cluster_event(&s->cluster, "promotionpolicies", "DELETED", IN_FORCE);
	cluster_run(&s->cluster, 1000);
	assert_non_null(annotates(s));
	assert_says(annotates(s)->body, "\"promogate.dev/added-tasks\":null");
}

/* The plan is executed after its policy is gone. */
static void a_policy_may_go_while_a_plan_is_executed(void **state)
{
	struct stage *s = *state;

	lists(s, IN_FORCE, BOTH, ENROLLED, "");
	assert_non_null(creates(s));
	cluster_event(&s->cluster, "promotionpolicies", "DELETED", IN_FORCE);
	fake_fail(&s->cluster.fake, creates(s), ERR_INVALID);
	cluster_run(&s->cluster, 5000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			an_enrolment_is_seen_before_jobs_are_created, stage_up, stage_down),
		cmocka_unit_test(what_does_not_count_is_never_written_to),
		cmocka_unit_test(a_shared_task_runs_the_definition_of_keptns_namespace),
		cmocka_unit_test_setup_teardown(
			a_shared_task_waits_for_the_definition_of_keptns_namespace, stage_up,
			stage_down),
		cmocka_unit_test_setup_teardown(
			what_is_added_runs_beside_own_tasks_since_whenever, stage_up, stage_down),
		cmocka_unit_test_setup_teardown(
			a_task_counts_once_the_status_says_since_when, stage_up, stage_down),
		cmocka_unit_test_setup_teardown(
			an_enrolled_version_leaves_when_the_policy_goes, stage_up, stage_down),
		cmocka_unit_test_setup_teardown(
			a_policy_may_go_while_a_plan_is_executed, stage_up, stage_down),
	};

	return cmocka_run_group_tests_name("added", tests, NULL, NULL);
}
