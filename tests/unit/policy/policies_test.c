#include "policy/policies.h"

#include "base/buf.h"
#include "unit.h"

static const struct selector everything = {NULL, 0};

/* Never freed: it has more references than a test gives away. */
static struct policy made(const char *name, int64_t priority)
{
	return (struct policy){
		.name = name, .priority = priority, .namespaces = &everything, .refs = 100};
}

static void assert_order(const struct policies *p, const char *want)
{
	CLEANUP(buf_release) struct buf names = BUF_INIT(100);

	for (size_t i = 0; i < p->count; i++)
		(void)buf_addf(&names, "%s ", p->at[i]->name);
	assert_string_equal(buf_str(&names), want);
}

static void they_speak_by_priority_and_then_by_name(void **state)
{
	static const size_t orders[][4] = {{0, 1, 2, 3}, {3, 2, 1, 0}, {2, 0, 3, 1}, {1, 3, 0, 2}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
		struct policy all[] = {made("z", 1000), made("b", 5), made("a", 5), made("A", 0)};
		CLEANUP(policies_release) struct policies p = POLICIES_INIT;

		for (size_t j = 0; j < ARRAY_SIZE(all); j++)
			policies_put(&p, &all[orders[i][j]]);
		assert_order(&p, "z a b A ");
	}
}

static void one_of_the_same_name_is_replaced(void **state)
{
	struct policy a = made("a", 1), b = made("b", 2), again = made("a", 3);
	CLEANUP(policies_release) struct policies p = POLICIES_INIT;

	(void)state;
	policies_put(&p, &a);
	policies_put(&p, &b);
	assert_order(&p, "b a ");
	policies_put(&p, &again);
	assert_order(&p, "a b ");
	assert_ptr_equal(policies_find(&p, "a"), &again);
	assert_int_equal(a.refs, 99);
	assert_int_equal(again.refs, 100);
}

static void one_is_removed_by_its_name(void **state)
{
	struct policy a = made("a", 0), b = made("b", 0), c = made("c", 0);
	CLEANUP(policies_release) struct policies p = POLICIES_INIT;

	(void)state;
	policies_put(&p, &a);
	policies_put(&p, &b);
	policies_put(&p, &c);
	policies_remove(&p, "none");
	policies_remove(&p, "b");
	policies_remove(&p, "b");
	assert_order(&p, "a c ");
	assert_null(policies_find(&p, "b"));
	assert_int_equal(b.refs, 99);
	policies_put(&p, &b);
	assert_order(&p, "a b c ");
}

static void many_are_kept(void **state)
{
	struct policy all[100];
	char names[100][8];
	CLEANUP(policies_release) struct policies p = POLICIES_INIT;

	(void)state;
	for (int i = 0; i < 100; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "p%02d", i * 37 % 100);
		all[i] = made(names[i], 0);
		policies_put(&p, &all[i]);
	}
	assert_int_equal(p.count, 100);
	for (int i = 0; i < 100; i++)
		assert_int_equal(p.at[i]->name[1] * 10 + p.at[i]->name[2], i + '0' * 11);
}

static const char *const prod[] = {"prod"};
static const struct selector_requirement is_prod = {"env", SELECTOR_IN, prod, 1};
static const struct selector prod_namespaces = {&is_prod, 1};
static const char *const gold[] = {"gold"};
static const struct selector_requirement is_gold = {"tier", SELECTOR_IN, gold, 1};
static const struct selector gold_apps = {&is_gold, 1};
static const struct selector_requirement not_gold = {"tier", SELECTOR_NOT_IN, gold, 1};
static const struct selector other_apps = {&not_gold, 1};

