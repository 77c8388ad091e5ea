/* Go 1.26's json.Marshal() wrote the expected values. */
#include "json/gojson.h"

#include "base/mem.h"
#include "base/str.h"
#include "unit.h"

static void writes_strings_as_go_does(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"", "\"\""},
		{"plain", "\"plain\""},
		{"a<b>&c", "\"a\\u003cb\\u003e\\u0026c\""},
		{"q\"b\\", "\"q\\\"b\\\\\""},
		{"\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\""},
		{"\x01\x0b\x1f\x7f", "\"\\u0001\\u000b\\u001f\x7f\""},
		{"\u2027\u2028\u2029\u202a", "\"\u2027\\u2028\\u2029\u202a\""},
		{"é日本😀", "\"é日本😀\""},
		{"'/`$(X)", "\"'/`$(X)\""},
		{"\u00a0\ufeff\uffff", "\"\u00a0\ufeff\uffff\""},
		{"\xff a\xe2\x80", "\"\\ufffd a\\ufffd\\ufffd\""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT(1000);

		gojson_string(&b, cases[i].in);
		assert_string_equal(buf_str(&b), cases[i].out);
	}
}

static void writes_maps_in_the_order_of_go(void **state)
{
	CLEANUP(strmap_release) struct strmap m = STRMAP_INIT(NULL);
	CLEANUP(buf_release) struct buf b = BUF_INIT(1000);

	(void)state;
	gojson_map(&b, &m);
	assert_string_equal(buf_str(&b), "{}");
	buf_reset(&b);
	strmap_put(&m, "b", (void *)"1");
	strmap_put(&m, "a", (void *)"2");
	strmap_put(&m, "B", (void *)"3");
	strmap_put(&m, "é", (void *)"4");
	strmap_put(&m, "", (void *)"5");
	strmap_put(&m, "aa", (void *)"<6>");
	gojson_map(&b, &m);
	assert_string_equal(buf_str(&b), "{\"\":\"5\",\"B\":\"3\",\"a\":\"2\","
					 "\"aa\":\"\\u003c6\\u003e\",\"b\":\"1\",\"é\":\"4\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_strings_as_go_does),
		cmocka_unit_test(writes_maps_in_the_order_of_go),
	};

	return cmocka_run_group_tests_name("gojson", tests, NULL, NULL);
}
