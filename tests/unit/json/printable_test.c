#include "json/printable.h"

#include "base/mem.h"
#include "json/utf8.h"
#include "unit.h"

/* What Go's strconv.Quote() makes of these, without the quotes around it. */
static void escapes_as_go_does(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"", ""},
		{"a b~", "a b~"},
		{"\a\b\f\n\r\t\v", "\\a\\b\\f\\n\\r\\t\\v"},
		{"\x1b[31m\x7f", "\\x1b[31m\\x7f"},
		{"\xc2\x9b", "\\u009b"},
		{"\xc2\xa0\xc2\xad", "\\u00a0\\u00ad"},
		{"\xe2\x80\x8b\xe2\x80\xae\xe2\x80\xa8\xef\xbb\xbf",
			"\\u200b\\u202e\\u2028\\ufeff"},
		{"\xee\x80\x80\xef\xbf\xbf", "\\ue000\\uffff"},
		{"\xf3\xa0\x81\x81\xf4\x8f\xbf\xbd", "\\U000e0041\\U0010fffd"},
		{"\xf0\x9f\xbf\xbe", "\\U0001fffe"},
		{"\xc3\xa9\xe2\x82\xac\xef\xbf\xbd\xf0\x9f\x98\x80",
			"\xc3\xa9\xe2\x82\xac\xef\xbf\xbd\xf0\x9f\x98\x80"},
		{"\xff\xc3", "\\xff\\xc3"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT(100);

		printable_add_text(&b, rows[i].text);
		assert_string_equal(buf_str(&b), rows[i].want);
	}
}

static void escapes_quotes_only_where_it_is_quoted(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT(100);

	(void)state;
	printable_add_text(&b, "\"\\");
	printable_add(&b, (const unsigned char *)"\"", 1);
	printable_add(&b, (const unsigned char *)"\\", 1);
	assert_string_equal(buf_str(&b), "\"\\\\\"\\\\");
}

static void reads_the_code_of_each_length(void **state)
{
	static const struct {
		const char *text;
		uint32_t code;
	} rows[] = {{"~", 0x7e}, {"\xdf\xbf", 0x7ff}, {"\xef\xbf\xbd", 0xfffd},
		{"\xf4\x8f\xbf\xbf", 0x10ffff}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const unsigned char *p = (const unsigned char *)rows[i].text;

		assert_int_equal(
			printable_code(p, utf8_length(p, strlen(rows[i].text))), rows[i].code);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(escapes_as_go_does),
		cmocka_unit_test(escapes_quotes_only_where_it_is_quoted),
		cmocka_unit_test(reads_the_code_of_each_length),
	};

	return cmocka_run_group_tests_name("printable", tests, NULL, NULL);
}
