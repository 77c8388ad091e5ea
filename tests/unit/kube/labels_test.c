#include "kube/labels.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "unit.h"

#define SIXTY_THREE "a23456789012345678901234567890123456789012345678901234567890123"

static struct json *parse(const char *text)
{
	struct json *j = NULL;
	struct err err = ERR_INIT;

	if (json_parse(text, strlen(text), &j, &err) < 0)
		fail_msg("%s: %s", text, err.msg);
	return j;
}

static struct labels *labels_of(const char *text)
{
	CLEANUP(json_free_p) struct json *j = parse(text);

	return labels_decode(j);
}

static struct selector *selector_of(const char *text)
{
	CLEANUP(json_free_p) struct json *j = parse(text);

	return selector_decode(j);
}

static void labels_are_found_by_key(void **state)
{
	CLEANUP(free_p)
	struct labels *l =
		labels_of("{\"b\":\"2\",\"a.io/x\":\"1\",\"B\":\"\",\"n\":7,\"o\":null}");

	(void)state;
	assert_int_equal(l->count, 3);
	assert_string_equal(l->at[0].key, "B");
	assert_string_equal(labels_get(l, "a.io/x"), "1");
	assert_string_equal(labels_get(l, "b"), "2");
	assert_string_equal(labels_get(l, "B"), "");
	assert_null(labels_get(l, "n"));
	assert_null(labels_get(l, "a"));
}

static void what_is_not_an_object_has_no_labels(void **state)
{
	static const char *const texts[] = {"null", "{}", "[\"a\"]", "7", "\"a\""};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		CLEANUP(free_p) struct labels *l = labels_of(texts[i]);

		assert_int_equal(l->count, 0);
		assert_null(labels_get(l, "a"));
	}
}

#define EXPRESSION(operator, values)                                                               \
	"{\"matchExpressions\":[{\"key\":\"k\",\"operator\":\"" operator"\"" values "}]}"

/*
 * The cases of apimachinery's meta/v1/helpers_test.go (LabelSelectorAsSelector) and
 * labels/selector_test.go (Matches) that a LabelSelector can express.
 */
