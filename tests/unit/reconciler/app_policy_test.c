#include "reconciler/app_policy.h"

#include "base/limits.h"

#include "cluster.h"

#define POLICY(name, spec)                                                                               \
	"{\"apiVersion\":\"promogate.dev/v1alpha1\",\"kind\":\"PromotionPolicy\","                       \
	"\"metadata\":{\"name\":\"" name "\",\"uid\":\"u\",\"resourceVersion\":\"5\","                   \
	"\"generation\":7},\"spec\":{\"namespaceSelector\":{\"matchLabels\":{\"stage\":\"prod\"}}," spec \
	"}}"
#define DENY  "\"validationActions\":[\"Deny\"],"
#define AUDIT "\"validationActions\":[\"Audit\"],"

struct fixture {
	struct cluster cluster;
	struct cache *cache;
};

static void ignore_definitions(void *ctx, const char *ns)
{
	(void)ctx;
	(void)ns;
}

static void ignore_policies(void *ctx, const char *ns, const char *app)
{
	(void)ctx;
	(void)ns;
	(void)app;
}

static void ignore_progress(void *ctx)
{
	(void)ctx;
}

#define DEFINITION(ns, name, annotations)                                                          \
	"{\"metadata\":{\"namespace\":\"" ns "\",\"name\":\"" name                                 \
	"\",\"annotations\":{" annotations                                                         \
	"}},\"spec\":{\"container\":{\"name\":\"c\",\"image\":\"i\"}}}"
#define WARN "\"promogate.dev/on-failure\":\"Warn\""

static void fixture_init(struct fixture *f, const char *policies, const char *context)
{
	static const struct cache_handler handler = {
		ignore_definitions, ignore_policies, NULL, ignore_progress, NULL};

	*f = (struct fixture){.cache = NULL};
	cluster_init(&f->cluster);
	f->cache = cache_new(&f->cluster.fake.env, "keptn-system", &handler);
	cluster_list(&f->cluster, "keptntaskdefinitions",
		DEFINITION("dev", "plain", "") "," DEFINITION("keptn-system", "effort", WARN));
	cluster_list(&f->cluster, "keptnappcontexts", context);
	cluster_list(&f->cluster, "promotionpolicies", policies);
	cluster_list(&f->cluster, "/api/v1/namespaces", CLUSTER_NAMESPACE);
	cluster_list(&f->cluster, "keptnconfigs", "");
}

static void fixture_release(struct fixture *f)
{
	fake_env_release(&f->cluster.fake);
	cache_free(f->cache);
}

/* --- what a failed task means ------------------------------------------------------------------ */

#define CONTEXT(annotations)                                                                       \
	"{\"metadata\":{\"namespace\":\"dev\",\"name\":\"app\",\"annotations\":{" annotations      \
	"}},\"spec\":{}}"

