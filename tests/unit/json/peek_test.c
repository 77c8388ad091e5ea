#include "json/peek.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "unit.h"

#define LIST                                                                                       \
	"{\"kind\":\"JobList\", \"metadata\" : {\"resourceVersion\":\"10\",\"continue\":\"t\"},"   \
	"\"items\":[ {\"metadata\":{\"labels\":{\"name\":\"no\"},\"name\":\"x\",\"n\":1}},"        \
	"{\"metadata\":{\"name\":\"y\"}}],\"last\":\"z\"}"

static void copies_the_string_at_a_path(void **state)
{
	static const struct {
		const char *text;
		const char *keys[5];
		const char *want; /* NULL: none */
	} rows[] = {
		{LIST, {"kind"}, "JobList"},
		{LIST, {"metadata", "continue"}, "t"},
		{LIST, {"items", PEEK_FIRST, "metadata", "name"}, "x"},
		{LIST, {"last"}, "z"},
		{LIST, {"metadata"}, NULL},
		{LIST, {"metadata", "name"}, NULL},
		{LIST, {"kind", "x"}, NULL},
		{LIST, {"items", "metadata"}, NULL},
		{LIST, {"items", PEEK_FIRST, "metadata", "n"}, NULL},
		{"{\"a\":\"]}{[\\\\\\\"\",\"b\":\"x\"}", {"b"}, "x"},
		{"{\"a\":-1.5e3,\"b\":true,\"c\":null,\"d\":[],\"e\":{},\"f\":\"x\"}", {"f"}, "x"},
		{"{\"ab\":\"1\",\"a\":\"x\"}", {"a"}, "x"},
		{"{\"a\":\"x\\u0041\"}", {"a"}, NULL},
		{"{\"a\":\"\"}", {"a"}, NULL},
		{"{\"a\":\"1234567\"}", {"a"}, "1234567"},
		{"{\"a\":\"12345678\"}", {"a"}, NULL},
		{"{}", {"a"}, NULL},
		{"[\"x\"]", {PEEK_FIRST}, "x"},
		{"[]", {PEEK_FIRST}, NULL},
		{"\"x\"", {"a"}, NULL},
		{"", {"a"}, NULL},
	};
	char got[8];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		bool ok = json_peek_keys(
			rows[i].text, strlen(rows[i].text), rows[i].keys, got, sizeof(got));

		print_message("# %s\n", rows[i].text);
		assert_int_equal(ok, rows[i].want != NULL);
		assert_string_equal(got, rows[i].want ? rows[i].want : "");
	}
}

/* Each prefix in memory of its own, so that asan sees a read after it. */
static void a_cut_text_has_what_is_before_the_cut(void **state)
{
	const char *name = strstr(LIST, "\"x\"") + 3;
	char got[8];

	(void)state;
	for (size_t len = 0; len <= strlen(LIST); len++) {
		CLEANUP(free_p) char *text = xmalloc(len + 1);

		memcpy(text, LIST, len);
		assert_int_equal(json_peek(text, len, got, sizeof(got), "items", PEEK_FIRST,
					 "metadata", "name"),
			len >= (size_t)(name - LIST));
		assert_int_equal(json_peek_whole(text, len), len == strlen(LIST));
	}
}

static void a_text_is_whole_once_its_brackets_are_closed(void **state)
{
	static const struct {
		const char *text;
		bool whole;
	} rows[] = {
		{" {\"a\":[1,\"}\"]} \n", true},
		{"[\"\\ud800\",{\"a\":1,\"a\":2}]", true},
		{"{\"a\":\"}", false},
		{"{}}", false},
		{"{} x", false},
		{"<html>", false},
		{"", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(
			json_peek_whole(rows[i].text, strlen(rows[i].text)), rows[i].whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies_the_string_at_a_path),
		cmocka_unit_test(a_cut_text_has_what_is_before_the_cut),
		cmocka_unit_test(a_text_is_whole_once_its_brackets_are_closed),
	};

	return cmocka_run_group_tests_name("peek", tests, NULL, NULL);
}
