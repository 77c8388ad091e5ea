/*
 * What of an application violates a policy. A row has the policy, the application ("a,b" are its
 * promotion tasks), the definitions that exist, and a line for each violation:
 *
 *	RULE FIELD: BODY
 *
 * The application is in "dev", Keptn in "keptn". A definition is NAMESPACE/NAME, perhaps with
 * :faulty, or :cached, if the API server did not report it.
 */
#include "policy/check.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "unit.h"

#define NAMES(...)                                                                                 \
	{(const char *const[]){__VA_ARGS__}, ARRAY_SIZE(((const char *const[]){__VA_ARGS__}))}
#define TASKS(...)                                                                                 \
	{(const struct policy_task[]){__VA_ARGS__},                                                \
		ARRAY_SIZE(((const struct policy_task[]){__VA_ARGS__}))}
#define SHARED(task) {task, true, 0}
#define ANY(task)    {task, false, 0}

#define LIST        "spec.promotionTasks"
#define ON_FAILURE  "metadata.annotations[promogate.dev/on-failure]"
#define OPTIONAL    "metadata.annotations[promogate.dev/optional-tasks]"
#define DEFINITIONS "keptn/audit dev/deploy"

struct row {
	const char *about;
	struct policy policy;
	const char *tasks, *on_failure, *optional_tasks;
	const char *definitions; /* NULL: POLICY_RULE_SHARED is left out */
	const char *want;
};

enum { TASKS_MAX = 8 };

static struct taskdef faulty = {.faults = TASKDEF_NO_CODE, .function_ref = ""};
static struct taskdef good = {.function_ref = ""};

static struct resolve_found find(const void *ctx, const char *ns, const char *name)
{
	CLEANUP(free_p) char *key = xasprintf("%s/%s", ns, name);
	CLEANUP(free_p) char *copy = xstrdup(ctx);
	char *rest = copy, *word;

	while ((word = strsep(&rest, " "))) {
		char *flag = strchr(word, ':');

		if (flag)
			*flag++ = '\0';
		if (str_eq(word, key))
			return (struct resolve_found){
				str_eq(flag, "faulty") ? &faulty : &good, !str_eq(flag, "cached")};
	}
	return (struct resolve_found){NULL, true};
}

static void say(void *ctx, const struct violation *v)
{
	struct buf *to = ctx;

	(void)buf_addf(to, "%s %s: ", policy_rule_id(v->rule), v->field);
	fielderr_body(to, v->type, v->value, v->detail);
	if (v->resolution)
		for (size_t i = 0; i < v->resolution->nunconfirmed; i++)
			(void)buf_addf(to, " (confirm %s/%s)",
				v->resolution->unconfirmed[i].namespace,
				v->resolution->unconfirmed[i].name);
	(void)buf_add(to, "\n");
}

static void check_row(const struct row *row, struct buf *to)
{
	const struct resolver resolver = {"dev", "keptn", find, row->definitions};
	CLEANUP(free_p) char *copy = xstrdup(row->tasks);
	char *rest = copy, *word;
	const char *names[TASKS_MAX];
	struct subject s = subject_of_app("dev", "shop");
	size_t count = 0;

	while ((word = strsep(&rest, ",")))
		if (*word)
			names[count++] = word;
	s.tasks[PROMOTION_TASKS] = (struct subject_tasks){true, names, count};
	s.on_failure = row->on_failure;
	s.optional_tasks = row->optional_tasks;
	policy_check(&row->policy, &s, row->definitions ? &resolver : NULL, say, to);
}

static void check_rows(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		CLEANUP(buf_release) struct buf said = BUF_INIT(10000);

		check_row(&rows[i], &said);
		if (!str_eq(buf_str(&said), rows[i].want))
			fail_msg("%s:\n%s--- wanted\n%s", rows[i].about, buf_str(&said),
				rows[i].want);
	}
}

static void a_policy_without_settings_finds_nothing(void **state)
{
	const struct row rows[] = {
		{.about = "everything",
			.policy = {.name = "prod"},
			.tasks = "a,b,a",
			.on_failure = "Warn",
			.optional_tasks = "a,x",
			.definitions = "",
			.want = ""},
	};

	(void)state;
	check_rows(rows, ARRAY_SIZE(rows));
}

