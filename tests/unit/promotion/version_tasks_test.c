/* Which tasks a version has: its own, those that are added to it, and those that it had. */
#include "promotion/version_tasks.h"

#include "base/mem.h"
#include "unit.h"

enum { SINCE = 100 };

static const struct added_task added[] = {
	{.name = "audit", .since = SINCE},
	{.name = "notify", .since = 0},
	{.name = "own", .since = SINCE},
};
static const struct view_task own[] = {{.name = "own", .defined = true}, {.name = "other"}};
static const struct view_item items[] = {{.task = "audit"}, {.task = "gone"}, {.task = "other"}};

static void check(
	const struct view_version *v, size_t nadded, const struct view_task *want, size_t n)
{
	const struct added_tasks all = {added, nadded};
	struct view_task got[16];

	assert_int_equal(version_tasks(v, &all, got), n);
	for (size_t i = 0; i < n; i++) {
		assert_string_equal(got[i].name, want[i].name);
		assert_int_equal(got[i].kind, want[i].kind);
		assert_false(got[i].defined);
	}
}

static void own_tasks_come_first_and_each_name_once(void **state)
{
	const struct view_version v = {.tasks = own, .ntasks = 2, .items = items, .nitems = 3};
	static const struct view_task want[] = {{"own", VIEW_OWN, false},
		{"other", VIEW_OWN, false}, {"audit", VIEW_ADDED, false},
		{"notify", VIEW_ADDED, false}, {"gone", VIEW_FORMER, false}};

	(void)state;
	check(&v, ARRAY_SIZE(added), want, ARRAY_SIZE(want));
}

static void what_is_added_no_longer_is_former(void **state)
{
	const struct view_version v = {.tasks = own, .ntasks = 2, .items = items, .nitems = 3};
	static const struct view_task want[] = {{"own", VIEW_OWN, false},
		{"other", VIEW_OWN, false}, {"audit", VIEW_FORMER, false},
		{"gone", VIEW_FORMER, false}};

	(void)state;
	check(&v, 0, want, ARRAY_SIZE(want));
}

/* A second is all that is known of both times. */
static void a_version_without_tasks_takes_in_what_counted_before_its_delivery(void **state)
{
	static const struct {
		int64_t ended, since;
		bool takes_in;
	} rows[] = {
		{SINCE - 1, SINCE, false}, {SINCE, SINCE, false}, {SINCE + 1, SINCE, true},
		{SINCE + 1, 0, false}, /* the leader has not written yet since when */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct added_task task = {.name = "audit", .since = rows[i].since};
		struct view_version v = {.ended = rows[i].ended};

		assert_int_equal(version_takes_in(&v, &task), rows[i].takes_in);
		v.tasks = own;
		v.ntasks = 1;
		assert_true(version_takes_in(&v, &task));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_tasks_come_first_and_each_name_once),
		cmocka_unit_test(what_is_added_no_longer_is_former),
		cmocka_unit_test(a_version_without_tasks_takes_in_what_counted_before_its_delivery),
	};

	return cmocka_run_group_tests_name("version_tasks", tests, NULL, NULL);
}
