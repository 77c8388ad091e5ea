#include "policy/satisfy.h"

#include "generate.h"
#include "policy/check.h"
#include "unit.h"

#define TASKS(...)                                                                                 \
	{((const struct policy_task[]){__VA_ARGS__}),                                              \
		ARRAY_SIZE(((const struct policy_task[]){__VA_ARGS__}))}
#define LIST(...)                                                                                  \
	{((const char *const[]){__VA_ARGS__}), ARRAY_SIZE(((const char *const[]){__VA_ARGS__}))}
#define ALLOWS(which) {ON_FAILURE_UNSET, (which)}

static const struct selector all = {NULL, 0};

#define POLICY(name_, ...) {.name = (name_), .namespaces = &all, __VA_ARGS__}

static const struct policy silent = POLICY("silent", .max = 0);
static const struct policy trail = POLICY("trail", .required = TASKS({"trail", true, 0}));
static const struct policy also_trail = POLICY("also", .required = TASKS({"trail", false, 0}));
static const struct policy adds = POLICY("adds", .added = TASKS({"trail", true, 0}));
static const struct policy defaults = POLICY("defaults", .preferred = LIST("trail"));
static const struct policy only_pr = POLICY("only-pr", .allowed = LIST("*-pr", "pr"));
static const struct policy nothing = POLICY("nothing", .allowed = {(const char *const[]){""}, 0});
static const struct policy trails = POLICY("trails", .allowed = LIST("tr*"));
static const struct policy one = POLICY("one", .max = 1);
static const struct policy two = POLICY(
	"two", .max = 2, .required = TASKS({"a", false, 0}), .added = TASKS({"b", false, 0}));
static const struct policy ab = POLICY("ab", .required = TASKS({"a", false, 0}, {"b", true, 0}));
static const struct policy block = POLICY("block", .failure = ALLOWS(POLICY_ALLOW_BLOCK));
static const struct policy warn = POLICY("warn", .failure = ALLOWS(POLICY_ALLOW_WARN));
static const struct policy both =
	POLICY("both", .failure = ALLOWS(POLICY_ALLOW_WARN | POLICY_ALLOW_BLOCK));
static const struct policy_failure_of trail_warns = {LIST("trail"), ALLOWS(POLICY_ALLOW_WARN)};
static const struct policy notify = POLICY(
	"notify", .failure = ALLOWS(POLICY_ALLOW_BLOCK), .failures = &trail_warns, .nfailures = 1);

static void assert_conflict(
	size_t row, const struct policy *p, const struct policy *other, const char *want)
{
	CLEANUP(buf_release) struct buf why = BUF_INIT(500);
	bool got = satisfy_conflict(p, other, &why);

	if (got != (want != NULL) || strcmp(buf_str(&why), want ? want : "") != 0)
		fail_msg("row %zu: \"%s\", not \"%s\"", row, buf_str(&why), want);
}

