#include "json/json.h"

#include <string.h>

#include "base/buf.h"
#include "json/emit.h"
#include "unit.h"

static void accepts_what_rfc_8259_accepts(void **state)
{
	static const char *const texts[] = {
		"{}",
		"[]",
		" null ",
		"true",
		"-0",
		"0.5e-3",
		"1E+2",
		"\"\"",
		"[1,[2,{\"a\":[]}]]",
		"\"\\u00e9\\ud83d\\ude00 \xc3\xa9 \xf0\x9f\x98\x80\"",
		"{\"a\":1,\"A\":2}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		CLEANUP(json_free_p) struct json *j = NULL;
		struct err err = ERR_INIT;

		if (json_parse(texts[i], strlen(texts[i]), &j, &err) < 0)
			fail_msg("%s: %s", texts[i], err.msg);
	}
}

/* Names and texts of each length: a tree has room however they are rounded up. */
static void has_room_for_every_length(void **state)
{
	static const char filler[] = "xxxxxxxxxxxxxxxxxxxxxxxx";

	(void)state;
	for (int length = 0; length < (int)sizeof(filler); length++) {
		CLEANUP(buf_release) struct buf text = BUF_INIT(1 << 20);
		CLEANUP(json_free_p) struct json *j = NULL;
		struct err err = ERR_INIT;

		(void)buf_addc(&text, '{');
		for (int i = 100; i < 200; i++)
			(void)buf_addf(&text, "%s\"%d%.*s\":\"%.*s\"", i > 100 ? "," : "", i,
				length, filler, length, filler);
		(void)buf_addc(&text, '}');
		if (json_parse(buf_str(&text), text.len, &j, &err) < 0)
			fail_msg("%s", err.msg);
		assert_int_equal(json_count(j), 100);
		json_each (item, j)
			assert_int_equal(strlen(json_string(item)), length);
	}
}

static void refuses_what_is_not_strict(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{"", "not JSON: nothing at byte 0"},
		{"{} x", "trailing data at byte 3"},
		{"{\"a\":1,}", "expected a key at byte 7"},
		{"[1,]", "malformed number at byte 3"},
		{"[1 2]", "expected a comma or a closing bracket at byte 3"},
		{"[", "malformed number at byte 1"},
		{"01", "trailing data at byte 1"},
		{"1.", "malformed number at byte 2"},
		{"nul", "unknown literal"},
		{"'a'", "malformed number at byte 0"},
		{"{a:1}", "expected a key at byte 1"},
		{"{\"a\" 1}", "expected a colon at byte 5"},
		{"\"a", "unterminated string"},
		{"\"a\\", "unterminated string"},
		{"\"\\x\"", "unknown escape"},
		{"\"\\u12g4\"", "\\u without four hex digits"},
		{"\"\\ud800\"", "unpaired surrogate"},
		{"\"\\ude00\\ud83d\"", "unpaired surrogate"},
		{"\"\n\"", "control character in a string at byte 1"},
		{"\"\xff\"", "invalid UTF-8 at byte 1"},
		{"\"\xc0\x80\"", "invalid UTF-8 at byte 1"},
		{"\"\xc1\xbf\"", "invalid UTF-8 at byte 1"},
		{"\"\xe0\x9f\xbf\"", "invalid UTF-8 at byte 1"},
		{"\"\xf0\x8f\xbf\xbf\"", "invalid UTF-8 at byte 1"},
		{"\"\xed\xa0\x80\"", "invalid UTF-8 at byte 1"},
		{"\"\xf4\x90\x80\x80\"", "invalid UTF-8 at byte 1"},
		{"\"\xe2\x82", "invalid UTF-8 at byte 1"},
		{"{\"a\":1,\"a\":2}", "duplicate key \"a\""},
		{"[{\"b\":{\"a\":1,\"\\u0061\":2}}]", "duplicate key \"a\""},
		{"{\"b\":[1,{\"a\":1,\"a\":2}]}", "duplicate key \"a\""},
		{"[[],[{},{\"a\":1,\"a\":2},{}]]", "duplicate key \"a\""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(json_free_p) struct json *j = NULL;
		struct err err = ERR_INIT;

		assert_int_equal(json_parse(rows[i].text, strlen(rows[i].text), &j, &err), -1);
		assert_int_equal(err.kind, ERR_INVALID);
		assert_says(err.msg, rows[i].says);
		assert_null(j);
	}
}

