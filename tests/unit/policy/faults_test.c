#include "policy/faults.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "policy/policy.h"
#include "unit.h"

static void add_fault(void *ctx, enum policy_fault fault, enum fielderr_type type,
	const char *field, const char *value, const char *detail)
{
	static const char *const names[POLICY_FAULT_COUNT] = {
		[POLICY_FAULT_TYPE] = "TYPE",
		[POLICY_FAULT_SELECTOR] = "SELECTOR",
		[POLICY_FAULT_NAME] = "NAME",
		[POLICY_FAULT_ON_FAILURE] = "ON_FAILURE",
		[POLICY_FAULT_TASKS] = "TASKS",
		[POLICY_FAULT_MAX] = "MAX",
	};

	(void)type;
	assert_true(strlen(detail) > 10);
	(void)buf_addf(ctx, "%s %s \"%s\"\n", names[fault], field, value);
}

static void check(const char *object, const char *faults)
{
	CLEANUP(buf_release) struct buf found = BUF_INIT(LIMIT_DETAIL_BYTES);
	CLEANUP(json_free_p) struct json *j = NULL;
	CLEANUP(policy_unref_p) struct policy *p = NULL;
	struct err err = ERR_INIT;

	if (json_parse(object, strlen(object), &j, &err) < 0)
		fail_msg("%s: %s", object, err.msg);
	policy_faults(j, add_fault, &found);
	if (!str_eq(buf_str(&found), faults))
		fail_msg("%s:\n%sinstead of:\n%s", object, buf_str(&found), faults);
	p = policy_decode(j);
	assert_int_equal(p != NULL, !found.len);
}

struct row {
	const char *members, *faults;
};

/* members: of a spec that has what is required already. */
static void check_rows(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		CLEANUP(free_p)
		char *object = xasprintf("{\"spec\":{\"namespaceSelector\":{},"
					 "\"validationActions\":[\"Deny\"]%s%s}}",
			*rows[i].members ? "," : "", rows[i].members);

		check(object, rows[i].faults);
	}
}

#define CHECK_ROWS(rows)    check_rows(rows, ARRAY_SIZE(rows))
#define ON_FAILURE(members) "\"onFailure\":{" members "}"
#define TASKS(members)      "\"promotionTasks\":{" members "}"

static void what_is_required_must_be_there(void **state)
{
	(void)state;
	check("{}", "TYPE spec \"null\"\n");
	check("7", "TYPE spec \"null\"\n");
	check("{\"spec\":[]}", "TYPE spec \"array\"\n");
	check("{\"spec\":{}}", "TYPE spec.namespaceSelector \"null\"\n"
			       "TYPE spec.validationActions \"null\"\n");
	check("{\"spec\":{\"namespaceSelector\":null,\"validationActions\":[]}}",
		"TYPE spec.namespaceSelector \"null\"\nTYPE spec.validationActions \"0\"\n");
}

