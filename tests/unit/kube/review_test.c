#include "kube/review.h"

#include "base/limits.h"
#include "base/mem.h"
#include "unit.h"

#define ENVELOPE        "\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\""
#define REVIEW(request) "{" ENVELOPE ",\"request\":{" request "}}"
#define RESOURCE        "\"resource\":{\"group\":\"g\",\"version\":\"v1\",\"resource\":\"r\"}"
#define COMMON          "\"uid\":\"u\"," RESOURCE

static int decode(const char *text, struct json **root, struct review *r, struct err *err)
{
	if (json_parse(text, strlen(text), root, err) < 0)
		fail_msg("%s: %s", text, err->msg);
	return review_decode(*root, r, err);
}

static void reads_all_that_the_rules_need(void **state)
{
	static const char text[] =
		REVIEW(COMMON ",\"operation\":\"UPDATE\",\"name\":\"n\",\"namespace\":\"ns\","
			      "\"subResource\":\"status\",\"dryRun\":true,"
			      "\"options\":{\"fieldManager\":\"helm\"},"
			      "\"object\":{\"new\":1},\"oldObject\":{\"old\":1},\"future\":[]");
	CLEANUP(json_free_p) struct json *root = NULL;
	struct err err = ERR_INIT;
	struct review r;

	(void)state;
	assert_int_equal(decode(text, &root, &r, &err), 0);
	assert_string_equal(r.uid, "u");
	assert_string_equal(review_operation_name(r.operation), "UPDATE");
	assert_string_equal(r.group, "g");
	assert_string_equal(r.resource, "r");
	assert_string_equal(r.subresource, "status");
	assert_string_equal(r.name, "n");
	assert_string_equal(r.namespace, "ns");
	assert_string_equal(r.field_manager, "helm");
	assert_true(r.dry_run);
	assert_non_null(json_get(r.object, "new"));
	assert_non_null(json_get(r.old_object, "old"));
}

static void what_may_be_absent_is_empty(void **state)
{
	static const char text[] = REVIEW(COMMON ",\"operation\":\"DELETE\",\"name\":null,"
						 "\"object\":null,\"oldObject\":{}");
	CLEANUP(json_free_p) struct json *root = NULL;
	struct err err = ERR_INIT;
	struct review r;

	(void)state;
	assert_int_equal(decode(text, &root, &r, &err), 0);
	assert_string_equal(r.name, "");
	assert_string_equal(r.namespace, "");
	assert_string_equal(r.subresource, "");
	assert_string_equal(r.field_manager, "");
	assert_false(r.dry_run);
	assert_null(r.object);
	assert_non_null(r.old_object);
}

static void rejects_what_is_not_a_review_with_the_reason(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{"[]", "the body: must be an AdmissionReview object, not array"},
		{"{}", "kind: must be \"AdmissionReview\""},
		{"{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1beta1\"}",
			"apiVersion: must be \"admission.k8s.io/v1\""},
		{"{" ENVELOPE "}", "request: must be an object, not null"},
		{"{" ENVELOPE ",\"request\":[]}", "request: must be an object, not array"},
		{REVIEW(""), "request.uid: missing"},
		{REVIEW("\"uid\":1"), "request.uid: must be a string, not number"},
		{REVIEW("\"uid\":\"u\""), "request.operation: must be CREATE, UPDATE, DELETE or"},
		{REVIEW("\"uid\":\"u\",\"operation\":\"create\""), "request.operation: must be"},
		{REVIEW("\"uid\":\"u\",\"operation\":\"CONNECT\""),
			"request.resource.resource: missing"},
		{REVIEW("\"uid\":\"u\",\"operation\":\"CONNECT\",\"resource\":\"r\""),
			"request.resource.resource: missing"},
		{REVIEW(COMMON ",\"operation\":\"CREATE\",\"namespace\":{}"),
			"request.namespace: must be a string, not object"},
		{REVIEW(COMMON ",\"operation\":\"CREATE\",\"options\":{\"fieldManager\":true}"),
			"request.options.fieldManager: must be a string, not boolean"},
		{REVIEW(COMMON ",\"operation\":\"CREATE\""),
			"request.object: must be an object, not null"},
		{REVIEW(COMMON ",\"operation\":\"CREATE\",\"object\":[]"),
			"request.object: must be an object, not array"},
		{REVIEW(COMMON ",\"operation\":\"UPDATE\",\"object\":{}"),
			"request.oldObject: must be an object, not null"},
		{REVIEW(COMMON ",\"operation\":\"DELETE\",\"object\":1,\"oldObject\":{}"),
			"request.object: must be an object, not number"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(json_free_p) struct json *root = NULL;
		struct err err = ERR_INIT;
		struct review r;

		if (decode(rows[i].text, &root, &r, &err) == 0)
			fail_msg("%s: accepted", rows[i].text);
		assert_int_equal(err.kind, ERR_INVALID);
		assert_says(err.msg, rows[i].says);
	}
}

