#include "policy/decide.h"

#include <stdio.h>

#include "unit.h"

#define EVERYWHERE (POLICY_AT_ADMISSION | POLICY_AT_PROMOTION)
#define UNSET      ON_FAILURE_UNSET
#define BLOCK      ON_FAILURE_CHOOSE_BLOCK
#define WARN       ON_FAILURE_CHOOSE_WARN
#define ANY        0
#define ONLY_BLOCK POLICY_ALLOW_BLOCK
#define ONLY_WARN  POLICY_ALLOW_WARN

#define LIST(...)                                                                                  \
	{((const char *const[]){__VA_ARGS__}), ARRAY_SIZE(((const char *[]){__VA_ARGS__}))}
#define TASKS(...)                                                                                 \
	{((const struct policy_task[]){__VA_ARGS__}),                                              \
		ARRAY_SIZE(((const struct policy_task[]){__VA_ARGS__}))}
#define MATCH(...)                                                                                 \
	{((const struct policy *[]){__VA_ARGS__}),                                                 \
		ARRAY_SIZE(((const struct policy *[]){__VA_ARGS__}))}

/* As many as there are, in the order in which they speak. */
static struct policy_match match_of(const struct policy **at, size_t max)
{
	struct policy_match m = {at, 0};

	while (m.count < max && at[m.count])
		m.count++;
	return m;
}

static void assert_decision(size_t row, const struct failure_question *q, const char *want)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(200);
	struct failure_decision d = decide_failure(q);

	(void)buf_addf(&text, "%s by ", on_failure_name(d.value));
	failure_decision_text(&d, &text);
	if (strcmp(buf_str(&text), want) != 0)
		fail_msg("row %zu: \"%s\", not \"%s\"", row, buf_str(&text), want);
}

#define BY_OPTIONAL    " by the annotation promogate.dev/optional-tasks of the KeptnAppContext"
#define BY_APPLICATION " by the annotation promogate.dev/on-failure of the KeptnAppContext"
#define BY_DEFINITION  " by the annotation promogate.dev/on-failure of the KeptnTaskDefinition"
#define BY_CONFIG      " by KeptnConfig's blockDeployment"

static const struct policy silent = {
	.name = "silent", .actions = POLICY_DENY, .enforced_at = EVERYWHERE};
static const struct policy blocks = {.name = "blocks",
	.generation = 1,
	.actions = POLICY_DENY | POLICY_AUDIT,
	.enforced_at = EVERYWHERE,
	.failure = {BLOCK, ANY}};
static const struct policy warns = {.name = "warns",
	.generation = 7,
	.actions = POLICY_DENY,
	.enforced_at = EVERYWHERE,
	.failure = {WARN, ANY}};
static const struct policy block_only = {.name = "block-only",
	.actions = POLICY_DENY,
	.enforced_at = EVERYWHERE,
	.failure = {UNSET, ONLY_BLOCK}};
static const struct policy warn_only = {.name = "warn-only",
	.actions = POLICY_DENY,
	.enforced_at = EVERYWHERE,
	.failure = {UNSET, ONLY_WARN}};
static const struct policy audits = {.name = "audits",
	.actions = POLICY_WARN | POLICY_AUDIT,
	.enforced_at = EVERYWHERE,
	.failure = {WARN, ONLY_WARN}};
static const struct policy grandfathers = {.name = "grandfathers",
	.generation = 2,
	.actions = POLICY_DENY,
	.enforced_at = POLICY_AT_ADMISSION,
	.failure = {BLOCK, ONLY_BLOCK}};
static const struct policy_failure_of by_task[] = {
	{LIST("notify-*", "audit"), {WARN, ANY}},
	{LIST("open-*"), {UNSET, ONLY_BLOCK}},
	{LIST("*-pr"), {BLOCK, ANY}},
	{LIST("*"), {UNSET, ONLY_WARN}},
};
static const struct policy per_task = {.name = "per-task",
	.generation = 3,
	.actions = POLICY_DENY,
	.enforced_at = EVERYWHERE,
	.failure = {BLOCK, ONLY_BLOCK},
	.failures = by_task,
	.nfailures = ARRAY_SIZE(by_task)};