static void a_pair_that_nothing_satisfies_says_why(void **state)
{
	static const struct {
		const struct policy *a, *b;
		const char *of_a, *of_b; /* NULL: something satisfies both */
	} rows[] = {
		{&silent, &silent, NULL, NULL},
		{&silent, &trail, NULL, NULL},
		/* Required, and not allowed. */
		{&trail, &also_trail, NULL, NULL},
		{&trail, &only_pr,
			"requires the task \"trail\", which policy \"only-pr\" does not allow",
			"does not allow the task \"trail\", which policy \"trail\" requires"},
		{&trail, &nothing,
			"requires the task \"trail\", which policy \"nothing\" does not allow",
			"does not allow the task \"trail\", which policy \"trail\" requires"},
		{&trail, &trails, NULL, NULL},
		{&only_pr, &trails, NULL, NULL},
		/* What one adds is in no list, and a list may differ from the default. */
		{&adds, &only_pr, NULL, NULL},
		{&defaults, &only_pr, NULL, NULL},
		/* Too many. */
		{&one, &trail, NULL, NULL},
		{&one, &ab,
			"allows at most 1 tasks; with those that policy \"ab\" requires, there are 2",
			"requires tasks of which policy \"one\" allows at most 1; there are 2"},
		{&two, &ab, NULL, NULL},
		{&two, &trail,
			"allows at most 2 tasks; with those that policy \"trail\" requires, there are 3",
			"requires tasks of which policy \"two\" allows at most 2; there are 3"},
		{&one, &adds, NULL, NULL},
		/* Values of on-failure. */
		{&block, &both, NULL, NULL},
		{&block, &block, NULL, NULL},
		{&block, &warn, "allows no value of on-failure that policy \"warn\" allows",
			"allows no value of on-failure that policy \"block\" allows"},
		{&block, &notify, NULL, NULL},
		{&warn, &notify, NULL, NULL},
		{&notify, &trail, NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_conflict(i, rows[i].a, rows[i].b, rows[i].of_a);
		assert_conflict(i, rows[i].b, rows[i].a, rows[i].of_b);
	}
}

static void a_required_task_needs_a_value_of_on_failure(void **state)
{
	struct policy blocked = block;

	(void)state;
	blocked.required = trail.required;
	assert_conflict(0, &blocked, &notify,
		"allows no value of on-failure for the task \"trail\" that policy \"notify\" allows");
	assert_conflict(1, &notify, &blocked,
		"allows no value of on-failure for the task \"trail\" that policy \"block\" allows");
}

#define VALUES(...)                                                                                \
	((const char *const[]){__VA_ARGS__}), ARRAY_SIZE(((const char *const[]){__VA_ARGS__}))

static const struct selector_requirement is_prod = {"env", SELECTOR_IN, VALUES("prod")};
static const struct selector_requirement is_dev = {"env", SELECTOR_IN, VALUES("dev", "test")};
static const struct selector_requirement is_test = {"env", SELECTOR_IN, VALUES("test", "prod")};
static const struct selector_requirement not_prod = {"env", SELECTOR_NOT_IN, VALUES("prod")};
static const struct selector_requirement has_env = {"env", SELECTOR_EXISTS, NULL, 0};
static const struct selector_requirement no_env = {"env", SELECTOR_DOES_NOT_EXIST, NULL, 0};
static const struct selector_requirement is_gold = {"tier", SELECTOR_IN, VALUES("gold")};
static const struct selector_requirement gold_dev[] = {
	{"tier", SELECTOR_IN, VALUES("gold")}, {"env", SELECTOR_IN, VALUES("dev")}};

static void a_pair_that_never_matches_the_same_has_no_conflict(void **state)
{
	static const struct {
		struct selector a, b;
		bool exclude;
	} rows[] = {
		{{NULL, 0}, {NULL, 0}, false},
		{{NULL, 0}, {&is_prod, 1}, false},
		{{&is_prod, 1}, {&is_prod, 1}, false},
		{{&is_prod, 1}, {&is_dev, 1}, true},
		{{&is_prod, 1}, {&is_test, 1}, false},
		{{&is_dev, 1}, {&is_test, 1}, false},
		{{&is_prod, 1}, {&not_prod, 1}, true},
		{{&is_dev, 1}, {&not_prod, 1}, false},
		{{&is_test, 1}, {&not_prod, 1}, false},
		{{&is_prod, 1}, {&has_env, 1}, false},
		{{&is_prod, 1}, {&no_env, 1}, true},
		{{&has_env, 1}, {&no_env, 1}, true},
		{{&not_prod, 1}, {&no_env, 1}, false},
		{{&not_prod, 1}, {&has_env, 1}, false},
		{{&not_prod, 1}, {&not_prod, 1}, false},
		{{&no_env, 1}, {&no_env, 1}, false},
		{{&is_prod, 1}, {&is_gold, 1}, false},
		{{&is_prod, 1}, {gold_dev, 2}, true},
		{{&is_gold, 1}, {gold_dev, 2}, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows) * 2; i++) {
		const struct selector *a = &rows[i / 2].a, *b = &rows[i / 2].b;
		CLEANUP(buf_release) struct buf why = BUF_INIT(500);
		struct policy p = block, other = warn;

		p.namespaces = i % 2 ? a : &all;
		other.namespaces = i % 2 ? b : &all;
		p.apps = i % 2 ? NULL : a;
		other.apps = i % 2 ? NULL : b;
		if (satisfy_conflict(&p, &other, &why) == rows[i / 2].exclude ||
			satisfy_conflict(&other, &p, &why) == rows[i / 2].exclude)
			fail_msg("row %zu", i / 2);
	}
}

static void a_policy_for_all_applications_excludes_none(void **state)
{
	static const struct selector prod = {&is_prod, 1};
	CLEANUP(buf_release) struct buf why = BUF_INIT(500);
	struct policy p = block;

	(void)state;
	p.apps = &prod;
	assert_true(satisfy_conflict(&p, &warn, &why));
	assert_true(satisfy_conflict(&warn, &p, &why));
}

/* Any order gives the same answer, so the status of both says so. */
static void it_is_symmetric(void **state)
{
	struct dice dice = {.seed = 1};

	(void)state;
	for (int i = 0; i < 20000; i++) {
		CLEANUP(buf_release) struct buf why = BUF_INIT(500);
		CLEANUP(buf_release) struct buf other = BUF_INIT(500);
		struct generated a, b;
		uint64_t from = dice.seed;

		generate_policy(&a, &dice, 0, &all, 1);
		generate_policy(&b, &dice, 1, &all, 1);
		if (satisfy_conflict(&a.p, &b.p, &why) != satisfy_conflict(&b.p, &a.p, &other))
			fail_msg("seed %ju: \"%s\", \"%s\"", (uintmax_t)from, buf_str(&why),
				buf_str(&other));
	}
}

static void count_violation(void *ctx, const struct violation *v)
{
	(void)v;
	++*(size_t *)ctx;
}

static size_t violations(
	const struct policy *a, const struct policy *b, unsigned tasks, const char *on_failure)
{
	struct subject s = subject_of_app("shop", "cart");
	const char *names[ARRAY_SIZE(generate_tasks)];
	size_t count = 0;

	s.on_failure = on_failure;
	s.tasks[PROMOTION_TASKS] = (struct subject_tasks){true, names, 0};
	for (size_t i = 0; i < ARRAY_SIZE(generate_tasks); i++)
		if (tasks & (1U << i))
			names[s.tasks[PROMOTION_TASKS].count++] = generate_tasks[i];
	policy_check(a, &s, NULL, count_violation, &count);
	policy_check(b, &s, NULL, count_violation, &count);
	return count;
}

/* Every list of tasks, with either choice of what a failed one means, violates one of the two. */
static void what_it_says_is_true(void **state)
{
	static const char *const choices[] = {"Block", "Warn"};
	struct dice dice = {.seed = 1};
	size_t conflicts = 0;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		CLEANUP(buf_release) struct buf why = BUF_INIT(500);
		struct generated a, b;

		generate_policy(&a, &dice, 0, &all, 1);
		generate_policy(&b, &dice, 1, &all, 1);
		if (!satisfy_conflict(&a.p, &b.p, &why))
			continue;
		conflicts++;
		for (unsigned tasks = 1; tasks < 1U << ARRAY_SIZE(generate_tasks); tasks++)
			for (size_t j = 0; j < ARRAY_SIZE(choices); j++)
				if (!violations(&a.p, &b.p, tasks, choices[j]))
					fail_msg("%s, but %x satisfies both", buf_str(&why), tasks);
	}
	assert_in_range(conflicts, 1000, 19000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pair_that_nothing_satisfies_says_why),
		cmocka_unit_test(a_required_task_needs_a_value_of_on_failure),
		cmocka_unit_test(a_pair_that_never_matches_the_same_has_no_conflict),
		cmocka_unit_test(a_policy_for_all_applications_excludes_none),
		cmocka_unit_test(it_is_symmetric),
		cmocka_unit_test(what_it_says_is_true),
	};

	return cmocka_run_group_tests_name("satisfy", tests, NULL, NULL);
}
