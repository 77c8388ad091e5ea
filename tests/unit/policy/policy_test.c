#include "policy/policy.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "policy/faults.h"
#include "unit.h"

static struct json *parse(const char *text)
{
	struct json *j = NULL;
	struct err err = ERR_INIT;

	if (json_parse(text, strlen(text), &j, &err) < 0)
		fail_msg("%s: %s", text, err.msg);
	return j;
}

static struct policy *decode(const char *text)
{
	CLEANUP(json_free_p) struct json *j = parse(text);

	return policy_decode(j);
}

static struct policy *decode_spec(const char *members)
{
	CLEANUP(free_p)
	char *text = xasprintf("{\"metadata\":{\"name\":\"p\"},\"spec\":{\"namespaceSelector\":{},"
			       "\"validationActions\":[\"Deny\"]%s%s}}",
		*members ? "," : "", members);
	struct policy *p = decode(text);

	if (!p)
		fail_msg("%s", text);
	return p;
}

static void reads_every_field(void **state)
{
	CLEANUP(policy_unref_p)
	struct policy *p = decode(
		"{\"metadata\":{\"name\":\"prod\",\"uid\":\"u\",\"resourceVersion\":\"9\","
		"\"generation\":7},\"spec\":{"
		"\"namespaceSelector\":{\"matchLabels\":{\"env\":\"prod\"}},"
		"\"appSelector\":{\"matchExpressions\":[{\"key\":\"t\",\"operator\":\"Exists\"}]},"
		"\"priority\":1000,\"validationActions\":[\"Audit\",\"Deny\"],"
		"\"enforcedAt\":[\"Promotion\"],\"message\":\"see the wiki\","
		"\"onFailure\":{\"default\":\"Warn\",\"allowed\":[\"Warn\"],\"tasks\":["
		"{\"names\":[\"open-*\",\"x\"],\"default\":\"Block\",\"allowed\":[\"Block\"]},"
		"{\"names\":[\"*\"]}]},"
		"\"promotionTasks\":{\"required\":[{\"name\":\"r\"},{\"name\":\"s\","
		"\"source\":\"Any\"}],"
		"\"added\":[{\"name\":\"a\",\"source\":\"Shared\"},{\"name\":\"b\"}],"
		"\"default\":[\"r\",\"s\"],\"allowed\":[\"r\",\"s\",\"open-*\"],\"max\":9},"
		"\"definitions\":{\"missing\":\"Warn\",\"deletion\":\"Deny\"}},"
		"\"status\":{\"addedSince\":[{\"name\":\"b\",\"since\":\"1970-01-01T00:01:00Z\"},"
		"{\"name\":\"c\",\"since\":\"x\"}]}}");

	(void)state;
	assert_non_null(p);
	assert_string_equal(p->name, "prod");
	assert_string_equal(p->uid, "u");
	assert_string_equal(p->resource_version, "9");
	assert_int_equal(p->generation, 7);
	assert_int_equal(p->priority, 1000);
	assert_int_equal(p->actions, POLICY_DENY | POLICY_AUDIT);
	assert_int_equal(p->enforced_at, POLICY_AT_PROMOTION);
	assert_string_equal(p->message, "see the wiki");
	assert_string_equal(p->namespaces->at[0].values[0], "prod");
	assert_int_equal(p->apps->at[0].operator, SELECTOR_EXISTS);
	assert_int_equal(p->failure.preferred, ON_FAILURE_CHOOSE_WARN);
	assert_int_equal(p->failure.allowed, POLICY_ALLOW_WARN);
	assert_int_equal(p->nfailures, 2);
	assert_int_equal(p->failures[0].names.count, 2);
	assert_string_equal(p->failures[0].names.at[1], "x");
	assert_int_equal(p->failures[0].failure.preferred, ON_FAILURE_CHOOSE_BLOCK);
	assert_int_equal(p->failures[0].failure.allowed, POLICY_ALLOW_BLOCK);
	assert_int_equal(p->failures[1].failure.preferred, ON_FAILURE_UNSET);
	assert_int_equal(p->failures[1].failure.allowed, 0);
	assert_int_equal(p->required.count, 2);
	assert_string_equal(p->required.at[0].name, "r");
	assert_true(p->required.at[0].shared);
	assert_false(p->required.at[1].shared);
	assert_int_equal(p->added.count, 2);
	assert_true(p->added.at[0].shared);
	assert_int_equal(p->added.at[0].since, 0);
	assert_int_equal(p->added.at[1].since, 60);
	assert_int_equal(p->preferred.count, 2);
	assert_string_equal(p->preferred.at[1], "s");
	assert_int_equal(p->allowed.count, 3);
	assert_string_equal(p->allowed.at[2], "open-*");
	assert_int_equal(p->max, 9);
	assert_int_equal(p->missing, POLICY_STRICT_WARN);
	assert_int_equal(p->deletion, POLICY_STRICT_DENY);
}