static void the_first_that_speaks_and_is_allowed_decides(void **state)
{
	static const struct {
		const char *optional, *app; /* annotations */
		enum on_failure_choice definition;
		const struct policy *policies[3];
		enum block_deployment config;
		const char *want;
	} rows[] = {
		/* Nobody, then each alone. */
		{NULL, NULL, UNSET, {NULL}, BLOCK_DEPLOYMENT_UNSET, "Block by default"},
		{NULL, NULL, UNSET, {NULL}, BLOCK_DEPLOYMENT_TRUE, "Block" BY_CONFIG},
		{NULL, NULL, UNSET, {NULL}, BLOCK_DEPLOYMENT_FALSE, "Warn" BY_CONFIG},
		{NULL, NULL, UNSET, {&warns}, BLOCK_DEPLOYMENT_UNSET, "Warn by policy warns@7"},
		{NULL, NULL, UNSET, {&blocks}, BLOCK_DEPLOYMENT_UNSET, "Block by policy blocks@1"},
		{NULL, NULL, WARN, {NULL}, BLOCK_DEPLOYMENT_UNSET, "Warn" BY_DEFINITION},
		{NULL, NULL, BLOCK, {NULL}, BLOCK_DEPLOYMENT_UNSET, "Block" BY_DEFINITION},
		{NULL, "Warn", UNSET, {NULL}, BLOCK_DEPLOYMENT_UNSET, "Warn" BY_APPLICATION},
		{NULL, "Block", UNSET, {NULL}, BLOCK_DEPLOYMENT_UNSET, "Block" BY_APPLICATION},
		{"task", NULL, UNSET, {NULL}, BLOCK_DEPLOYMENT_UNSET, "Warn" BY_OPTIONAL},
		/* Each before the next one. */
		{"task", "Block", UNSET, {NULL}, BLOCK_DEPLOYMENT_UNSET, "Warn" BY_OPTIONAL},
		{"other", "Block", WARN, {NULL}, BLOCK_DEPLOYMENT_UNSET, "Block" BY_APPLICATION},
		{NULL, "Warn", BLOCK, {&blocks}, BLOCK_DEPLOYMENT_TRUE, "Warn" BY_APPLICATION},
		{NULL, NULL, WARN, {&blocks}, BLOCK_DEPLOYMENT_TRUE, "Warn" BY_DEFINITION},
		{NULL, NULL, UNSET, {&warns}, BLOCK_DEPLOYMENT_TRUE, "Warn by policy warns@7"},
		{NULL, NULL, UNSET, {&blocks}, BLOCK_DEPLOYMENT_FALSE, "Block by policy blocks@1"},
		/* What is not a value counts as absent. */
		{NULL, "warn", UNSET, {NULL}, BLOCK_DEPLOYMENT_FALSE, "Warn" BY_CONFIG},
		{NULL, "", UNSET, {NULL}, BLOCK_DEPLOYMENT_UNSET, "Block by default"},
		/* Policies: the first that speaks. */
		{NULL, NULL, UNSET, {&silent, &warns}, BLOCK_DEPLOYMENT_TRUE,
			"Warn by policy warns@7"},
		{NULL, NULL, UNSET, {&silent}, BLOCK_DEPLOYMENT_FALSE, "Warn" BY_CONFIG},
		{NULL, NULL, UNSET, {&blocks, &warns}, BLOCK_DEPLOYMENT_UNSET,
			"Block by policy blocks@1"},
		{NULL, NULL, UNSET, {&warns, &blocks}, BLOCK_DEPLOYMENT_UNSET,
			"Warn by policy warns@7"},
		/* What a policy does not allow is skipped, whoever says it. */
		{"task", NULL, UNSET, {&block_only}, BLOCK_DEPLOYMENT_UNSET, "Block by default"},
		{"task", "Block", UNSET, {&block_only}, BLOCK_DEPLOYMENT_UNSET,
			"Block" BY_APPLICATION},
		{NULL, "Warn", BLOCK, {&block_only}, BLOCK_DEPLOYMENT_UNSET, "Block" BY_DEFINITION},
		{NULL, "Warn", WARN, {&block_only, &blocks}, BLOCK_DEPLOYMENT_UNSET,
			"Block by policy blocks@1"},
		{NULL, NULL, UNSET, {&warns, &block_only, &blocks}, BLOCK_DEPLOYMENT_UNSET,
			"Block by policy blocks@1"},
		{NULL, NULL, UNSET, {&warns, &block_only}, BLOCK_DEPLOYMENT_TRUE,
			"Block" BY_CONFIG},
		{NULL, NULL, UNSET, {&warns, &block_only}, BLOCK_DEPLOYMENT_FALSE,
			"Block by default"},
		{NULL, "Block", UNSET, {&warn_only}, BLOCK_DEPLOYMENT_FALSE, "Warn" BY_CONFIG},
		/* If nothing is allowed, Block. */
		{NULL, "Block", UNSET, {&warn_only}, BLOCK_DEPLOYMENT_TRUE, "Block by default"},
		{"task", "Block", WARN, {&block_only, &warn_only, &warns}, BLOCK_DEPLOYMENT_FALSE,
			"Block by default"},
		/* A policy that does not enforce changes nothing. */
		{NULL, NULL, UNSET, {&audits}, BLOCK_DEPLOYMENT_UNSET, "Block by default"},
		{NULL, "Block", UNSET, {&audits}, BLOCK_DEPLOYMENT_UNSET, "Block" BY_APPLICATION},
		{NULL, NULL, UNSET, {&audits, &blocks}, BLOCK_DEPLOYMENT_FALSE,
			"Block by policy blocks@1"},
		/* Enforced at admission only: its default counts, what it allows does not. */
		{NULL, "Warn", UNSET, {&grandfathers}, BLOCK_DEPLOYMENT_UNSET,
			"Warn" BY_APPLICATION},
		{NULL, NULL, UNSET, {&grandfathers}, BLOCK_DEPLOYMENT_FALSE,
			"Block by policy grandfathers@2"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct policy *at[3];
		struct policy_match match;
		struct subject s = {.on_failure = rows[i].app, .optional_tasks = rows[i].optional};

		memcpy(at, rows[i].policies, sizeof(at));
		match = match_of(at, ARRAY_SIZE(at));
		assert_decision(i,
			&(struct failure_question){&match, &s, "task", rows[i].definition,
				rows[i].config, POLICY_AT_PROMOTION},
			rows[i].want);
	}
}

static void what_is_allowed_depends_on_where_it_is_enforced(void **state)
{
	struct policy_match match = MATCH(&grandfathers);
	struct subject s = {.on_failure = "Warn"};
	struct failure_question q = {
		&match, &s, "task", UNSET, BLOCK_DEPLOYMENT_UNSET, POLICY_AT_ADMISSION};

	(void)state;
	assert_decision(0, &q, "Block by policy grandfathers@2");
	q.point = POLICY_AT_PROMOTION;
	assert_decision(1, &q, "Warn" BY_APPLICATION);
}

/* A field that the first entry lacks comes from the next that matches, at last from the policy. */
static void the_first_entry_that_matches_a_task_speaks_for_it(void **state)
{
	static const struct {
		const char *task;
		bool may_block, may_warn;
		const char *want;
	} rows[] = {
		{"notify-team", false, true, "Warn by policy per-task@3"},
		{"audit", false, true, "Warn by policy per-task@3"},
		{"notify-pr", false, true, "Warn by policy per-task@3"},
		{"open-pr", true, false, "Block by policy per-task@3"},
		{"open-issue", true, false, "Block by policy per-task@3"},
		{"merge-pr", false, true, "Warn" BY_CONFIG},
		{"audit-trail", false, true, "Warn" BY_CONFIG},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *task = rows[i].task;
		struct policy_match match = MATCH(&per_task);
		struct subject s = subject_of_app("shop", "cart");

		assert_int_equal(policy_allows_failure(&per_task, task, ON_FAILURE_BLOCK),
			rows[i].may_block);
		assert_int_equal(
			policy_allows_failure(&per_task, task, ON_FAILURE_WARN), rows[i].may_warn);
		assert_decision(i,
			&(struct failure_question){&match, &s, task, UNSET, BLOCK_DEPLOYMENT_FALSE,
				POLICY_AT_PROMOTION},
			rows[i].want);
	}
}

static void a_policy_that_is_silent_allows_anything(void **state)
{
	(void)state;
	assert_true(policy_allows_failure(&silent, "task", ON_FAILURE_BLOCK));
	assert_true(policy_allows_failure(&silent, "task", ON_FAILURE_WARN));
	assert_true(policy_allows_failure(&block_only, "task", ON_FAILURE_BLOCK));
	assert_false(policy_allows_failure(&block_only, "task", ON_FAILURE_WARN));
	assert_false(policy_allows_failure(&warn_only, "task", ON_FAILURE_BLOCK));
	assert_true(policy_allows_failure(&warn_only, "task", ON_FAILURE_WARN));
}

static void assert_added(const struct policy_match *match, const char *want)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(500);
	size_t count;
	CLEANUP(free_p) struct added_task *tasks = decide_added(match, &count);

	for (size_t i = 0; i < count; i++)
		(void)buf_addf(&text, "%s%s@%d ", tasks[i].name, tasks[i].shared ? "(shared)" : "",
			(int)tasks[i].since);
	assert_string_equal(buf_str(&text), want);
}

