#include "yaml/yaml.h"

#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "json/emit.h"
#include "unit.h"

/* Writes a value as JSON again, without spaces. Whole numbers only. */
static void dump(struct emit *e, const struct json *j)
{
	int64_t n = 0;

	switch (json_type(j)) {
	case JSON_OBJECT:
		emit_object_begin(e);
		json_each (item, j) {
			emit_key(e, json_key(item));
			dump(e, item);
		}
		emit_object_end(e);
		break;
	case JSON_ARRAY:
		emit_array_begin(e);
		json_each (item, j)
			dump(e, item);
		emit_array_end(e);
		break;
	case JSON_STRING:
		emit_string(e, json_string(j));
		break;
	case JSON_BOOL:
		emit_bool(e, json_is_true(j));
		break;
	case JSON_NUMBER:
		if (json_int64(j, &n))
			emit_int(e, n);
		else
			emit_string(e, "(no whole number)");
		break;
	case JSON_NULL:
		emit_null(e);
	}
}

static void reads_as_kubectl_does(void **state)
{
	static const struct {
		const char *yaml, *json;
	} rows[] = {
		{"a: b", "{\"a\":\"b\"}"},
		{"[1, -2, +3, 0x1F, 010, 0o17, 0b101, 1_000, -0, 08]",
			"[1,-2,3,31,8,15,5,1000,0,8]"},
		{"[1.0, 1e3, .5, 1., 12e-1]",
			"[1,1000,\"(no whole number)\",1,\"(no whole number)\"]"},
		{"[true, True, yes, on, Y, false, no, Off, n]",
			"[true,true,true,true,true,false,false,false,false]"},
		{"[null, ~, Null, ]", "[null,null,null]"},
		{"a:", "{\"a\":null}"},
		{"['true', \"1\", 'null', '', \"a\\tb\"]",
			"[\"true\",\"1\",\"null\",\"\",\"a\\tb\"]"},
		{"[tRue, 1.2.3, 0x, 0xg, 09a, -, +, ., 1e, 1e999, 10:20, 2026-01-02, 1 2, e5, _1]",
			"[\"tRue\",\"1.2.3\",\"0x\",\"0xg\",\"09a\",\"-\",\"+\",\".\",\"1e\","
			"\"1e999\",\"10:20\",\"2026-01-02\",\"1 2\",\"e5\",\"_1\"]"},
		{"[!!str 1, ! 2, !!int 3, !!bool yes, !!null '', !!seq [], !!map {}]",
			"[\"1\",\"2\",3,true,null,[],{}]"},
		{"0x1: a\ny: b\n'~': c", "{\"1\":\"a\",\"true\":\"b\",\"~\":\"c\"}"},
		{"a: |\n  one\n  two\nb: >\n  one\n  two\n",
			"{\"a\":\"one\\ntwo\\n\",\"b\":\"one two\\n\"}"},
		{"a: &x {b: 1}\nc: *x\nd: *x", "{\"a\":{\"b\":1},\"c\":{\"b\":1},\"d\":{\"b\":1}}"},
		{"a: &x 1\nb: &x 2\nc: *x", "{\"a\":1,\"b\":2,\"c\":2}"},
		{"&k a: 1\nb: *k", "{\"a\":1,\"b\":\"a\"}"},
		{"a: &x {b: 1, c: 2}\nd: {<<: *x, b: 3}",
			"{\"a\":{\"b\":1,\"c\":2},\"d\":{\"b\":3,\"c\":2}}"},
		{"k: &x {a: 1}\nl: &y {<<: *x, a: 2, b: 3}\nm: {<<: [*x, *y]}",
			"{\"k\":{\"a\":1},\"l\":{\"a\":2,\"b\":3},\"m\":{\"a\":1,\"b\":3}}"},
		{"{\"json\": [1, true, null, \"\\u00e9\"]}",
			"{\"json\":[1,true,null,\"\xc3\xa9\"]}"},
		{"\xef\xbb\xbf# a byte order mark\na: 1", "{\"a\":1}"},
		{"%YAML 1.1\n---\na: 1\n...\n", "{\"a\":1}"},
		{"---", "null"},
		{"a: '<<'\n'<<': b", "{\"a\":\"<<\",\"<<\":\"b\"}"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(yaml_doc_release) struct yaml_doc doc = YAML_DOC_INIT;
		CLEANUP(buf_release) struct buf b = BUF_INIT(10000);
		struct emit e = EMIT_INIT(&b);
		struct err err = ERR_INIT;

		if (yaml_parse(rows[i].yaml, strlen(rows[i].yaml), &doc, &err) < 0)
			fail_msg("%s: %s", rows[i].yaml, err.msg);
		dump(&e, doc.root);
		assert_string_equal(buf_str(&b), rows[i].json);
	}
}

static void says_where_it_is_wrong(void **state)
{
	static const struct {
		const char *yaml, *says;
	} rows[] = {
		{"", "no YAML document"},
		{"# nothing\n", "no YAML document"},
		{"a: 1\n---\nb: 2", "line 3: unexpected second YAML document"},
		{"a: 1\nb: 2\na: 3", "line 3: duplicate key \"a\", first in line 1"},
		{"x:\n  - 1: a\n    0x1: b", "line 3: duplicate key \"1\", first in line 2"},
		{"a: b: c", "line 1: mapping values are not allowed in this context"},
		{"a:\n\t- b", "line 2: found character that cannot start any token"},
		{"a: [1, 2", "did not find expected ',' or ']'"},
		{"a: 'b", "found unexpected end of stream"},
		{"a: *b", "line 1: unknown anchor \"b\""},
		{"a: &x\n  b: *x", "line 2: an alias inside the value that it refers to"},
		{"a: .inf", "line 1: JSON has no infinity"},
		{"\n\na: !secret b", "line 3: the tag \"!secret\" is not supported"},
		{"a: !!binary aGk=", "binary\" is not supported"},
		{"a: !!int b", "int\" is not supported"},
		{"a: !!set {b}", "set\" is not supported"},
		{"a: \"b\\0c\"", "line 1: a NUL character"},
		{"{[a]: b}", "line 1: a key must be a scalar"},
		{"~: b", "line 1: a key must not be null"},
		{"a: {<<: 1}", "line 1: a merge (<<) needs a mapping"},
		{"a: \xff", "invalid leading UTF-8 octet at byte 3"},
		{"a: \x01", "control characters are not allowed"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(yaml_doc_release) struct yaml_doc doc = YAML_DOC_INIT;
		struct err err = ERR_INIT;

		if (yaml_parse(rows[i].yaml, strlen(rows[i].yaml), &doc, &err) == 0)
			fail_msg("%s: no error", rows[i].yaml);
		assert_int_equal(err.kind, ERR_INVALID);
		assert_says(err.msg, rows[i].says);
		assert_null(doc.root);
	}
}

static void knows_the_line_of_each_value(void **state)
{
	static const char text[] = "# one\n"
				   "a: 1\n"
				   "b:\n"
				   "  - x\n"
				   "  -\n"
				   "    c: &s {d: 1}\n"
				   "e: *s\n"
				   "f: {<<: *s}\n";
	CLEANUP(yaml_doc_release) struct yaml_doc doc = YAML_DOC_INIT;
	const struct json *b;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(yaml_parse(text, strlen(text), &doc, &err), 0);
	assert_int_equal(yaml_line(&doc, doc.root), 2);
	assert_int_equal(yaml_line(&doc, json_get(doc.root, "a")), 2);
	b = json_get(doc.root, "b");
	assert_int_equal(yaml_line(&doc, b), 3);
	assert_int_equal(yaml_line(&doc, json_first(b)), 4);
	assert_int_equal(yaml_line(&doc, json_next(json_first(b))), 6);
	assert_int_equal(yaml_line(&doc, json_get(doc.root, "e")), 7);
	assert_int_equal(yaml_line(&doc, json_at(doc.root, "e", "d")), 6);
	assert_int_equal(yaml_line(&doc, json_at(doc.root, "f", "d")), 6);
	assert_int_equal(yaml_line(&doc, NULL), 0);
}

static void goes_from_document_to_document(void **state)
{
	static const char text[] = "a: 1\n---\n---\nb: 2\nc: 3\n---\na: 1\na: 1\n---\nd: 4\n";
	CLEANUP(yaml_stream_free_p) struct yaml_stream *stream = NULL;
	struct yaml_doc doc = YAML_DOC_INIT;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(yaml_open(text, strlen(text), &stream, &err), 0);
	assert_int_equal(yaml_next(stream, &doc, &err), 0);
	assert_int_equal(yaml_line(&doc, json_get(doc.root, "a")), 1);
	yaml_doc_release(&doc);
	assert_int_equal(yaml_next(stream, &doc, &err), 0);
	assert_int_equal(json_type(doc.root), JSON_NULL);
	yaml_doc_release(&doc);
	assert_int_equal(yaml_next(stream, &doc, &err), 0);
	assert_int_equal(yaml_line(&doc, json_get(doc.root, "c")), 5);
	yaml_doc_release(&doc);
	assert_int_equal(yaml_next(stream, &doc, &err), -1);
	assert_says(err.msg, "line 8: duplicate key \"a\"");
	assert_int_equal(yaml_next(stream, &doc, &err), YAML_END);
}

static void expect_too_large(const char *text, size_t len)
{
	CLEANUP(yaml_doc_release) struct yaml_doc doc = YAML_DOC_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(yaml_parse(text, len, &doc, &err), -1);
	if (err.kind != ERR_TOO_LARGE)
		fail_msg("%.60s: %s", text, err.msg);
}

static void rejects_what_would_grow_too_large(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT(LIMIT_YAML_BYTES + 1);

	(void)state;
	/* Each list has the one before it nine times: 9^10 values. */
	(void)buf_add(&b, "a0: &a0 [lol]\n");
	for (int i = 1; i <= 10; i++) {
		(void)buf_addf(&b, "a%d: &a%d [", i, i);
		for (int k = 0; k < 9; k++)
			(void)buf_addf(&b, "*a%d,", i - 1);
		(void)buf_add(&b, "]\n");
	}
	expect_too_large(b.data, b.len);

	/* Merges of merges, which add only work; those of {} have no key that would count. */
	for (int empty = 0; empty <= 1; empty++) {
		buf_reset(&b);
		(void)buf_addf(&b, "a0: &a0 {%s}\n", empty ? "" : "x: 1");
		for (int i = 1; i <= 30; i++)
			(void)buf_addf(&b, "a%d: &a%d {<<: [*a%d, *a%d, *a%d]}\n", i, i, i - 1,
				i - 1, i - 1);
		expect_too_large(b.data, b.len);
	}

	/* A long string, often. */
	buf_reset(&b);
	(void)buf_add(&b, "a: &a ");
	for (int i = 0; i < 100000; i++)
		(void)buf_addc(&b, 'x');
	(void)buf_add(&b, "\nb: [");
	for (int i = 0; i < 1000; i++)
		(void)buf_add(&b, "*a,");
	(void)buf_add(&b, "]\n");
	expect_too_large(b.data, b.len);
}

static void refuses_depth_and_size(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT(LIMIT_YAML_BYTES + 1);

	(void)state;
	for (int i = 0; i < 500; i++)
		(void)buf_add(&b, "- ");
	(void)buf_addc(&b, 'x');
	expect_too_large(b.data, b.len);

	/* Nested as deep as allowed as written, but deeper through its aliases. */
	buf_reset(&b);
	(void)buf_add(&b, "a0: &a0 [1]\n");
	for (int i = 1; i <= LIMIT_JSON_DEPTH; i++)
		(void)buf_addf(&b, "a%d: &a%d [*a%d]\n", i, i, i - 1);
	expect_too_large(b.data, b.len);

	buf_reset(&b);
	(void)buf_addc(&b, '[');
	for (int i = 0; i <= LIMIT_JSON_VALUES; i++)
		(void)buf_add(&b, "1,");
	(void)buf_addc(&b, ']');
	expect_too_large(b.data, b.len);

	buf_reset(&b);
	for (int i = 0; i <= LIMIT_YAML_BYTES; i++)
		(void)buf_addc(&b, '#');
	expect_too_large(b.data, b.len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_as_kubectl_does),
		cmocka_unit_test(says_where_it_is_wrong),
		cmocka_unit_test(knows_the_line_of_each_value),
		cmocka_unit_test(goes_from_document_to_document),
		cmocka_unit_test(rejects_what_would_grow_too_large),
		cmocka_unit_test(refuses_depth_and_size),
	};

	return cmocka_run_group_tests_name("yaml", tests, NULL, NULL);
}