static void who_speaks_first_decides(void **state)
{
	static const struct {
		const char *policies, *context, *task;
		enum on_failure value;
		const char *by;
	} rows[] = {
		{"", "", "plain", ON_FAILURE_BLOCK, "default"},
		{"", CONTEXT(WARN), "plain", ON_FAILURE_WARN,
			"the annotation promogate.dev/on-failure of the KeptnAppContext"},
		{"", "", "effort", ON_FAILURE_WARN,
			"the annotation promogate.dev/on-failure of the KeptnTaskDefinition"},
		{POLICY("prod", DENY "\"onFailure\":{\"default\":\"Warn\"}"), "", "plain",
			ON_FAILURE_WARN, "policy prod@7"},
		{POLICY("prod", AUDIT "\"onFailure\":{\"default\":\"Warn\"}"), "", "plain",
			ON_FAILURE_BLOCK, "default"},
		{POLICY("prod", DENY "\"onFailure\":{\"allowed\":[\"Block\"]}"), CONTEXT(WARN),
			"plain", ON_FAILURE_BLOCK, "default"},
		{POLICY("prod", DENY "\"enforcedAt\":[\"Admission\"],"
				     "\"onFailure\":{\"allowed\":[\"Block\"]}"),
			CONTEXT(WARN), "plain", ON_FAILURE_WARN,
			"the annotation promogate.dev/on-failure of the KeptnAppContext"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(buf_release) struct buf by = BUF_INIT(1000);
		struct app_policy p;
		struct fixture f;

		print_message("# %zu\n", i);
		fixture_init(&f, rows[i].policies, rows[i].context);
		app_policy_init(&p, f.cache, "dev", "app");
		assert_int_equal(app_policy_on_failure(&p, rows[i].task, &by), rows[i].value);
		assert_string_equal(buf_str(&by), rows[i].by);
		app_policy_release(&p);
		fixture_release(&f);
	}
}

/* --- what is refused -------------------------------------------------------------------------- */

static void refusal_is(const char *policies, const char *ns, size_t ntasks, const char *want)
{
	static const struct view_task tasks[] = {{"a", VIEW_OWN, true}, {"b", VIEW_OWN, true}};
	struct app_policy p;
	struct fixture f;
	char *text;

	fixture_init(&f, policies, CONTEXT(WARN));
	app_policy_init(&p, f.cache, ns, "app");
	text = app_policy_refusal(&p, tasks, ntasks);
	if (want)
		assert_string_equal(text ? text : "allowed", want);
	else
		assert_null(text);
	free(text);
	app_policy_release(&p);
	fixture_release(&f);
}

#define REQUIRES(actions, more)                                                                    \
	POLICY("prod", actions more "\"promotionTasks\":{\"required\":[{\"name\":\"audit\"}]}")
#define REQUIRED                                                                                   \
	"spec.promotionTasks: Required value: policy \"prod\": requires the task \"audit\"; add it to spec.promotionTasks"

static void a_policy_that_denies_at_promotion_refuses(void **state)
{
	(void)state;
	refusal_is("", "dev", 2, NULL);
	refusal_is(REQUIRES(DENY, ""), "dev", 2, REQUIRED);
	refusal_is(REQUIRES(DENY, "\"message\":\"see the wiki\","), "dev", 2,
		REQUIRED " (see the wiki)");
	refusal_is(REQUIRES(AUDIT, ""), "dev", 2, NULL);
	refusal_is(REQUIRES(DENY, "\"enforcedAt\":[\"Admission\"],"), "dev", 2, NULL);
	refusal_is(REQUIRES(DENY, "\"enforcedAt\":[\"Promotion\"],"), "dev", 2, REQUIRED);
	refusal_is(REQUIRES(DENY, ""), "dev", 0, NULL);
	refusal_is(REQUIRES(DENY, "\"onFailure\":{\"allowed\":[\"Block\"]},"), "dev", 2, REQUIRED);
}

static void all_that_refuse_are_named(void **state)
{
	(void)state;
	refusal_is(REQUIRES(DENY, "") "," POLICY("few", DENY "\"promotionTasks\":{\"max\":1}"),
		"dev", 2,
		"spec.promotionTasks: Too many: 2: policy \"few\": must have at most 1 items; combine several tasks into one; " REQUIRED);
	refusal_is(POLICY("only", DENY "\"promotionTasks\":{\"allowed\":[\"b\"]}"), "dev", 2,
		"spec.promotionTasks[0]: Unsupported value: \"a\": policy \"only\": allows only \"b\"; remove this one");
}

/* Its labels decide which policies match. */
static void a_namespace_that_is_not_known_is_waited_for(void **state)
{
	(void)state;
	refusal_is("", "new", 2, NULL);
	refusal_is(REQUIRES(AUDIT, ""), "new", 2,
		"the labels of the namespace \"new\" are not known yet");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_speaks_first_decides),
		cmocka_unit_test(a_policy_that_denies_at_promotion_refuses),
		cmocka_unit_test(all_that_refuse_are_named),
		cmocka_unit_test(a_namespace_that_is_not_known_is_waited_for),
	};

	return cmocka_run_group_tests_name("app_policy", tests, NULL, NULL);
}
