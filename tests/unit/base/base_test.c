#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/strmap.h"

#include <errno.h>
#include <stdlib.h>

#include "unit.h"

static void buf_keeps_to_its_maximum(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT(10);

	(void)state;
	assert_string_equal(buf_str(&b), "");
	assert_int_equal(buf_add(&b, "12345"), 0);
	assert_int_equal(buf_addf(&b, "%d", 67890), 0);
	assert_int_equal(buf_addc(&b, 'x'), -1);
	assert_true(b.overflowed);
	assert_string_equal(buf_str(&b), "1234567890");
	buf_reset(&b);
	assert_false(b.overflowed);
	assert_int_equal(buf_addf(&b, "%s", "12345678901"), -1);
	assert_string_equal(buf_str(&b), "");
}

static void buf_hands_out_what_it_holds(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT(100);
	char *s;

	(void)state;
	(void)buf_add(&b, "one two");
	s = buf_steal(&b);
	assert_string_equal(s, "one two");
	free(s);
	assert_int_equal(b.len, 0);
	assert_int_equal(buf_add(&b, "again"), 0);
}

static void err_says_what_where_and_why(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(err_set_errno(&err, ENOENT, "opening %s", "f"), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	assert_int_equal(err_wrap(&err, "starting"), -1);
	assert_string_equal(err.msg, "starting: opening f: No such file or directory");
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	assert_int_equal(err_set(NULL, ERR_IO, "not stored"), -1);
}

/* The end of a message that is one byte too long, in each of the ways to write one. */
static void err_is_cut_between_characters(void **state)
{
	static const struct {
		const char *last; /* a character */
		size_t fits; /* so many bytes of it */
		bool kept;
	} rows[] = {
		{"e", 1, true},
		{"é", 1, false},
		{"é", 2, true},
		{"€", 1, false},
		{"€", 2, false},
		{"€", 3, true},
		{"𝄞", 1, false},
		{"𝄞", 2, false},
		{"𝄞", 3, false},
		{"𝄞", 4, true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err err = ERR_INIT;
		const char *last = rows[i].last;
		int zeros = (int)(sizeof(err.msg) - 1 - rows[i].fits - strlen("a: "));
		CLEANUP(free_p) char *before = xasprintf("a: %0*d", zeros, 0);
		CLEANUP(free_p) char *want = xasprintf("%s%s", before, rows[i].kept ? last : "");
		int left = rows[i].kept ? 0 : (int)rows[i].fits;
		CLEANUP(free_p) char *with_errno = xasprintf("%s%.*s", want, left, ": Input");

		print_message("# %zu of %s\n", rows[i].fits, last);
		(void)err_set(&err, ERR_IO, "%s%sx", before, last);
		assert_string_equal(err.msg, want);
		(void)err_set_errno(&err, EIO, "%s%sx", before, last);
		assert_string_equal(err.msg, with_errno);
		(void)err_set(&err, ERR_IO, "%s%sx", before + strlen("a: "), last);
		(void)err_wrap(&err, "a");
		assert_string_equal(err.msg, want);
	}
}

static void str_reads_whole_numbers_only(void **state)
{
	static const char *const bad[] = {"", "-", " 1", "1 ", "+1", "0x1", "9223372036854775808"};
	int64_t n = 0;

	(void)state;
	assert_int_equal(str_to_int64("-42", &n), 0);
	assert_int_equal(n, -42);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(str_to_int64(bad[i], &n), -1);
}

static void str_distance_is_levenshteins(void **state)
{
	static const struct {
		const char *a, *b;
		size_t distance;
	} rows[] = {
		{"", "", 0},
		{"", "abc", 3},
		{"kitten", "sitting", 3},
		{"open-pr", "open-pull-request", 10},
		{"same", "same", 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(str_distance(rows[i].a, rows[i].b), rows[i].distance);
		assert_int_equal(str_distance(rows[i].b, rows[i].a), rows[i].distance);
	}
}

static void join(void *ctx, const char *key, void *value)
{
	struct buf *b = ctx;

	(void)buf_addf(b, "%s=%s ", key, (const char *)value);
}

static void strmap_keeps_order_and_owns(void **state)
{
	CLEANUP(strmap_release) struct strmap m = STRMAP_INIT(free);
	CLEANUP(buf_release) struct buf b = BUF_INIT(100);

	(void)state;
	assert_null(strmap_get(&m, "a"));
	strmap_put(&m, "b", xstrdup("2"));
	strmap_put(&m, "a", xstrdup("1"));
	strmap_put(&m, "c", xstrdup("3"));
	strmap_put(&m, "a", xstrdup("one"));
	assert_int_equal(m.count, 3);
	assert_true(strmap_remove(&m, "b"));
	assert_false(strmap_remove(&m, "b"));
	assert_string_equal(strmap_get(&m, "c"), "3");
	assert_false(strmap_has(&m, "b"));
	strmap_walk(&m, join, &b);
	assert_string_equal(buf_str(&b), "a=one c=3 ");
	strmap_clear(&m);
	assert_int_equal(m.count, 0);
	assert_false(strmap_has(&m, "a"));
	strmap_put(&m, "a", xstrdup("again"));
	assert_string_equal(strmap_get(&m, "a"), "again");
}

struct joined {
	struct buf names;
	size_t left; /* how many more are wanted */
};

static bool join_some(void *ctx, const char *key, void *value)
{
	struct joined *j = ctx;

	(void)value;
	(void)buf_addf(&j->names, "%s ", key);
	return --j->left > 0;
}

/* In trees of any size, so that each key is the root of one. */
static void strmap_walks_one_prefix(void **state)
{
	static const struct {
		const char *prefix, *want;
		size_t most;
	} rows[] = {
		{"b/", "b/1 b/2 b/3 ", 10},
		{"b/", "b/1 b/2 ", 2},
		{"a/", "a/1 ", 10},
		{"bb/", "bb/1 ", 10},
		{"b", "b b/1 b/2 b/3 b0 bb/1 ", 10},
		{"c/", "c/1 c/2 ", 10},
		{"d/", "", 10},
		{"0", "", 10},
	};
	static const char *const keys[] = {
		"a/1", "b", "b/1", "b/2", "b/3", "b0", "bb/1", "c/1", "c/2"};

	(void)state;
	for (size_t more = 0; more < 100; more++) {
		CLEANUP(strmap_release) struct strmap m = STRMAP_INIT(NULL);

		for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
			strmap_put(&m, keys[i * 4 % ARRAY_SIZE(keys)], NULL);
		for (size_t i = 0; i < more; i++) {
			CLEANUP(free_p) char *key = xasprintf("%s%zu", i % 2 ? "Z" : "z", i);

			strmap_put(&m, key, NULL);
		}
		for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
			struct joined j = {BUF_INIT(100), rows[i].most};

			strmap_walk_prefix(&m, rows[i].prefix, join_some, &j);
			assert_string_equal(buf_str(&j.names), rows[i].want);
			buf_release(&j.names);
		}
	}
}

static void strmap_continues_after_a_key(void **state)
{
	static const struct {
		const char *after, *want;
		size_t most;
	} rows[] = {
		{"", "a b/1 b/2 c ", 10},
		{"", "a b/1 ", 2},
		{"b/1", "b/2 c ", 10},
		{"b/15", "b/2 ", 1},
		{"c", "", 10},
	};
	static const char *const keys[] = {"b/2", "c", "a", "b/1"};
	CLEANUP(strmap_release) struct strmap m = STRMAP_INIT(NULL);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		strmap_put(&m, keys[i], NULL);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct joined j = {BUF_INIT(100), rows[i].most};

		strmap_walk_after(&m, rows[i].after, join_some, &j);
		assert_string_equal(buf_str(&j.names), rows[i].want);
		buf_release(&j.names);
	}
}

static void strmap_removes_one_prefix(void **state)
{
	static const struct {
		const char *prefix, *want;
		size_t count;
	} rows[] = {
		{"b/", "a/1= b= b0= c/1= ", 4},
		{"b", "a/1= c/1= ", 2},
		{"d/", "a/1= b= b/1= b/2= b/3= b0= c/1= ", 7},
		{"", "", 0},
	};
	static const char *const keys[] = {"b/2", "a/1", "b", "b/1", "c/1", "b/3", "b0"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(strmap_release) struct strmap m = STRMAP_INIT(free);
		CLEANUP(buf_release) struct buf left = BUF_INIT(100);

		for (size_t k = 0; k < ARRAY_SIZE(keys); k++)
			strmap_put(&m, keys[k], xstrdup(""));
		strmap_remove_prefix(&m, rows[i].prefix);
		strmap_walk(&m, join, &left);
		assert_string_equal(buf_str(&left), rows[i].want);
		assert_int_equal(m.count, rows[i].count);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buf_keeps_to_its_maximum),
		cmocka_unit_test(strmap_walks_one_prefix),
		cmocka_unit_test(strmap_continues_after_a_key),
		cmocka_unit_test(strmap_removes_one_prefix),
		cmocka_unit_test(buf_hands_out_what_it_holds),
		cmocka_unit_test(err_says_what_where_and_why),
		cmocka_unit_test(err_is_cut_between_characters),
		cmocka_unit_test(str_reads_whole_numbers_only),
		cmocka_unit_test(str_distance_is_levenshteins),
		cmocka_unit_test(strmap_keeps_order_and_owns),
	};

	return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