static void types_and_bounds_are_those_of_the_schema(void **state)
{
	static const struct row rows[] = {
		{"", ""},
		{"\"priority\":0,\"unknown\":7", ""},
		{"\"priority\":1001", "TYPE spec.priority \"1001\"\n"},
		{"\"priority\":-1", "TYPE spec.priority \"-1\"\n"},
		{"\"priority\":1.5", "TYPE spec.priority \"number\"\n"},
		{"\"priority\":\"7\"", "TYPE spec.priority \"7\"\n"},
		{"\"enforcedAt\":[]", ""},
		{"\"enforcedAt\":[\"Promotion\",\"Nowhere\"]",
			"TYPE spec.enforcedAt[1] \"Nowhere\"\n"},
		{"\"enforcedAt\":\"Promotion\"", "TYPE spec.enforcedAt \"Promotion\"\n"},
		{"\"message\":7", "TYPE spec.message \"number\"\n"},
		{"\"appSelector\":[]", "TYPE spec.appSelector \"array\"\n"},
		{"\"appSelector\":null", ""},
		{ON_FAILURE("\"default\":\"warn\""), "TYPE spec.onFailure.default \"warn\"\n"},
		{ON_FAILURE("\"allowed\":[]"), "TYPE spec.onFailure.allowed \"0\"\n"},
		{ON_FAILURE("\"tasks\":[7,{}]"), "TYPE spec.onFailure.tasks[0] \"number\"\n"
						 "TYPE spec.onFailure.tasks[1].names \"null\"\n"},
		{ON_FAILURE("\"tasks\":[{\"names\":[7],\"default\":true}]"),
			"TYPE spec.onFailure.tasks[0].names[0] \"number\"\n"
			"TYPE spec.onFailure.tasks[0].default \"boolean\"\n"},
		{TASKS("\"required\":[{}],\"added\":[{\"name\":\"a\",\"source\":\"x\"}]"),
			"TYPE spec.promotionTasks.required[0].name \"null\"\n"
			"TYPE spec.promotionTasks.added[0].source \"x\"\n"},
		{TASKS("\"max\":0"), "TYPE spec.promotionTasks.max \"0\"\n"},
		{TASKS("\"max\":257"), "TYPE spec.promotionTasks.max \"257\"\n"},
		{"\"definitions\":{\"missing\":\"Allow\"}",
			"TYPE spec.definitions.missing \"Allow\"\n"},
		{"\"definitions\":{\"deletion\":\"Allow\"}", ""},
	};

	(void)state;
	CHECK_ROWS(rows);
}

static void selectors_are_checked(void **state)
{
	static const struct row rows[] = {
		{"\"appSelector\":{\"matchLabels\":{\"a b\":\"c\"}}",
			"SELECTOR spec.appSelector.matchLabels \"a b\"\n"},
		{"\"appSelector\":{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"Is\"}]}",
			"SELECTOR spec.appSelector.matchExpressions[0].operator \"Is\"\n"},
	};

	(void)state;
	CHECK_ROWS(rows);
	check("{\"spec\":{\"namespaceSelector\":{\"matchLabels\":{\"a\":\"-\"}},"
	      "\"validationActions\":[\"Deny\"]}}",
		"SELECTOR spec.namespaceSelector.matchLabels[a] \"-\"\n");
}

static void names_and_globs_are_checked(void **state)
{
	static const struct row rows[] = {
		{ON_FAILURE("\"tasks\":[{\"names\":[\"a*\"]},{\"names\":[\"a\",\"A\"]}]"),
			"NAME spec.onFailure.tasks[1].names[1] \"A\"\n"},
		{TASKS("\"required\":[{\"name\":\"a*\"}]"),
			"NAME spec.promotionTasks.required[0].name \"a*\"\n"},
		{TASKS("\"added\":[{\"name\":\"a\"},{\"name\":\"\"}]"),
			"NAME spec.promotionTasks.added[1].name \"\"\n"},
		{TASKS("\"default\":[\"A\"]"), "NAME spec.promotionTasks.default[0] \"A\"\n"},
		{TASKS("\"allowed\":[\"*\",\"a?\"]"),
			"NAME spec.promotionTasks.allowed[1] \"a?\"\n"},
	};

	(void)state;
	CHECK_ROWS(rows);
}