static void rejects_names_that_are_too_long(void **state)
{
	static const char *const keys[] = {"uid", "name", "namespace"};
	char name[LIMIT_NAME_BYTES + 2] = "";

	(void)state;
	memset(name, 'a', LIMIT_NAME_BYTES + 1);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		CLEANUP(json_free_p) struct json *root = NULL;
		CLEANUP(free_p)
		char *text =
			xasprintf("{" ENVELOPE ",\"request\":{%s\"operation\":\"CONNECT\"," RESOURCE
				  ",\"%s\":\"%s\"}}",
				i ? "\"uid\":\"u\"," : "", keys[i], name);
		struct err err = ERR_INIT;
		struct review r;

		assert_int_equal(decode(text, &root, &r, &err), -1);
		assert_says(err.msg, "longer than 253 bytes");
	}
}

static void warnings(struct buf *to, const char *const *list, size_t n)
{
	struct emit e = EMIT_INIT(to);

	emit_object_begin(&e);
	review_answer_warnings(&e, list, n);
	emit_object_end(&e);
}

static void cuts_a_warning_by_characters(void **state)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(4096);
	CLEANUP(buf_release) struct buf want = BUF_INIT(4096);
	CLEANUP(buf_release) struct buf out = BUF_INIT(4096);
	const char *list[1];

	(void)state;
	for (int i = 0; i < LIMIT_WARNING_CHARS; i++)
		(void)buf_add(&text, "\xf0\x9f\x98\x80");
	list[0] = buf_str(&text);
	(void)buf_addf(&want, "{\"warnings\":[\"%s\"]}", list[0]);
	warnings(&out, list, 1);
	assert_string_equal(buf_str(&out), buf_str(&want));

	buf_reset(&want);
	(void)buf_addf(&want, "{\"warnings\":[\"%.*s…\"]}", 4 * (LIMIT_WARNING_CHARS - 1), list[0]);
	(void)buf_add(&text, "x");
	list[0] = buf_str(&text);
	buf_reset(&out);
	warnings(&out, list, 1);
	assert_string_equal(buf_str(&out), buf_str(&want));
}

static void stops_at_the_sum_that_is_passed_on(void **state)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT(100000);
	CLEANUP(json_free_p) struct json *root = NULL;
	char long_one[LIMIT_WARNING_CHARS + 1] = "";
	const char *list[100];
	struct err err = ERR_INIT;

	(void)state;
	memset(long_one, 'w', LIMIT_WARNING_CHARS);
	for (size_t i = 0; i < ARRAY_SIZE(list); i++)
		list[i] = long_one;
	warnings(&out, list, ARRAY_SIZE(list));
	assert_int_equal(json_parse(buf_str(&out), out.len, &root, &err), 0);
	assert_int_equal(
		json_count(json_get(root, "warnings")), LIMIT_WARNINGS_CHARS / LIMIT_WARNING_CHARS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_all_that_the_rules_need),
		cmocka_unit_test(what_may_be_absent_is_empty),
		cmocka_unit_test(rejects_what_is_not_a_review_with_the_reason),
		cmocka_unit_test(rejects_names_that_are_too_long),
		cmocka_unit_test(cuts_a_warning_by_characters),
		cmocka_unit_test(stops_at_the_sum_that_is_passed_on),
	};

	return cmocka_run_group_tests_name("review", tests, NULL, NULL);
}
