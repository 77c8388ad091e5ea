#include "kube/fielderr.h"

#include "base/limits.h"
#include "base/mem.h"
#include "unit.h"

static void is_worded_as_the_api_server_words_it(void **state)
{
	static const struct {
		enum fielderr_type type;
		const char *reason, *body;
	} rows[] = {
		{FIELDERR_NOT_FOUND, "FieldValueNotFound", "Not found: \"v\": d"},
		{FIELDERR_DUPLICATE, "FieldValueDuplicate", "Duplicate value: \"v\": d"},
		{FIELDERR_INVALID, "FieldValueInvalid", "Invalid value: \"v\": d"},
		{FIELDERR_TYPE_INVALID, "FieldValueTypeInvalid", "Invalid value: \"v\": d"},
		{FIELDERR_NOT_SUPPORTED, "FieldValueNotSupported", "Unsupported value: \"v\": d"},
		{FIELDERR_TOO_MANY, "FieldValueTooMany", "Too many: v: d"},
		{FIELDERR_REQUIRED, "FieldValueRequired", "Required value: d"},
		{FIELDERR_FORBIDDEN, "FieldValueForbidden", "Forbidden: d"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT(100);

		fielderr_body(&b, rows[i].type, "v", "d");
		assert_string_equal(buf_str(&b), rows[i].body);
		assert_string_equal(fielderr_reason(rows[i].type), rows[i].reason);
	}
}

static void quotes_what_would_act_on_a_terminal(void **state)
{
	static const struct {
		const char *value, *want;
	} rows[] = {
		{"", "\"\""},
		{"a \"b\" \\c", "\"a \\\"b\\\" \\\\c\""},
		{"\n\t\r", "\"\\n\\t\\r\""},
		{"\x1b[31m\x7f", "\"\\x1b[31m\\x7f\""},
		{"\xc2\x9b"
		 "31m\xc2\xa0",
			"\"\\u009b31m\\u00a0\""},
		{"\xc3\xa9 \xf0\x9f\x98\x80", "\"\xc3\xa9 \xf0\x9f\x98\x80\""},
		{"\xff\xc3", "\"\\xff\\xc3\""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT(100);

		fielderr_quote(&b, rows[i].value);
		assert_string_equal(buf_str(&b), rows[i].want);
	}
}

static void cuts_a_long_value_between_characters(void **state)
{
	CLEANUP(buf_release) struct buf value = BUF_INIT(1000);
	CLEANUP(buf_release) struct buf b = BUF_INIT(1000);

	(void)state;
	for (int i = 0; i < LIMIT_QUOTED_BYTES - 1; i++)
		(void)buf_addc(&value, 'a');
	(void)buf_add(&value, "\xc3\xa9");
	fielderr_quote(&b, buf_str(&value));
	assert_int_equal(b.len, value.len + 2);
	(void)buf_add(&value, "z");
	buf_reset(&b);
	fielderr_quote(&b, buf_str(&value));
	assert_says(buf_str(&b), "aaa\xc3\xa9…\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_worded_as_the_api_server_words_it),
		cmocka_unit_test(quotes_what_would_act_on_a_terminal),
		cmocka_unit_test(cuts_a_long_value_between_characters),
	};

	return cmocka_run_group_tests_name("fielderr", tests, NULL, NULL);
}