/* Since when, with these selectors and this status. */
static int64_t since_with(const char *selectors, const char *added_for)
{
	CLEANUP(free_p)
	char *text = xasprintf("{\"metadata\":{\"name\":\"p\"},\"spec\":{%s,"
			       "\"validationActions\":[\"Deny\"],\"promotionTasks\":{\"added\":"
			       "[{\"name\":\"b\"}]}},\"status\":{%s%s%s\"addedSince\":"
			       "[{\"name\":\"b\",\"since\":\"1970-01-01T00:01:00Z\"}]}}",
		selectors, added_for ? "\"addedFor\":\"" : "", added_for ? added_for : "",
		added_for ? "\"," : "");
	CLEANUP(policy_unref_p) struct policy *p = decode(text);

	assert_non_null(p);
	return p->added.at[0].since;
}

static void since_counts_for_the_selectors_with_which_it_was_written(void **state)
{
	static const char prod[] = "\"namespaceSelector\":{\"matchLabels\":{\"env\":\"prod\"}}";
	static const char *const others[] = {
		"\"namespaceSelector\":{}",
		"\"namespaceSelector\":{\"matchLabels\":{\"env\":\"dev\"}}",
		"\"namespaceSelector\":{\"matchLabels\":{\"env\":\"prod\"}},\"appSelector\":{}",
	};
	CLEANUP(free_p)
	char *text = xasprintf("{\"metadata\":{\"name\":\"p\"},\"spec\":{%s,"
			       "\"validationActions\":[\"Deny\"]}}",
		prod);
	CLEANUP(policy_unref_p) struct policy *p = decode(text);

	(void)state;
	assert_int_equal(strlen(p->selectors), 16);
	assert_int_equal(since_with(prod, p->selectors), 60);
	assert_int_equal(since_with(prod, NULL), 60);
	assert_int_equal(since_with(prod, "0123456789abcdef"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_int_equal(since_with(others[i], p->selectors), 0);
}

static void is_silent_about_what_is_absent(void **state)
{
	CLEANUP(policy_unref_p) struct policy *p = decode_spec("");

	(void)state;
	assert_int_equal(p->namespaces->count, 0);
	assert_null(p->apps);
	assert_int_equal(p->priority, 0);
	assert_int_equal(p->enforced_at, POLICY_AT_ADMISSION | POLICY_AT_PROMOTION);
	assert_null(p->message);
	assert_int_equal(p->failure.preferred, ON_FAILURE_UNSET);
	assert_int_equal(p->failure.allowed, 0);
	assert_int_equal(p->nfailures, 0);
	assert_int_equal(p->required.count, 0);
	assert_int_equal(p->added.count, 0);
	assert_null(p->preferred.at);
	assert_null(p->allowed.at);
	assert_int_equal(p->max, 0);
	assert_int_equal(p->missing, POLICY_SILENT);
	assert_int_equal(p->deletion, POLICY_SILENT);
}

static void an_empty_list_is_not_absent(void **state)
{
	CLEANUP(policy_unref_p)
	struct policy *p = decode_spec("\"enforcedAt\":[],\"appSelector\":{},"
				       "\"promotionTasks\":{\"default\":[],\"allowed\":[]}");

	(void)state;
	assert_int_equal(p->enforced_at, 0);
	assert_non_null(p->apps);
	assert_non_null(p->preferred.at);
	assert_int_equal(p->preferred.count, 0);
	assert_non_null(p->allowed.at);
	assert_int_equal(p->allowed.count, 0);
}

static void ends_with_its_last_reference(void **state)
{
	struct policy *p = decode_spec("");

	(void)state;
	assert_ptr_equal(policy_ref(p), p);
	policy_unref(p);
	assert_string_equal(p->name, "p");
	policy_unref(p);
	policy_unref(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_field),
		cmocka_unit_test(since_counts_for_the_selectors_with_which_it_was_written),
		cmocka_unit_test(is_silent_about_what_is_absent),
		cmocka_unit_test(an_empty_list_is_not_absent),
		cmocka_unit_test(ends_with_its_last_reference),
	};

	return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
