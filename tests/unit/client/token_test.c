#include "client/token.h"

#include "fixture.h"

static char folder[64];

static void expect(struct token *t, int64_t now_ms, const char *want)
{
	const char *got = NULL;
	struct err err = ERR_INIT;

	if (token_get(t, now_ms, &got, &err) < 0)
		fail_msg("%s", err.msg);
	if (want)
		assert_string_equal(got, want);
	else
		assert_null(got);
}

static void a_fixed_token_stays(void **state)
{
	struct token t = TOKEN_INIT;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(token_init(&t, "fixed", NULL, &err), 0);
	expect(&t, 0, "fixed");
	assert_false(token_refused(&t, 0));
	token_release(&t);
	assert_int_equal(token_init(&t, NULL, NULL, &err), 0);
	expect(&t, 0, NULL);
	token_release(&t);
}

static void a_file_is_read_again_in_time(void **state)
{
	CLEANUP(free_p) char *file = fixture_path(folder, "token");
	struct token t = TOKEN_INIT;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(token_init(&t, "stale", file, &err), 0);
	/* No file yet: the old token is still used. */
	expect(&t, 1000, "stale");
	fixture_write(file, " one\n");
	expect(&t, 1000 + TOKEN_REREAD_MS - 1, "stale");
	expect(&t, 1000 + TOKEN_REREAD_MS, "one");
	fixture_write(file, "two\n");
	expect(&t, 1000 + 2 * TOKEN_REREAD_MS - 1, "one");
	expect(&t, 1000 + 2 * TOKEN_REREAD_MS, "two");
	token_release(&t);
}

static void a_refused_token_is_read_again_at_once(void **state)
{
	static const char *const unusable[] = {"", "\n", "a b", "\xff"};
	CLEANUP(free_p) char *file = fixture_path(folder, "refused");
	struct token t = TOKEN_INIT;
	struct err err = ERR_INIT;

	(void)state;
	fixture_write(file, "one");
	assert_int_equal(token_init(&t, NULL, file, &err), 0);
	expect(&t, 0, "one");
	assert_false(token_refused(&t, 1));
	fixture_write(file, "two");
	assert_true(token_refused(&t, 2));
	expect(&t, 3, "two");
	for (size_t i = 0; i < ARRAY_SIZE(unusable); i++) {
		fixture_write(file, unusable[i]);
		assert_false(token_refused(&t, 4));
		expect(&t, 5, "two");
	}
	token_release(&t);
}

static void no_token_at_all_is_an_error(void **state)
{
	CLEANUP(free_p) char *file = fixture_path(folder, "never");
	struct token t = TOKEN_INIT;
	struct err err = ERR_INIT;
	const char *got = NULL;

	(void)state;
	assert_int_equal(token_init(&t, NULL, file, &err), 0);
	assert_int_equal(token_get(&t, 0, &got, &err), -1);
	assert_int_equal(err.kind, ERR_AUTH);
	fixture_write(file, "now");
	expect(&t, 1, "now");
	token_release(&t);
}

static int make_folder(void **state)
{
	(void)state;
	fixture_folder(folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	fixture_remove_folder(folder);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fixed_token_stays),
		cmocka_unit_test(a_file_is_read_again_in_time),
		cmocka_unit_test(a_refused_token_is_read_again_at_once),
		cmocka_unit_test(no_token_at_all_is_an_error),
	};

	return cmocka_run_group_tests_name("token", tests, make_folder, remove_folder);
}