static void counts_tasks(void **state)
{
	const struct row rows[] = {
		{.about = "as many as it allows",
			.policy = {.name = "prod", .max = 2},
			.tasks = "a,b",
			.want = ""},
		{.about = "one more",
			.policy = {.name = "prod", .max = 2},
			.tasks = "a,b,c",
			.want = "PG104 " LIST ": Too many: 3: policy \"prod\": must have at most "
				"2 items; combine several tasks into one\n"},
		{.about = "what it adds counts, once",
			.policy = {.name = "prod", .max = 2, .added = TASKS(ANY("a"), ANY("x"))},
			.tasks = "a,b",
			.want = "PG104 " LIST ": Too many: 3: policy \"prod\": must have at most "
				"2 items, with 1 that it adds; combine several tasks into one\n"},
		{.about = "what it adds, and no list",
			.policy = {.name = "prod", .max = 1, .added = TASKS(ANY("x"))},
			.tasks = "",
			.want = ""},
	};

	(void)state;
	check_rows(rows, ARRAY_SIZE(rows));
}

#define BLOCK_ONLY {.allowed = POLICY_ALLOW_BLOCK}
#define NOTIFY_MAY_WARN                                                                            \
	.failure = BLOCK_ONLY, .nfailures = 1, .failures = (const struct policy_failure_of[])      \
	{                                                                                          \
		{NAMES("notify-*"), {.allowed = POLICY_ALLOW_WARN}},                               \
	}

static void checks_choices_for_each_task(void **state)
{
	const struct row rows[] = {
		{.about = "on-failure, for all",
			.policy = {.name = "prod", .failure = BLOCK_ONLY},
			.tasks = "a,b",
			.on_failure = "Warn",
			.want = "PG111 " ON_FAILURE
				": Invalid value: \"Warn\": policy \"prod\": does "
				"not allow Warn for the tasks \"a\", \"b\"; remove the annotation\n"},
		{.about = "on-failure, for one",
			.policy = {.name = "prod", NOTIFY_MAY_WARN},
			.tasks = "a,notify-x",
			.on_failure = "Warn",
			.want = "PG111 " ON_FAILURE
				": Invalid value: \"Warn\": policy \"prod\": does "
				"not allow Warn for the task \"a\"; remove the annotation\n"},
		{.about = "on-failure that is allowed",
			.policy = {.name = "prod", .failure = BLOCK_ONLY},
			.tasks = "a",
			.on_failure = "Block",
			.want = ""},
		{.about = "on-failure where optional-tasks decides",
			.policy = {.name = "prod", NOTIFY_MAY_WARN},
			.tasks = "a,notify-x",
			.on_failure = "Block",
			.optional_tasks = "notify-x",
			.want = ""},
		{.about = "on-failure where optional-tasks does not decide",
			.policy = {.name = "prod", NOTIFY_MAY_WARN},
			.tasks = "a,notify-x",
			.on_failure = "Block",
			.want = "PG111 " ON_FAILURE
				": Invalid value: \"Block\": policy \"prod\": does "
				"not allow Block for the task \"notify-x\"; remove the annotation\n"},
		{.about = "another value than Block and Warn is left to PG110",
			.policy = {.name = "prod", .failure = BLOCK_ONLY},
			.tasks = "a",
			.on_failure = "warn",
			.want = ""},
		{.about = "no tasks",
			.policy = {.name = "prod", .failure = BLOCK_ONLY},
			.tasks = "",
			.on_failure = "Warn",
			.want = ""},
		{.about = "optional-tasks",
			.policy = {.name = "prod", NOTIFY_MAY_WARN},
			.tasks = "a,b,notify-x",
			.optional_tasks = "a, notify-x",
			.want = "PG111 " OPTIONAL
				": Invalid value: \"a, notify-x\": policy \"prod\": "
				"does not allow Warn for the task \"a\"; remove it from the list\n"},
		{.about = "more names than are named",
			.policy = {.name = "prod", .failure = BLOCK_ONLY},
			.tasks = "a",
			.optional_tasks = "a,b,c,d,e,f,g",
			.want = "PG111 " OPTIONAL
				": Invalid value: \"a,b,c,d,e,f,g\": policy \"prod\": "
				"does not allow Warn for the tasks \"a\", \"b\", \"c\", \"d\", \"e\" and 2 "
				"more; remove them from the list\n"},
		{.about = "both",
			.policy = {.name = "prod", .failure = BLOCK_ONLY},
			.tasks = "a",
			.on_failure = "Warn",
			.optional_tasks = "a",
			.want = "PG111 " ON_FAILURE
				": Invalid value: \"Warn\": policy \"prod\": does "
				"not allow Warn for the task \"a\"; remove the annotation\n"
				"PG111 " OPTIONAL
				": Invalid value: \"a\": policy \"prod\": does not allow "
				"Warn for the task \"a\"; remove it from the list\n"},
	};

	(void)state;
	check_rows(rows, ARRAY_SIZE(rows));
}

