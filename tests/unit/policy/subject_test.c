#include "policy/subject.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "unit.h"

static struct subject *decode(const char *text)
{
	CLEANUP(json_free_p) struct json *j = NULL;

	assert_int_equal(json_parse(text, strlen(text), &j, NULL), 0);
	return subject_decode(j, "shop");
}

static void a_context_is_decoded(void **state)
{
	static const char text[] =
		"{\"metadata\":{\"name\":\"cart\",\"labels\":{\"tier\":\"gold\",\"a\":\"\"},"
		"\"annotations\":{\"promogate.dev/on-failure\":\"Warn\","
		"\"promogate.dev/optional-tasks\":\"notify\","
		"\"promogate.dev/defaulted-tasks\":\"prod\"},"
		"\"deletionTimestamp\":\"2026-01-01T00:00:00Z\"},"
		"\"spec\":{\"preDeploymentTasks\":[\"check\"],\"promotionTasks\":[\"pr\",\"notify\"]}}";
	CLEANUP(free_p) struct subject *s = decode(text);
	const struct subject_tasks *tasks = &s->tasks[PROMOTION_TASKS];

	(void)state;
	assert_string_equal(s->namespace, "shop");
	assert_string_equal(s->name, "cart");
	assert_int_equal(s->labels->count, 2);
	assert_string_equal(labels_get(s->labels, "tier"), "gold");
	assert_string_equal(labels_get(s->labels, "a"), "");
	assert_string_equal(s->on_failure, "Warn");
	assert_string_equal(s->optional_tasks, "notify");
	assert_string_equal(s->defaulted_tasks, "prod");
	assert_true(s->deleting);
	assert_true(tasks->present);
	assert_int_equal(tasks->count, 2);
	assert_string_equal(tasks->at[0], "pr");
	assert_string_equal(tasks->at[1], "notify");
	assert_string_equal(s->tasks[PRE_DEPLOYMENT_TASKS].at[0], "check");
	assert_false(s->tasks[POST_DEPLOYMENT_TASKS].present);
}

static void an_empty_list_is_present(void **state)
{
	CLEANUP(free_p)
	struct subject *s =
		decode("{\"metadata\":{\"name\":\"a\"},\"spec\":{\"promotionTasks\":[]}}");

	(void)state;
	assert_true(s->tasks[PROMOTION_TASKS].present);
	assert_int_equal(s->tasks[PROMOTION_TASKS].count, 0);
	assert_false(s->tasks[PRE_DEPLOYMENT_TASKS].present);
}

static void a_list_of_optional_tasks_has_a_limit(void **state)
{
	(void)state;
	for (size_t bytes = LIMIT_OPTIONAL_TASKS_BYTES; bytes <= LIMIT_OPTIONAL_TASKS_BYTES + 1;
		bytes++) {
		CLEANUP(free_p)
		char *text = xasprintf("{\"metadata\":{\"name\":\"a\",\"annotations\":"
				       "{\"promogate.dev/optional-tasks\":\"%0*d\"}}}",
			(int)bytes, 0);
		CLEANUP(free_p) struct subject *s = decode(text);

		assert_int_equal(s->optional_tasks != NULL, bytes == LIMIT_OPTIONAL_TASKS_BYTES);
	}
}

static void what_has_a_wrong_type_counts_as_absent(void **state)
{
	static const char *const texts[] = {
		"null",
		"{}",
		"[]",
		"{\"metadata\":1,\"spec\":2}",
		"{\"metadata\":{\"name\":1,\"labels\":[],\"annotations\":\"x\"},\"spec\":[]}",
		"{\"metadata\":{\"labels\":{\"a\":1},\"annotations\":{\"promogate.dev/on-failure\":1,"
		"\"promogate.dev/optional-tasks\":[],\"promogate.dev/defaulted-tasks\":{}}},"
		"\"spec\":{\"promotionTasks\":\"pr\",\"preDeploymentTasks\":{\"a\":\"b\"}}}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		CLEANUP(free_p) struct subject *s = decode(texts[i]);

		assert_string_equal(s->namespace, "shop");
		assert_string_equal(s->name, "");
		assert_int_equal(s->labels->count, 0);
		assert_null(s->on_failure);
		assert_null(s->optional_tasks);
		assert_null(s->defaulted_tasks);
		assert_false(s->deleting);
		for (int list = 0; list < TASK_LIST_COUNT; list++)
			assert_false(s->tasks[list].present);
	}
}

static void a_task_that_is_not_a_string_is_left_out(void **state)
{
	CLEANUP(free_p)
	struct subject *s = decode("{\"spec\":{\"promotionTasks\":[1,\"pr\",null,[\"x\"]]}}");

	(void)state;
	assert_int_equal(s->tasks[PROMOTION_TASKS].count, 1);
	assert_string_equal(s->tasks[PROMOTION_TASKS].at[0], "pr");
}

static void an_application_without_a_context_has_its_name_alone(void **state)
{
	struct subject s = subject_of_app("shop", "cart");

	(void)state;
	assert_string_equal(s.namespace, "shop");
	assert_string_equal(s.name, "cart");
	assert_int_equal(s.labels->count, 0);
	assert_null(s.on_failure);
	assert_false(s.tasks[PROMOTION_TASKS].present);
	assert_false(subject_is_optional(&s, "pr"));
}

static bool add_name(void *ctx, const char *name)
{
	(void)buf_addf(ctx, "%s;", name);
	return strcmp(name, "stop") != 0;
}

static void optional_tasks_are_separated_by_commas(void **state)
{
	static const struct {
		const char *annotation, *names;
	} rows[] = {
		{NULL, ""},
		{"", ""},
		{" ", ""},
		{",", ""},
		{" , ,, ", ""},
		{"a", "a;"},
		{"a,b", "a;b;"},
		{" a , b ", "a;b;"},
		{"\ta\n,\r\nb\n", "a;b;"},
		{",a,,b,", "a;b;"},
		{"a b,c", "a b;c;"},
		{"a,stop,b", "a;stop;"},
		{"a,a", "a;a;"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(buf_release) struct buf names = BUF_INIT(100);
		struct subject s = {.optional_tasks = rows[i].annotation};

		subject_optional_tasks(&s, add_name, &names);
		assert_string_equal(buf_str(&names), rows[i].names);
	}
}

static void a_task_is_optional_if_the_annotation_names_it(void **state)
{
	static const struct {
		const char *annotation, *task;
		bool want;
	} rows[] = {
		{NULL, "a", false},
		{"", "a", false},
		{"", "", false},
		{" , ", "", false},
		{"a", "a", true},
		{"ab", "a", false},
		{"a", "ab", false},
		{"b, a ", "a", true},
		{"b a", "a", false},
		{"A", "a", false},
		{"a*", "ab", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct subject s = {.optional_tasks = rows[i].annotation};

		assert_int_equal(subject_is_optional(&s, rows[i].task), rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_context_is_decoded),
		cmocka_unit_test(an_empty_list_is_present),
		cmocka_unit_test(a_list_of_optional_tasks_has_a_limit),
		cmocka_unit_test(what_has_a_wrong_type_counts_as_absent),
		cmocka_unit_test(a_task_that_is_not_a_string_is_left_out),
		cmocka_unit_test(an_application_without_a_context_has_its_name_alone),
		cmocka_unit_test(optional_tasks_are_separated_by_commas),
		cmocka_unit_test(a_task_is_optional_if_the_annotation_names_it),
	};

	return cmocka_run_group_tests_name("subject", tests, NULL, NULL);
}
