#include "base/base64.h"

#include "base/mem.h"
#include "unit.h"

/* RFC 4648, section 10, and the two characters above 61. */
static void encodes_as_in_the_rfc(void **state)
{
	static const struct {
		const char *data, *want;
	} rows[] = {
		{"", ""},
		{"f", "Zg=="},
		{"fo", "Zm8="},
		{"foo", "Zm9v"},
		{"foob", "Zm9vYg=="},
		{"fooba", "Zm9vYmE="},
		{"foobar", "Zm9vYmFy"},
		{"\xfb\xff\xbf", "+/+/"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT(100);

		base64_encode(&b, rows[i].data, strlen(rows[i].data));
		assert_string_equal(buf_str(&b), rows[i].want);
	}
}

static void encodes_nul_bytes_and_reports_an_overflow(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT(5);

	(void)state;
	base64_encode(&b, "\0\0\0", 3);
	assert_string_equal(buf_str(&b), "AAAA");
	base64_encode(&b, "x", 1);
	assert_true(b.overflowed);
}

static void decodes_what_it_encoded(void **state)
{
	(void)state;
	for (int len = 0; len < 256; len++) {
		CLEANUP(buf_release) struct buf text = BUF_INIT(1000), back = BUF_INIT(1000);
		char data[256];

		for (int i = 0; i < len; i++)
			data[i] = (char)(i * 7 + len);
		base64_encode(&text, data, (size_t)len);
		assert_int_equal(base64_decode(&back, buf_str(&text)), 0);
		assert_int_equal(back.len, len);
		if (len)
			assert_memory_equal(back.data, data, (size_t)len);
	}
}

static void decodes_lines_and_refuses_the_rest(void **state)
{
	static const char *const good[] = {"Zm9v\nYmFy", "\r\nZm\n9vYmFy\n"};
	static const char *const bad[] = {"Z", "Zg", "Zg=", "Zg==Zg==", "Z===", "====", "Zg=x",
		"Zm9v YmFy", "Zm9v-_==", "Zm9vYmFy=", "\xc3\xa9=="};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT(100);

		assert_int_equal(base64_decode(&b, good[i]), 0);
		assert_string_equal(buf_str(&b), "foobar");
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT(100);

		if (base64_decode(&b, bad[i]) == 0)
			fail_msg("%s", bad[i]);
	}
	{
		CLEANUP(buf_release) struct buf b = BUF_INIT(2);

		assert_int_equal(base64_decode(&b, "Zm9v"), -1);
		assert_true(b.overflowed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(encodes_as_in_the_rfc),
		cmocka_unit_test(encodes_nul_bytes_and_reports_an_overflow),
		cmocka_unit_test(decodes_what_it_encoded),
		cmocka_unit_test(decodes_lines_and_refuses_the_rest),
	};

	return cmocka_run_group_tests_name("base64", tests, NULL, NULL);
}