static void requires_tasks_where_any_are_listed(void **state)
{
	const struct row rows[] = {
		{.about = "there",
			.policy = {.name = "prod", .required = TASKS(ANY("audit"))},
			.tasks = "a,audit",
			.want = ""},
		{.about = "missing, with the policy's message",
			.policy = {.name = "prod",
				.message = "see the wiki",
				.required = TASKS(ANY("audit"), ANY("scan"))},
			.tasks = "a",
			.want = "PG112 " LIST
				": Required value: policy \"prod\": requires the task "
				"\"audit\"; add it to " LIST " (see the wiki)\n"
				"PG112 " LIST
				": Required value: policy \"prod\": requires the task "
				"\"scan\"; add it to " LIST " (see the wiki)\n"},
		{.about = "a final stage",
			.policy = {.name = "prod", .required = TASKS(SHARED("audit"))},
			.tasks = "",
			.definitions = "",
			.want = ""},
		{.about = "what the policy adds does not satisfy it",
			.policy = {.name = "prod",
				.required = TASKS(ANY("audit")),
				.added = TASKS(ANY("audit"))},
			.tasks = "a",
			.want = "PG112 " LIST
				": Required value: policy \"prod\": requires the task "
				"\"audit\"; add it to " LIST "\n"},
	};

	(void)state;
	check_rows(rows, ARRAY_SIZE(rows));
}

static void allows_names_and_globs(void **state)
{
	const struct row rows[] = {
		{.about = "by name and by glob",
			.policy = {.name = "prod", .allowed = NAMES("audit", "open-*")},
			.tasks = "open-pr,audit",
			.want = ""},
		{.about = "another",
			.policy = {.name = "prod", .allowed = NAMES("audit", "open-*")},
			.tasks = "audit,deploy",
			.want = "PG113 " LIST
				"[1]: Unsupported value: \"deploy\": policy \"prod\": "
				"allows only \"audit\", \"open-*\"; remove this one\n"},
		{.about = "none",
			.policy = {.name = "prod", .allowed = {(const char *const[]){NULL}, 0}},
			.tasks = "a",
			.want = "PG113 " LIST
				"[0]: Unsupported value: \"a\": policy \"prod\": allows no "
				"tasks; remove it\n"},
	};

	(void)state;
	check_rows(rows, ARRAY_SIZE(rows));
}

