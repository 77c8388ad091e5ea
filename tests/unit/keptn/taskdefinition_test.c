#include "keptn/taskdefinition.h"

#include "base/mem.h"
#include "unit.h"

static struct taskdef *decode(const char *object)
{
	CLEANUP(json_free_p) struct json *j = NULL;
	struct err err = ERR_INIT;

	if (json_parse(object, strlen(object), &j, &err) < 0)
		fail_msg("%s: %s", object, err.msg);
	return taskdef_decode(j);
}

static void keeps_what_a_plan_needs(void **state)
{
	static const struct {
		const char *spec;
		unsigned faults;
		bool container;
		const char *function_ref;
	} rows[] = {
		{"{}", TASKDEF_NO_RUNTIME, false, ""},
		{"null", TASKDEF_NO_RUNTIME, false, ""},
		{"7", TASKDEF_NO_RUNTIME, false, ""},
		{"{\"container\":null,\"deno\":[],\"python\":\"x\"}", TASKDEF_NO_RUNTIME, false,
			""},
		{"{\"container\":{\"name\":\"n\",\"image\":\"i\"}}", 0, true, ""},
		{"{\"container\":{}}", TASKDEF_CONTAINER_UNNAMED | TASKDEF_CONTAINER_WITHOUT_IMAGE,
			true, ""},
		{"{\"container\":{\"name\":7,\"image\":\"\"}}",
			TASKDEF_CONTAINER_UNNAMED | TASKDEF_CONTAINER_WITHOUT_IMAGE, true, ""},
		{"{\"deno\":{}}", TASKDEF_NO_CODE, false, ""},
		{"{\"deno\":{\"inline\":{\"code\":\"\"}}}", TASKDEF_NO_CODE, false, ""},
		{"{\"deno\":{\"inline\":{\"code\":\"x\"}}}", 0, false, ""},
		{"{\"python\":{\"httpRef\":{\"url\":\"u\"}}}", 0, false, ""},
		{"{\"python\":{\"configMapRef\":{\"name\":\"c\"}}}", 0, false, ""},
		{"{\"python\":{\"functionRef\":{\"name\":\"f\"}}}", 0, false, "f"},
		{"{\"python\":{\"functionRef\":{\"name\":\"F!\"}}}", TASKDEF_FUNCTION_REF_MALFORMED,
			false, ""},
		{"{\"python\":{\"functionRef\":{\"name\":\"\"}}}", TASKDEF_NO_CODE, false, ""},
		{"{\"deno\":{\"functionRef\":{\"name\":\"d\"}},"
		 "\"python\":{\"functionRef\":{\"name\":\"p\"}}}",
			TASKDEF_SEVERAL_RUNTIMES, false, "d"},
		{"{\"container\":{\"name\":\"n\",\"image\":\"i\"},\"python\":{}}",
			TASKDEF_SEVERAL_RUNTIMES, true, ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(free_p) char *object = xasprintf("{\"spec\":%s}", rows[i].spec);
		CLEANUP(free_p) struct taskdef *t = decode(object);

		if (t->faults != rows[i].faults)
			fail_msg("%s: %#x", rows[i].spec, t->faults);
		assert_int_equal(t->container, rows[i].container);
		assert_string_equal(t->function_ref, rows[i].function_ref);
	}
}

static void reads_what_its_author_says_of_failures(void **state)
{
	static const struct {
		const char *metadata;
		enum on_failure_choice choice;
	} rows[] = {
		{"{}", ON_FAILURE_UNSET},
		{"{\"annotations\":{\"promogate.dev/on-failure\":\"Warn\"}}",
			ON_FAILURE_CHOOSE_WARN},
		{"{\"annotations\":{\"promogate.dev/on-failure\":\"Block\"}}",
			ON_FAILURE_CHOOSE_BLOCK},
		{"{\"annotations\":{\"promogate.dev/on-failure\":\"warn\"}}", ON_FAILURE_UNSET},
		{"{\"annotations\":{\"promogate.dev/on-failure\":7}}", ON_FAILURE_UNSET},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(free_p)
		char *object = xasprintf("{\"metadata\":%s}", rows[i].metadata);
		CLEANUP(free_p) struct taskdef *t = decode(object);

		assert_int_equal(t->on_failure, rows[i].choice);
	}
}

static void checks_timeouts(void **state)
{
	static const struct {
		const char *timeout;
		unsigned faults;
	} rows[] = {
		{"null", 0},
		{"\"1s\"", 0},
		{"\"5m\"", 0},
		{"\"0.5s\"", TASKDEF_TIMEOUT_TOO_SHORT},
		{"\"0\"", TASKDEF_TIMEOUT_TOO_SHORT},
		{"\"-5m\"", TASKDEF_TIMEOUT_TOO_SHORT},
		{"\"5\"", TASKDEF_TIMEOUT_MALFORMED},
		{"\"\"", TASKDEF_TIMEOUT_MALFORMED},
		{"300", TASKDEF_TIMEOUT_MALFORMED},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(free_p)
		char *object = xasprintf("{\"spec\":{\"python\":{\"inline\":{\"code\":\"x\"}},"
					 "\"timeout\":%s}}",
			rows[i].timeout);
		CLEANUP(free_p) struct taskdef *t = decode(object);

		if (t->faults != rows[i].faults)
			fail_msg("%s: %#x", rows[i].timeout, t->faults);
	}
}

static void an_absent_object_has_no_runtime(void **state)
{
	CLEANUP(free_p) struct taskdef *t = taskdef_decode(NULL);

	(void)state;
	assert_int_equal(t->faults, TASKDEF_NO_RUNTIME);
}

static void describes_each_fault(void **state)
{
	(void)state;
	for (unsigned fault = 1; fault <= TASKDEF_FUNCTION_REF_MALFORMED; fault <<= 1) {
		CLEANUP(buf_release) struct buf b = BUF_INIT(1000);

		taskdef_describe(&b, fault);
		assert_says(buf_str(&b), "it");
		assert_says(buf_str(&b), ": ");
		assert_null(strchr(buf_str(&b), ';'));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_what_a_plan_needs),
		cmocka_unit_test(reads_what_its_author_says_of_failures),
		cmocka_unit_test(checks_timeouts),
		cmocka_unit_test(an_absent_object_has_no_runtime),
		cmocka_unit_test(describes_each_fault),
	};

	return cmocka_run_group_tests_name("taskdefinition", tests, NULL, NULL);
}
