#include "policy/audit.h"

#include <stdlib.h>

#include "json/json.h"
#include "unit.h"

static const struct selector everything = {.count = 0};

/* Requires nothing, allows "a" only. */
static const struct policy only_a = {.name = "only-a",
	.actions = POLICY_AUDIT,
	.namespaces = &everything,
	.allowed = {(const char *const[]){"a"}, 1}};

static void add(struct audit *a, const char *name, const char *tasks)
{
	CLEANUP(free_p)
	char *text = xasprintf("{\"metadata\":{\"namespace\":\"dev\",\"name\":\"%s\"},"
			       "\"spec\":{\"promotionTasks\":[%s]}}",
		name, tasks);
	CLEANUP(json_free_p) struct json *object = NULL;
	CLEANUP(free_p) struct subject *s = NULL;

	assert_int_equal(json_parse(text, strlen(text), &object, NULL), 0);
	s = subject_decode(object, "dev");
	audit_add(a, &only_a, s, NULL);
}

static void counts_contexts_and_violations(void **state)
{
	CLEANUP(audit_release) struct audit a = AUDIT_INIT;

	(void)state;
	add(&a, "good", "\"a\"");
	add(&a, "one", "\"a\",\"b\"");
	add(&a, "two", "\"c\",\"d\"");
	assert_int_equal(a.contexts, 3);
	assert_int_equal(a.total, 3);
	assert_int_equal(a.by_rule[POLICY_RULE_ALLOWED], 3);
	assert_int_equal(a.count, 3);
	assert_string_equal(a.first[0].namespace, "dev");
	assert_string_equal(a.first[0].name, "one");
	assert_string_equal(a.first[0].field, "spec.promotionTasks[1]");
	assert_says(a.first[0].message, "\"b\": policy \"only-a\": ");
	assert_string_equal(a.first[2].field, "spec.promotionTasks[1]");
}

static void keeps_the_first_and_counts_the_rest(void **state)
{
	CLEANUP(audit_release) struct audit a = AUDIT_INIT;

	(void)state;
	for (int i = 0; i < 30; i++) {
		CLEANUP(free_p) char *name = xasprintf("app-%02d", i);

		add(&a, name, "\"b\"");
	}
	assert_int_equal(a.total, 30);
	assert_int_equal(a.count, LIMIT_POLICY_VIOLATIONS);
	assert_string_equal(a.first[LIMIT_POLICY_VIOLATIONS - 1].name, "app-19");
}

static void cuts_long_messages_between_characters(void **state)
{
	CLEANUP(audit_release) struct audit a = AUDIT_INIT;
	struct policy p = only_a;
	char message[3 * LIMIT_POLICY_VIOLATION_BYTES + 1];
	const struct subject s = {.namespace = "dev",
		.name = "x",
		.tasks[PROMOTION_TASKS] = {true, (const char *const[]){"b"}, 1}};

	(void)state;
	for (size_t i = 0; i < sizeof(message) - 1; i += 3)
		memcpy(message + i, "\xe2\x82\xac", 4);
	p.message = message;
	audit_add(&a, &p, &s, NULL);
	assert_in_range(strlen(a.first[0].message), LIMIT_POLICY_VIOLATION_BYTES - 2,
		LIMIT_POLICY_VIOLATION_BYTES);
	assert_string_equal(a.first[0].message + strlen(a.first[0].message) - 3, "\xe2\x82\xac");
}

static void says_what_the_policy_does(void **state)
{
	static const struct {
		unsigned actions;
		const char *want;
	} rows[] = {
		{POLICY_DENY, "Deny"},
		{POLICY_DENY | POLICY_AUDIT, "Deny"},
		{POLICY_WARN, "Warn"},
		{POLICY_WARN | POLICY_AUDIT, "Warn"},
		{POLICY_AUDIT, "Audit"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_string_equal(
			audit_action(&(struct policy){.actions = rows[i].actions}), rows[i].want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_contexts_and_violations),
		cmocka_unit_test(keeps_the_first_and_counts_the_rest),
		cmocka_unit_test(cuts_long_messages_between_characters),
		cmocka_unit_test(says_what_the_policy_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
