/*
 * Judges the examples of the rule table, and so of docs/rules.md: the context, then the definitions
 * and policies that exist.
 */
#include "admission/judge.h"
#include "admission/rules.h"
#include "base/str.h"
#include "unit.h"
#include "yaml/yaml.h"

struct example {
	struct yaml_doc context;
	struct definitions definitions;
	struct policies policies;
};

static void example_release(struct example *e)
{
	yaml_doc_release(&e->context);
	definitions_release(&e->definitions);
	policies_release(&e->policies);
}

static void learn(struct example *e, const struct json *object)
{
	if (str_eq(json_string(json_get(object, "kind")), POLICY_KIND)) {
		policies_put(&e->policies, policy_decode(object));
		return;
	}
	assert_string_equal(json_string(json_get(object, "kind")), "KeptnTaskDefinition");
	definitions_put(&e->definitions, json_string(json_at(object, "metadata", "namespace")),
		json_string(json_at(object, "metadata", "name")), taskdef_decode(object));
}

static void read_example(const char *text, struct example *e)
{
	CLEANUP(yaml_stream_free_p) struct yaml_stream *stream = NULL;
	struct err err = ERR_INIT;
	int more;

	*e = (struct example){YAML_DOC_INIT, DEFINITIONS_INIT, POLICIES_INIT};
	assert_int_equal(yaml_open(text, strlen(text), &stream, &err), 0);
	assert_int_equal(yaml_next(stream, &e->context, &err), 0);
	do {
		CLEANUP(yaml_doc_release) struct yaml_doc doc = YAML_DOC_INIT;

		more = yaml_next(stream, &doc, &err);
		if (more < 0)
			fail_msg("%s\n%s", err.msg, text);
		if (more == 0)
			learn(e, doc.root);
	} while (more == 0);
	assert_string_equal(
		json_string(json_get(e->context.root, "apiVersion")), "lifecycle.keptn.sh/v1");
}

static const struct labels *no_labels(const void *ctx, const char *ns)
{
	static const struct labels none = {NULL, 0};

	(void)ctx;
	(void)ns;
	return &none;
}

static void judge(const char *text, struct findings *to)
{
	CLEANUP(strmap_release) struct strmap nobody = STRMAP_INIT(NULL);
	CLEANUP(example_release) struct example e;
	struct known known = {
		.keptn_namespace = "keptn-system",
		.lenient_managers = &nobody,
		.lenient_users = &nobody,
		.max_promotion_tasks = 2,
	};
	CLEANUP(applied_release) struct applied a = {.now = NULL};
	struct review review = {.operation = REVIEW_CREATE};
	struct surroundings around = {.labels = no_labels};
	struct appcontext app;

	read_example(text, &e);
	known.cached = known.confirmed = &e.definitions;
	around.policies = &e.policies;
	known.around = &around;
	review.object = e.context.root;
	review.namespace = json_string(json_at(e.context.root, "metadata", "namespace"));
	applied_read(&review, &known, &a);
	appcontext_read(review.object, review.namespace, &app);
	judge_appcontext(&app, &a, &known, to);
}

static void a_rejected_example_has_the_finding(void **state)
{
	(void)state;
	for (unsigned i = 0; i < RULE_COUNT; i++) {
		CLEANUP(findings_release) struct findings found = FINDINGS_INIT;

		judge(rule_get(i)->rejected, &found);
		if (found.count != 1 || found.items[0].rule != rule_get(i))
			fail_msg("%s: %zu findings, the first %s", rule_get(i)->id, found.count,
				found.count ? found.items[0].rule->id : "none");
		assert_int_equal(found.items[0].severity, rule_get(i)->severity);
	}
}

static void a_fixed_example_has_no_finding(void **state)
{
	(void)state;
	for (unsigned i = 0; i < RULE_COUNT; i++) {
		CLEANUP(findings_release) struct findings found = FINDINGS_INIT;

		judge(rule_get(i)->fixed, &found);
		if (found.count)
			fail_msg("%s: %s: %s", rule_get(i)->id, found.items[0].rule->id,
				found.items[0].detail);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rejected_example_has_the_finding),
		cmocka_unit_test(a_fixed_example_has_no_finding),
	};

	return cmocka_run_group_tests_name("examples", tests, NULL, NULL);
}