static void namespaces_and_applications_must_match(void **state)
{
	static const struct label env_prod = {"env", "prod"}, env_dev = {"env", "dev"};
	static const struct label tier_gold = {"tier", "gold"};
	static const struct labels none = {NULL, 0}, in_prod = {&env_prod, 1},
				   in_dev = {&env_dev, 1}, is_of_gold = {&tier_gold, 1};
	static const struct {
		const struct selector *namespaces, *apps;
		const struct labels *ns, *now, *old; /* old NULL: a create */
		bool want;
	} rows[] = {
		{&everything, NULL, &none, &none, NULL, true},
		{&everything, NULL, NULL, &none, NULL, true},
		{&prod_namespaces, NULL, &in_prod, &none, NULL, true},
		{&prod_namespaces, NULL, &in_dev, &none, NULL, false},
		{&prod_namespaces, NULL, &none, &none, NULL, false},
		{&prod_namespaces, NULL, NULL, &none, NULL, false},
		{&everything, &everything, &none, &none, NULL, true},
		{&everything, &gold_apps, &none, &none, NULL, false},
		{&everything, &gold_apps, &none, &is_of_gold, NULL, true},
		{&everything, &gold_apps, &none, &none, &is_of_gold, true},
		{&everything, &gold_apps, &none, &is_of_gold, &none, true},
		{&everything, &gold_apps, &none, &none, &none, false},
		{&everything, &other_apps, &none, &none, NULL, true},
		{&everything, &other_apps, &none, &is_of_gold, NULL, false},
		{&prod_namespaces, &gold_apps, &in_prod, &is_of_gold, NULL, true},
		{&prod_namespaces, &gold_apps, &in_dev, &is_of_gold, NULL, false},
		{&prod_namespaces, &gold_apps, &in_prod, &none, NULL, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct policy one = made("one", 0);
		struct subject now = {.labels = rows[i].now}, old = {.labels = rows[i].old};
		CLEANUP(policies_release) struct policies p = POLICIES_INIT;
		CLEANUP(policy_match_release) struct policy_match m;
		CLEANUP(policy_match_release) struct policy_match here;
		CLEANUP(policy_match_release) struct policy_match steps;

		one.namespaces = rows[i].namespaces;
		one.apps = rows[i].apps;
		policies_put(&p, &one);
		policies_match(&p, rows[i].ns, &now, rows[i].old ? &old : NULL, &m);
		if (m.count != rows[i].want)
			fail_msg("row %zu: %zu match", i, m.count);
		policies_select(&p, rows[i].ns, &here);
		policy_match_narrow(&here, &now, &steps);
		if (!rows[i].old && steps.count != m.count)
			fail_msg("row %zu: %zu match in two steps", i, steps.count);
	}
}

static void an_application_without_a_context_has_no_labels(void **state)
{
	struct policy all = made("all", 0), of_gold = made("gold", 0), others = made("others", 0);
	struct subject app = subject_of_app("shop", "cart");
	CLEANUP(policies_release) struct policies p = POLICIES_INIT;
	CLEANUP(policy_match_release) struct policy_match m;

	(void)state;
	of_gold.apps = &gold_apps;
	others.apps = &other_apps;
	policies_put(&p, &all);
	policies_put(&p, &of_gold);
	policies_put(&p, &others);
	policies_match(&p, NULL, &app, NULL, &m);
	assert_int_equal(m.count, 2);
	assert_ptr_equal(m.at[0], &all);
	assert_ptr_equal(m.at[1], &others);
}

static void without_policies_nothing_matches(void **state)
{
	struct subject app = subject_of_app("shop", "cart");
	struct policies p = POLICIES_INIT;
	CLEANUP(policy_match_release) struct policy_match m;

	(void)state;
	policies_match(&p, app.labels, &app, &app, &m);
	assert_int_equal(m.count, 0);
	policies_remove(&p, "none");
	assert_null(policies_find(&p, "none"));
	policies_release(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(they_speak_by_priority_and_then_by_name),
		cmocka_unit_test(one_of_the_same_name_is_replaced),
		cmocka_unit_test(one_is_removed_by_its_name),
		cmocka_unit_test(many_are_kept),
		cmocka_unit_test(namespaces_and_applications_must_match),
		cmocka_unit_test(an_application_without_a_context_has_no_labels),
		cmocka_unit_test(without_policies_nothing_matches),
	};

	return cmocka_run_group_tests_name("policies", tests, NULL, NULL);
}