static void wants_shared_tasks_from_the_keptn_namespace(void **state)
{
	const struct row rows[] = {
		{.about = "required and defined",
			.policy = {.name = "prod", .required = TASKS(SHARED("audit"))},
			.tasks = "audit",
			.definitions = DEFINITIONS,
			.want = ""},
		{.about = "required and shadowed",
			.policy = {.name = "prod", .required = TASKS(SHARED("audit"))},
			.tasks = "a,audit",
			.definitions = "keptn/audit dev/audit:cached",
			.want = "PG114 " LIST
				"[1]: Invalid value: \"audit\": policy \"prod\": requires "
				"the task \"audit\" from \"keptn\", and a KeptnTaskDefinition of this name "
				"in \"dev\" hides it; delete that one (confirm dev/audit)\n"},
		{.about = "added and shadowed, without a list",
			.policy = {.name = "prod", .added = TASKS(SHARED("audit"))},
			.tasks = "",
			.definitions = "keptn/audit dev/audit",
			.want = "PG114 " LIST
				": Invalid value: \"audit\": policy \"prod\": adds the task "
				"\"audit\" from \"keptn\", and a KeptnTaskDefinition of this name in "
				"\"dev\" hides it; delete that one\n"},
		{.about = "not defined",
			.policy = {.name = "prod", .added = TASKS(SHARED("audit"))},
			.tasks = "a",
			.definitions = "",
			.want = "PG114 " LIST
				": Not found: \"audit\": policy \"prod\": adds the task "
				"\"audit\" from \"keptn\": no KeptnTaskDefinition of this name in "
				"\"keptn\"; create it first, or correct the name\n"},
		{.about = "not defined, but beside the application",
			.policy = {.name = "prod", .added = TASKS(SHARED("audit"))},
			.tasks = "a",
			.definitions = "dev/audit",
			.want = "PG114 " LIST
				": Invalid value: \"audit\": policy \"prod\": adds the task "
				"\"audit\" from \"keptn\", and a KeptnTaskDefinition of this name in "
				"\"dev\" hides it; delete that one\n"},
		{.about = "can't run",
			.policy = {.name = "prod", .added = TASKS(SHARED("audit"))},
			.tasks = "audit",
			.definitions = "keptn/audit:faulty",
			.want = "PG114 " LIST
				"[0]: Invalid value: \"audit\": policy \"prod\": adds the "
				"task \"audit\" from \"keptn\": KeptnTaskDefinition \"audit\" in \"keptn\" "
				"can't run: it has no code: set one of inline.code, httpRef.url, "
				"configMapRef.name, functionRef.name\n"},
		{.about = "required and added: once",
			.policy = {.name = "prod",
				.required = TASKS(SHARED("audit")),
				.added = TASKS(SHARED("audit"))},
			.tasks = "audit",
			.definitions = "dev/audit",
			.want = "PG114 " LIST
				"[0]: Invalid value: \"audit\": policy \"prod\": requires "
				"the task \"audit\" from \"keptn\", and a KeptnTaskDefinition of this name "
				"in \"dev\" hides it; delete that one\n"},
		{.about = "Any",
			.policy = {.name = "prod",
				.required = TASKS(ANY("audit")),
				.added = TASKS(ANY("scan"))},
			.tasks = "audit",
			.definitions = "dev/audit",
			.want = ""},
	};

	(void)state;
	check_rows(rows, ARRAY_SIZE(rows));
}

static void count_violation(void *ctx, const struct violation *v)
{
	(void)v;
	++*(size_t *)ctx;
}

static void does_not_allow_what_it_does_not_look_at(void **state)
{
	const struct policy p = {.name = "prod", .allowed = NAMES("*"), NOTIFY_MAY_WARN};
	const char *names[LIMIT_CHECKED_TASKS + 10];
	CLEANUP(buf_release) struct buf optional = BUF_INIT(100000);
	struct subject s = subject_of_app("dev", "shop");
	size_t count = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		names[i] = "notify-x";
		(void)buf_add(&optional, "notify-x,");
	}
	s.tasks[PROMOTION_TASKS] = (struct subject_tasks){true, names, LIMIT_CHECKED_TASKS};
	s.on_failure = "Warn";
	policy_check(&p, &s, NULL, count_violation, &count);
	assert_int_equal(count, 0);
	s.tasks[PROMOTION_TASKS].count = ARRAY_SIZE(names);
	s.optional_tasks = buf_str(&optional);
	policy_check(&p, &s, NULL, count_violation, &count);
	assert_int_equal(count, 3);
}

static void keep_parts(void *ctx, const struct violation *v)
{
	(void)buf_add(ctx, v->parts ? v->parts : "none\n");
}

static void says_which_choices_a_violation_is_about(void **state)
{
	const struct policy p = {.name = "prod", .failure = BLOCK_ONLY, .max = 1};
	const char *const names[] = {"a", "b"};
	CLEANUP(buf_release) struct buf parts = BUF_INIT(1000);
	struct subject s = subject_of_app("dev", "shop");

	(void)state;
	s.tasks[PROMOTION_TASKS] = (struct subject_tasks){true, names, 2};
	s.optional_tasks = "b";
	s.on_failure = "Warn";
	policy_check(&p, &s, NULL, keep_parts, &parts);
	assert_string_equal(buf_str(&parts), "none\nWarn \"a\"\nWarn \"b\"\nWarn \"b\"\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_policy_without_settings_finds_nothing),
		cmocka_unit_test(counts_tasks),
		cmocka_unit_test(checks_choices_for_each_task),
		cmocka_unit_test(requires_tasks_where_any_are_listed),
		cmocka_unit_test(allows_names_and_globs),
		cmocka_unit_test(wants_shared_tasks_from_the_keptn_namespace),
		cmocka_unit_test(does_not_allow_what_it_does_not_look_at),
		cmocka_unit_test(says_which_choices_a_violation_is_about),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