static void added_tasks_are_the_union(void **state)
{
	const struct policy first = {.name = "first",
		.actions = POLICY_DENY,
		.enforced_at = POLICY_AT_ADMISSION,
		.added = TASKS({"trail", true, 50}, {"mail", false, 0}, {"b", false, 9})};
	const struct policy second = {.name = "second",
		.actions = POLICY_DENY,
		.added = TASKS({"trail", false, 40}, {"mail", true, 7}, {"a", false, 0})};
	const struct policy third = {.name = "third",
		.actions = POLICY_DENY,
		.required = TASKS({"required", true, 0}),
		.added = TASKS({"b", false, 10}, {"a", false, 0})};
	const struct policy reports = {.name = "reports",
		.actions = POLICY_AUDIT,
		.added = TASKS({"c", true, 1}, {"b", true, 1})};
	struct policy_match nobody = {NULL, 0}, none = MATCH(&silent, &reports);
	struct policy_match one = MATCH(&first), two = MATCH(&first, &second);
	struct policy_match all = MATCH(&third, &reports, &second, &first);

	(void)state;
	assert_added(&nobody, "");
	assert_added(&none, "");
	assert_added(&one, "b@9 mail@0 trail(shared)@50 ");
	assert_added(&two, "a@0 b@9 mail(shared)@7 trail(shared)@40 ");
	assert_added(&all, "a@0 b@9 mail(shared)@7 trail(shared)@40 ");
}