static void finds_a_duplicate_among_many_keys(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT(4096);
	CLEANUP(json_free_p) struct json *j = NULL;
	struct err err = ERR_INIT;

	(void)state;
	(void)buf_add(&b, "{\"k7\":0");
	for (int i = 0; i < 100; i++)
		(void)buf_addf(&b, ",\"k%d\":%d", i, i);
	(void)buf_addc(&b, '}');
	assert_int_equal(json_parse(buf_str(&b), b.len, &j, &err), -1);
	assert_says(err.msg, "duplicate key \"k7\"");
}

static void refuses_depth_and_number_over_the_limit(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT(8 << 20);
	CLEANUP(json_free_p) struct json *j = NULL;
	struct err err = ERR_INIT;

	(void)state;
	for (int i = 0; i < 100000; i++)
		(void)buf_addc(&b, '[');
	assert_int_equal(json_parse(buf_str(&b), b.len, &j, &err), -1);
	assert_int_equal(err.kind, ERR_TOO_LARGE);
	assert_says(err.msg, "nested too deeply at byte 64");

	buf_reset(&b);
	(void)buf_add(&b, "[0");
	for (int i = 0; i < 600000; i++)
		(void)buf_add(&b, ",0");
	(void)buf_addc(&b, ']');
	assert_int_equal(json_parse(buf_str(&b), b.len, &j, &err), -1);
	assert_int_equal(err.kind, ERR_TOO_LARGE);
	assert_says(err.msg, "too many values");
	assert_int_equal(json_parse_small("[0,[1]]", 7, 3, &j, &err), -1);
	assert_says(err.msg, "too many values at byte 4");
	assert_int_equal(json_parse_small("[0,[1]]", 7, 4, &j, &err), 0);
}

static void reads_an_escaped_nul_as_a_replacement_character(void **state)
{
	static const char text[] = "{\"a\":\"x\\u0000y\",\"b\":\"\\\\u0000\"}";
	CLEANUP(json_free_p) struct json *j = NULL;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(json_parse(text, strlen(text), &j, &err), 0);
	assert_string_equal(json_string(json_get(j, "a")), "x\xef\xbf\xbdy");
	assert_string_equal(json_string(json_get(j, "b")), "\\u0000");
}

static void getters_are_exact_and_accept_nothing(void **state)
{
	static const char text[] = "{\"a\":{\"b\":[1,\"two\",true,1.5]},\"n\":9007199254740993}";
	CLEANUP(json_free_p) struct json *j = NULL;
	struct err err = ERR_INIT;
	const struct json *b;
	int64_t n = 0;

	(void)state;
	assert_int_equal(json_parse(text, strlen(text), &j, &err), 0);
	b = json_at(j, "a", "b");
	assert_int_equal(json_count(b), 4);
	assert_true(json_int64(json_first(b), &n));
	assert_int_equal(n, 1);
	assert_string_equal(json_string(json_next(json_first(b))), "two");
	assert_null(json_at(j, "A", "b"));
	assert_null(json_at(j, "a", "b", "c", "d"));
	assert_null(json_string(b));
	assert_string_equal(json_string_or(json_next(json_first(b)), "else"), "two");
	assert_string_equal(json_string_or(b, "else"), "else");
	assert_true(json_double(json_next(json_next(json_next(json_first(b))))) == 1.5);
	assert_true(json_double(b) == 0);
	assert_false(json_int64(json_get(j, "n"), &n));
	assert_null(json_get(NULL, "a"));
	assert_int_equal(json_count(NULL), 0);
	assert_string_equal(json_type_name(json_type(b)), "array");
}

static void emits_each_type(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT(1024);
	struct emit e = EMIT_INIT(&b);

	(void)state;
	emit_object_begin(&e);
	emit_key_string(&e, "s", "q\" b\\ n\n t\t \x01 \xc3\xa9 \xff");
	emit_key(&e, "list");
	emit_array_begin(&e);
	emit_int(&e, -1);
	emit_null(&e);
	emit_object_begin(&e);
	emit_object_end(&e);
	emit_array_end(&e);
	emit_key_bool(&e, "yes", true);
	emit_key_int(&e, "n", 7);
	emit_object_end(&e);
	assert_string_equal(buf_str(&b),
		"{\"s\":\"q\\\" b\\\\ n\\n t\\t \\u0001 \xc3\xa9 \\ufffd\",\"list\":[-1,null,{}],"
		"\"yes\":true,\"n\":7}");
}