static void a_default_must_be_allowed(void **state)
{
	static const struct row rows[] = {
		{ON_FAILURE("\"default\":\"Warn\",\"allowed\":[\"Warn\"]"), ""},
		{ON_FAILURE("\"default\":\"Warn\",\"allowed\":[\"Block\"]"),
			"ON_FAILURE spec.onFailure.default \"Warn\"\n"},
		/* an entry's own `allowed` speaks before the policy's */
		{ON_FAILURE("\"allowed\":[\"Block\"],\"tasks\":["
			    "{\"names\":[\"a\"],\"default\":\"Warn\",\"allowed\":[\"Warn\"]}]"),
			""},
		{ON_FAILURE("\"allowed\":[\"Block\"],\"tasks\":["
			    "{\"names\":[\"a\"],\"default\":\"Warn\"}]"),
			"ON_FAILURE spec.onFailure.tasks[0].default \"Warn\"\n"},
		/* so does an earlier entry's */
		{ON_FAILURE("\"tasks\":[{\"names\":[\"a*\"],\"allowed\":[\"Block\"]},"
			    "{\"names\":[\"a*b\"],\"default\":\"Warn\",\"allowed\":[\"Warn\"]}]"),
			"ON_FAILURE spec.onFailure.tasks[1].default \"Warn\"\n"},
		/* a default that an earlier one hides for each of its names does no harm */
		{ON_FAILURE("\"tasks\":[{\"names\":[\"a*\"],\"default\":\"Block\","
			    "\"allowed\":[\"Block\"]},{\"names\":[\"ab\"],\"default\":\"Warn\"}]"),
			""},
		{ON_FAILURE("\"tasks\":[{\"names\":[\"a\"],\"default\":\"Block\","
			    "\"allowed\":[\"Block\"]},{\"names\":[\"*\"],\"default\":\"Warn\","
			    "\"allowed\":[\"Warn\"]}]"),
			""},
	};

	(void)state;
	CHECK_ROWS(rows);
}

static void lists_of_tasks_must_not_contradict_each_other(void **state)
{
	static const struct row rows[] = {
		{TASKS("\"required\":[{\"name\":\"open-pr\"}],\"allowed\":[\"open-*\"]"), ""},
		{TASKS("\"required\":[{\"name\":\"a\"},{\"name\":\"b\"}],\"allowed\":[\"a\"]"),
			"TASKS spec.promotionTasks.required[1].name \"b\"\n"},
		{TASKS("\"required\":[{\"name\":\"a\"}],\"allowed\":[]"),
			"TASKS spec.promotionTasks.required[0].name \"a\"\n"},
		{TASKS("\"default\":[\"a\",\"b\"],\"allowed\":[\"b\"]"),
			"TASKS spec.promotionTasks.default[0] \"a\"\n"},
		{TASKS("\"default\":[\"a\"],\"required\":[{\"name\":\"b\"}]"),
			"TASKS spec.promotionTasks.required[0].name \"b\"\n"},
		{TASKS("\"default\":[],\"required\":[{\"name\":\"b\"}]"), ""},
		/* `allowed` is about an application's own list */
		{TASKS("\"added\":[{\"name\":\"audit\"}],\"allowed\":[\"a\"]"), ""},
	};

	(void)state;
	CHECK_ROWS(rows);
}

static void max_leaves_room_for_the_policys_own_tasks(void **state)
{
	static const struct row rows[] = {
		{TASKS("\"required\":[{\"name\":\"a\"}],\"added\":[{\"name\":\"b\"}],\"max\":2"),
			""},
		{TASKS("\"required\":[{\"name\":\"a\"}],\"added\":[{\"name\":\"b\"}],\"max\":1"),
			"MAX spec.promotionTasks.max \"1\"\n"},
		{TASKS("\"required\":[{\"name\":\"a\"}],\"added\":[{\"name\":\"a\"}],\"max\":1"),
			""},
		{TASKS("\"default\":[\"a\",\"b\"],\"max\":1"),
			"MAX spec.promotionTasks.max \"1\"\n"},
		{TASKS("\"default\":[\"a\"],\"added\":[{\"name\":\"b\"}],\"max\":1"),
			"MAX spec.promotionTasks.max \"1\"\n"},
	};

	(void)state;
	CHECK_ROWS(rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_required_must_be_there),
		cmocka_unit_test(types_and_bounds_are_those_of_the_schema),
		cmocka_unit_test(selectors_are_checked),
		cmocka_unit_test(names_and_globs_are_checked),
		cmocka_unit_test(a_default_must_be_allowed),
		cmocka_unit_test(lists_of_tasks_must_not_contradict_each_other),
		cmocka_unit_test(max_leaves_room_for_the_policys_own_tasks),
	};

	return cmocka_run_group_tests_name("faults", tests, NULL, NULL);
}