static void matches_as_the_api_server_does(void **state)
{
	static const struct {
		const char *selector, *labels;
		bool matches;
	} rows[] = {
		{"{}", "{}", true},
		{"{}", "{\"k\":\"v\"}", true},
		{"{\"matchLabels\":null,\"matchExpressions\":null}", "{\"k\":\"v\"}", true},
		{"{\"matchLabels\":{},\"matchExpressions\":[]}", "{}", true},
		{"{\"matchLabels\":{\"k\":\"v\"}}", "{\"k\":\"v\"}", true},
		{"{\"matchLabels\":{\"k\":\"v\"}}", "{\"k\":\"V\"}", false},
		{"{\"matchLabels\":{\"k\":\"v\"}}", "{\"K\":\"v\"}", false},
		{"{\"matchLabels\":{\"k\":\"v\"}}", "{}", false},
		{"{\"matchLabels\":{\"k\":\"\"}}", "{\"k\":\"\"}", true},
		{"{\"matchLabels\":{\"k\":\"\"}}", "{}", false},
		{"{\"matchLabels\":{\"k\":\"v\",\"l\":\"w\"}}", "{\"k\":\"v\"}", false},
		{"{\"matchLabels\":{\"k\":\"v\",\"l\":\"w\"}}",
			"{\"l\":\"w\",\"k\":\"v\",\"a\":\"\"}", true},
		{EXPRESSION("In", ",\"values\":[\"a\",\"b\"]"), "{\"k\":\"a\"}", true},
		{EXPRESSION("In", ",\"values\":[\"a\",\"b\"]"), "{\"k\":\"b\"}", true},
		{EXPRESSION("In", ",\"values\":[\"a\",\"b\"]"), "{\"k\":\"c\"}", false},
		{EXPRESSION("In", ",\"values\":[\"a\",\"b\"]"), "{}", false},
		{EXPRESSION("In", ",\"values\":[\"\"]"), "{\"k\":\"\"}", true},
		{EXPRESSION("In", ",\"values\":[\"\"]"), "{}", false},
		{EXPRESSION("NotIn", ",\"values\":[\"a\",\"b\"]"), "{\"k\":\"a\"}", false},
		{EXPRESSION("NotIn", ",\"values\":[\"a\",\"b\"]"), "{\"k\":\"c\"}", true},
		{EXPRESSION("NotIn", ",\"values\":[\"a\",\"b\"]"), "{}", true},
		{EXPRESSION("NotIn", ",\"values\":[\"\"]"), "{\"k\":\"\"}", false},
		{EXPRESSION("NotIn", ",\"values\":[\"\"]"), "{}", true},
		{EXPRESSION("Exists", ""), "{\"k\":\"\"}", true},
		{EXPRESSION("Exists", ",\"values\":[]"), "{\"k\":\"v\"}", true},
		{EXPRESSION("Exists", ",\"values\":null"), "{\"j\":\"v\"}", false},
		{EXPRESSION("DoesNotExist", ""), "{\"k\":\"\"}", false},
		{EXPRESSION("DoesNotExist", ""), "{\"j\":\"v\"}", true},
		/* labels and expressions together */
		{"{\"matchLabels\":{\"j\":\"v\"},\"matchExpressions\":["
		 "{\"key\":\"k\",\"operator\":\"Exists\"}]}",
			"{\"j\":\"v\",\"k\":\"\"}", true},
		{"{\"matchLabels\":{\"j\":\"v\"},\"matchExpressions\":["
		 "{\"key\":\"k\",\"operator\":\"Exists\"}]}",
			"{\"j\":\"v\"}", false},
		{"{\"matchLabels\":{\"j\":\"v\"},\"matchExpressions\":["
		 "{\"key\":\"k\",\"operator\":\"Exists\"}]}",
			"{\"k\":\"v\"}", false},
		/* two keys */
		{"{\"matchExpressions\":["
		 "{\"key\":\"x\",\"operator\":\"In\",\"values\":[\"foo\"]},"
		 "{\"key\":\"y\",\"operator\":\"NotIn\",\"values\":[\"alpha\"]}]}",
			"{\"x\":\"foo\",\"y\":\"baz\"}", true},
		{"{\"matchExpressions\":["
		 "{\"key\":\"x\",\"operator\":\"In\",\"values\":[\"foo\"]},"
		 "{\"key\":\"y\",\"operator\":\"In\",\"values\":[\"alpha\"]}]}",
			"{\"x\":\"foo\",\"y\":\"baz\"}", false},
		{"{\"matchExpressions\":["
		 "{\"key\":\"x\",\"operator\":\"NotIn\",\"values\":[\"\"]},"
		 "{\"key\":\"y\",\"operator\":\"Exists\"}]}",
			"{\"y\":\"\"}", true},
		{"{\"matchExpressions\":["
		 "{\"key\":\"x\",\"operator\":\"DoesNotExist\"},"
		 "{\"key\":\"y\",\"operator\":\"Exists\"}]}",
			"{\"y\":\"\"}", true},
		{"{\"matchExpressions\":["
		 "{\"key\":\"x\",\"operator\":\"NotIn\",\"values\":[\"\"]},"
		 "{\"key\":\"y\",\"operator\":\"DoesNotExist\"}]}",
			"{\"y\":\"\"}", false},
		/* the same key twice: both must hold */
		{"{\"matchExpressions\":["
		 "{\"key\":\"k\",\"operator\":\"In\",\"values\":[\"a\",\"b\"]},"
		 "{\"key\":\"k\",\"operator\":\"NotIn\",\"values\":[\"b\"]}]}",
			"{\"k\":\"b\"}", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(free_p) struct selector *s = selector_of(rows[i].selector);
		CLEANUP(free_p) struct labels *l = labels_of(rows[i].labels);

		assert_non_null(s);
		if (selector_matches(s, l) != rows[i].matches)
			fail_msg("%s on %s", rows[i].selector, rows[i].labels);
	}
}

static void add_fault(void *ctx, const char *field, const char *value, const char *detail)
{
	(void)buf_addf(ctx, "%s \"%s\" %.20s\n", field, value, detail);
}

static void finds_the_faults_of_a_selector(void **state)
{
	static const struct {
		const char *selector, *faults;
	} rows[] = {
		{"[]", " \"array\" must be a label sele\n"},
		{"null", " \"null\" must be a label sele\n"},
		{"{\"matchLabels\":[]}", "matchLabels \"array\" must be an object of\n"},
		{"{\"matchLabels\":{\"k\":7}}", "matchLabels[k] \"number\" must be a label valu\n"},
		{"{\"matchLabels\":{\"k\":\"-\"}}", "matchLabels[k] \"-\" must be a label valu\n"},
		{"{\"matchLabels\":{\"\":\"v\"}}", "matchLabels \"\" must be a label key:\n"},
		{"{\"matchLabels\":{\"a b\":\"v\"}}", "matchLabels \"a b\" must be a label key:\n"},
		{"{\"matchLabels\":{\"/k\":\"v\"}}", "matchLabels \"/k\" must be a label key:\n"},
		{"{\"matchLabels\":{\"a/\":\"v\"}}", "matchLabels \"a/\" must be a label key:\n"},
		{"{\"matchLabels\":{\"a/b/c\":\"v\"}}",
			"matchLabels \"a/b/c\" must be a label key:\n"},
		{"{\"matchLabels\":{\"A.io/c\":\"v\"}}",
			"matchLabels \"A.io/c\" must be a label key:\n"},
		{"{\"matchLabels\":{\"" SIXTY_THREE "4\":\"v\"}}",
			"matchLabels \"" SIXTY_THREE "4\" must be a label key:\n"},
		{"{\"matchExpressions\":{}}", "matchExpressions \"object\" must be a list of ob\n"},
		{"{\"matchExpressions\":[7]}",
			"matchExpressions[0].key \"null\" must be a label key:\n"
			"matchExpressions[0].operator \"null\" must be one of In, N\n"},
		{EXPRESSION("in", ",\"values\":[\"a\"]"),
			"matchExpressions[0].operator \"in\" must be one of In, N\n"},
		/* a node selector's operators are not a label selector's */
		{EXPRESSION("Gt", ",\"values\":[\"1\"]"),
			"matchExpressions[0].operator \"Gt\" must be one of In, N\n"},
		{EXPRESSION("In", ""),
			"matchExpressions[0].values \"null\" In and NotIn need at\n"},
		{EXPRESSION("NotIn", ",\"values\":[]"),
			"matchExpressions[0].values \"array\" In and NotIn need at\n"},
		{EXPRESSION("Exists", ",\"values\":[\"a\"]"),
			"matchExpressions[0].values \"array\" Exists and DoesNotEx\n"},
		{EXPRESSION("DoesNotExist", ",\"values\":[\"a\"]"),
			"matchExpressions[0].values \"array\" Exists and DoesNotEx\n"},
		{EXPRESSION("In", ",\"values\":\"a\""),
			"matchExpressions[0].values \"a\" must be a list of st\n"},
		{EXPRESSION("In", ",\"values\":[\"a\",\"b c\",7]"),
			"matchExpressions[0].values[1] \"b c\" must be a label valu\n"
			"matchExpressions[0].values[2] \"number\" must be a label valu\n"},
		{"{\"matchLabels\":{\"1foo\":\"bar\",\"1234\":\"bar\",\"0.1.2.domain/99\":\"10.10.100.1\"}}",
			""},
		{"{\"matchLabels\":{\"a.b-c.io/K_.9\":\"\",\"" SIXTY_THREE "\":\"" SIXTY_THREE
		 "\"}}",
			""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(buf_release) struct buf faults = BUF_INIT(LIMIT_DETAIL_BYTES);
		CLEANUP(json_free_p) struct json *j = parse(rows[i].selector);
		CLEANUP(free_p) struct selector *s = selector_decode(j);

		selector_check(j, add_fault, &faults);
		if (!str_eq(buf_str(&faults), rows[i].faults))
			fail_msg("%s: %s", rows[i].selector, buf_str(&faults));
		assert_int_equal(s == NULL, faults.len > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(labels_are_found_by_key),
		cmocka_unit_test(what_is_not_an_object_has_no_labels),
		cmocka_unit_test(matches_as_the_api_server_does),
		cmocka_unit_test(finds_the_faults_of_a_selector),
	};

	return cmocka_run_group_tests_name("labels", tests, NULL, NULL);
}