static void a_task_is_shared_if_any_enforcing_policy_says_so(void **state)
{
	const struct policy any = {.actions = POLICY_DENY,
		.required = TASKS({"a", false, 0}),
		.added = TASKS({"b", false, 0})};
	const struct policy
		requires
	= {.actions = POLICY_DENY, .required = TASKS({"x", false, 0}, {"a", true, 0})};
	const struct policy adds = {.actions = POLICY_DENY, .added = TASKS({"b", true, 0})};
	const struct policy reports = {.actions = POLICY_WARN, .added = TASKS({"b", true, 0})};
	const struct {
		const struct policy *policies[2];
		const char *task;
		bool want;
	} rows[] = {
		{{NULL}, "a", false},
		{{&any}, "a", false},
		{{&any}, "b", false},
		{{&any, &requires}, "a", true},
		{{&requires, &any}, "a", true},
		{{&requires, &any}, "x", false},
		{{&any, &requires}, "b", false},
		{{&any, &adds}, "b", true},
		{{&any, &reports}, "b", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct policy *at[2];
		struct policy_match match;

		memcpy(at, rows[i].policies, sizeof(at));
		match = match_of(at, ARRAY_SIZE(at));
		if (decide_shared(&match, rows[i].task) != rows[i].want)
			fail_msg("row %zu", i);
	}
}

static void the_first_list_of_default_tasks_counts(void **state)
{
	const struct policy empty = {
		.actions = POLICY_DENY, .preferred = {(const char *const[]){NULL}, 0}};
	const struct policy two = {.actions = POLICY_DENY,
		.enforced_at = POLICY_AT_ADMISSION,
		.preferred = LIST("a", "b")};
	const struct policy reports = {.actions = POLICY_AUDIT, .preferred = LIST("c")};
	const struct {
		const struct policy *policies[3], *want;
	} rows[] = {
		{{NULL}, NULL},
		{{&silent}, NULL},
		{{&reports}, NULL},
		{{&silent, &two}, &two},
		{{&reports, &two, &empty}, &two},
		{{&empty, &two}, &empty},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct policy *at[3];
		struct policy_match match;

		memcpy(at, rows[i].policies, sizeof(at));
		match = match_of(at, ARRAY_SIZE(at));
		assert_ptr_equal(decide_default_tasks(&match), rows[i].want);
	}
}

static enum policy_strictness stricter(enum policy_strictness a, enum policy_strictness b)
{
	return a > b ? a : b;
}

/* All pairs, in both orders, where both, one or none of them enforces. */
static void the_strictest_decides_about_definitions(void **state)
{
	static const unsigned actions[] = {POLICY_DENY, POLICY_AUDIT};

	(void)state;
	for (int i = 0; i < 4 * 4 * 2 * 2; i++) {
		enum policy_strictness a = i & 3, b = i >> 2 & 3;
		struct policy first = {.actions = actions[i >> 4 & 1], .missing = a, .deletion = b};
		struct policy second = {.actions = actions[i >> 5], .missing = b, .deletion = a};
		struct policy_match match = MATCH(&first, &second);
		enum policy_strictness want = stricter(policy_enforces(&first) ? a : POLICY_SILENT,
			policy_enforces(&second) ? b : POLICY_SILENT);
		enum policy_strictness want_deletion =
			stricter(policy_enforces(&first) ? b : POLICY_SILENT,
				policy_enforces(&second) ? a : POLICY_SILENT);

		assert_int_equal(decide_missing(&match), want ? want : POLICY_STRICT_DENY);
		assert_int_equal(decide_deletion(&match),
			want_deletion ? want_deletion : POLICY_STRICT_WARN);
	}
}

static void without_policies_definitions_are_as_strict_as_built_in(void **state)
{
	struct policy_match nobody = {NULL, 0};

	(void)state;
	assert_int_equal(decide_missing(&nobody), POLICY_STRICT_DENY);
	assert_int_equal(decide_deletion(&nobody), POLICY_STRICT_WARN);
	assert_null(decide_default_tasks(&nobody));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_that_speaks_and_is_allowed_decides),
		cmocka_unit_test(what_is_allowed_depends_on_where_it_is_enforced),
		cmocka_unit_test(the_first_entry_that_matches_a_task_speaks_for_it),
		cmocka_unit_test(a_policy_that_is_silent_allows_anything),
		cmocka_unit_test(added_tasks_are_the_union),
		cmocka_unit_test(a_task_is_shared_if_any_enforcing_policy_says_so),
		cmocka_unit_test(the_first_list_of_default_tasks_counts),
		cmocka_unit_test(the_strictest_decides_about_definitions),
		cmocka_unit_test(without_policies_definitions_are_as_strict_as_built_in),
	};

	return cmocka_run_group_tests_name("decide", tests, NULL, NULL);
}
