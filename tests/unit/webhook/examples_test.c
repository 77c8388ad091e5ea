/*
 * Judges the examples of the rule table, and so of docs/rules.md: the object of the request, then
 * what exists.
 */
#include "admission/judge.h"
#include "admission/judge_policy.h"
#include "admission/protect.h"
#include "admission/rules.h"
#include "base/str.h"
#include "unit.h"
#include "yaml/yaml.h"

struct example {
	struct yaml_doc object;
	struct definitions definitions;
	struct policies policies;
	struct strmap contexts; /* names to struct subject */
};

static void example_release(struct example *e)
{
	yaml_doc_release(&e->object);
	definitions_release(&e->definitions);
	policies_release(&e->policies);
	strmap_release(&e->contexts);
}

static const char *namespace_of(const struct json *object)
{
	return json_string(json_at(object, "metadata", "namespace"));
}

static void learn(struct example *e, const struct json *object)
{
	const char *kind = json_string(json_get(object, "kind"));
	const char *name = json_string(json_at(object, "metadata", "name"));

	if (str_eq(kind, TASKDEF_KIND)) {
		definitions_put(
			&e->definitions, namespace_of(object), name, taskdef_decode(object));
	} else if (str_eq(kind, APPCONTEXT_KIND)) {
		strmap_put(&e->contexts, name, subject_decode(object, namespace_of(object)));
	} else {
		struct policy *p = policy_decode(object);

		assert_non_null(p);
		policies_put(&e->policies, p);
	}
}

struct visit {
	known_visit_fn *visit;
	void *ctx;
};

static void visit_context(void *ctx, const char *name, void *subject)
{
	struct visit *v = ctx;

	(void)name;
	(void)v->visit(v->ctx, subject);
}

static void contexts(const void *ctx, const char *ns, known_visit_fn *visit, void *visit_ctx)
{
	const struct example *e = ctx;
	struct visit v = {visit, visit_ctx};

	(void)ns;
	strmap_walk(&e->contexts, visit_context, &v);
}

static const struct labels *labels(const void *ctx, const char *ns)
{
	static const struct labels none = {.count = 0};

	(void)ctx;
	(void)ns;
	return &none;
}

static void read_example(const char *text, struct example *e)
{
	CLEANUP(yaml_stream_free_p) struct yaml_stream *stream = NULL;
	struct err err = ERR_INIT;
	int more;

	*e = (struct example){YAML_DOC_INIT, DEFINITIONS_INIT, POLICIES_INIT, STRMAP_INIT(free)};
	assert_int_equal(yaml_open(text, strlen(text), &stream, &err), 0);
	assert_int_equal(yaml_next(stream, &e->object, &err), 0);
	do {
		CLEANUP(yaml_doc_release) struct yaml_doc doc = YAML_DOC_INIT;

		more = yaml_next(stream, &doc, &err);
		if (more < 0)
			fail_msg("%s\n%s", err.msg, text);
		if (more == 0)
			learn(e, doc.root);
	} while (more == 0);
}

static void judge_context(const struct json *object, const struct known *known, struct findings *to)
{
	CLEANUP(applied_release) struct applied a = {.now = NULL};
	const struct review r = {
		.operation = REVIEW_CREATE, .namespace = namespace_of(object), .object = object};
	struct appcontext app;

	applied_read(&r, known, &a);
	appcontext_read(object, r.namespace, &app);
	judge_appcontext(&app, &a, known, to);
}

/* It is created, or deleted if that is the rule's subject. */
static void judge_definition(const struct json *object, enum rule_id rule,
	const struct known *known, struct findings *to)
{
	CLEANUP(protection_release) struct protection p = PROTECTION_INIT;
	struct review r = {.operation = REVIEW_CREATE,
		.name = json_string(json_at(object, "metadata", "name")),
		.namespace = namespace_of(object),
		.object = object};

	if (rule == PG201) {
		r.operation = REVIEW_DELETE;
		r.old_object = STEAL(r.object);
	}
	protect(&r, known, &p, to);
}

static void judge(enum rule_id rule, const char *text, struct findings *to)
{
	CLEANUP(strmap_release) struct strmap nobody = STRMAP_INIT(NULL);
	CLEANUP(example_release) struct example e;
	struct known known = {
		.keptn_namespace = "keptn-system",
		.lenient_managers = &nobody,
		.lenient_users = &nobody,
		.max_promotion_tasks = 2,
	};
	struct surroundings around = {&e.policies, labels, contexts, &e};

	const char *kind, *version;

	read_example(text, &e);
	kind = json_string(json_get(e.object.root, "kind"));
	version = json_string(json_get(e.object.root, "apiVersion"));
	known.cached = known.confirmed = &e.definitions;
	known.around = &around;
	assert_string_equal(
		version, str_eq(kind, POLICY_KIND) ? POLICY_API_VERSION : "lifecycle.keptn.sh/v1");
	if (str_eq(kind, POLICY_KIND))
		judge_policy(e.object.root, to);
	else if (str_eq(kind, TASKDEF_KIND))
		judge_definition(e.object.root, rule, &known, to);
	else
		judge_context(e.object.root, &known, to);
}

static void a_rejected_example_has_the_finding(void **state)
{
	(void)state;
	for (unsigned i = 0; i < RULE_COUNT; i++) {
		CLEANUP(findings_release) struct findings found = FINDINGS_INIT;

		judge(i, rule_get(i)->rejected, &found);
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

		judge(i, rule_get(i)->fixed, &found);
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