static void emits_what_was_parsed(void **state)
{
	static const struct {
		const char *in, *out; /* NULL: the same */
	} cases[] = {
		{"{\"a\":[1,\"b\",null,true,false,{},[]],\"A\":{\"\":\"\\n\"}}", NULL},
		{"0", NULL},
		{"-12", NULL},
		{"0.1", NULL},
		{"1.5e+300", NULL},
		{"0.30000000000000004", NULL},
		{"9007199254740991", NULL},
		{"1e3", "1000"},
		{"1.50", "1.5"},
		{"-0", "0"},
		{"1e999", NULL},
		{"-1e999", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(json_free_p) struct json *j = NULL;
		CLEANUP(buf_release) struct buf b = BUF_INIT(1000);
		struct emit e = EMIT_INIT(&b);

		assert_int_equal(json_parse(cases[i].in, strlen(cases[i].in), &j, NULL), 0);
		emit_json(&e, j);
		assert_string_equal(buf_str(&b), cases[i].out ? cases[i].out : cases[i].in);
	}
}

/* And reads as what it was. */
static void escapes_what_a_terminal_does_not_show(void **state)
{
	static const struct {
		const char *text, *json;
	} rows[] = {
		{"\x7f", "\"\\u007f\""},
		{"\xc2\x9b", "\"\\u009b\""},
		{"\xe2\x80\xae\xe2\x80\x8b", "\"\\u202e\\u200b\""},
		{"\xf3\xa0\x81\x81", "\"\\udb40\\udc41\""},
		{"\xf4\x8f\xbf\xbd", "\"\\udbff\\udffd\""},
		{"\xf0\x9f\x98\x80", "\"\xf0\x9f\x98\x80\""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(json_free_p) struct json *j = NULL;
		CLEANUP(buf_release) struct buf b = BUF_INIT(1000);
		struct emit e = EMIT_INIT(&b);

		emit_string(&e, rows[i].text);
		assert_string_equal(buf_str(&b), rows[i].json);
		assert_int_equal(json_parse(buf_str(&b), b.len, &j, NULL), 0);
		assert_string_equal(json_string(j), rows[i].text);
	}
}

static void emits_nothing_as_null(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT(1000);
	struct emit e = EMIT_INIT(&b);

	(void)state;
	emit_object_begin(&e);
	emit_key_json(&e, "a", NULL);
	emit_object_end(&e);
	assert_string_equal(buf_str(&b), "{\"a\":null}");
}

static struct json *parsed(const char *text)
{
	struct json *j = NULL;

	assert_int_equal(json_parse(text, strlen(text), &j, NULL), 0);
	return j;
}

static void compares_whole_trees(void **state)
{
	static const struct {
		const char *a, *b;
		bool equal;
	} rows[] = {
		{"{\"a\":[1,\"x\",true,null,{}]}", "{\"a\":[1,\"x\",true,null,{}]}", true},
		{"{\"a\":1}", "{\"b\":1}", false},
		{"{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}", false},
		{"[1]", "[2]", false},
		{"[1]", "[1,1]", false},
		{"[1,1]", "[1]", false},
		{"[[]]", "[{}]", false},
		{"\"a\"", "\"b\"", false},
		{"true", "false", false},
		{"null", "false", false},
		{"0", "\"\"", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(json_free_p) struct json *a = parsed(rows[i].a), *b = parsed(rows[i].b);

		print_message("# %s %s\n", rows[i].a, rows[i].b);
		assert_int_equal(json_equal(a, b), rows[i].equal);
		assert_true(json_equal(a, a));
		assert_false(json_equal(a, NULL));
		assert_false(json_equal(NULL, a));
	}
	assert_true(json_equal(NULL, NULL));
}

static void counts_whole_trees(void **state)
{
	CLEANUP(json_free_p) struct json *j = parsed("{\"a\":[1,\"x\",{}],\"b\":null}");

	(void)state;
	assert_int_equal(json_size(j), 6);
	assert_int_equal(json_size(NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compares_whole_trees),
		cmocka_unit_test(counts_whole_trees),
		cmocka_unit_test(accepts_what_rfc_8259_accepts),
		cmocka_unit_test(has_room_for_every_length),
		cmocka_unit_test(refuses_what_is_not_strict),
		cmocka_unit_test(finds_a_duplicate_among_many_keys),
		cmocka_unit_test(refuses_depth_and_number_over_the_limit),
		cmocka_unit_test(reads_an_escaped_nul_as_a_replacement_character),
		cmocka_unit_test(getters_are_exact_and_accept_nothing),
		cmocka_unit_test(emits_each_type),
		cmocka_unit_test(emits_what_was_parsed),
		cmocka_unit_test(escapes_what_a_terminal_does_not_show),
		cmocka_unit_test(emits_nothing_as_null),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
