#include "promotion/pacer.h"

#include <stdio.h>

#include "base/buf.h"
#include "unit.h"

/*
 * Steps, in order. A key is "n/k", in namespace n: "begin n/k" expects that it may prepare, "wait
 * n/k" that it waits; "commit n/k", "fail n/k", "leave n/k" and "forget n/k" end that; "ready n k l"
 * expects that k and l wait in n and may begin now.
 */
static const struct {
	const char *title, *steps;
} cases[] = {
	{"nothing has failed: all at once",
		"begin a/x, begin a/y, begin a/z, ready a, commit a/x, leave a/y, leave a/y, "
		"begin a/x"},
	{"a key that prepares goes on",
		"begin a/x, begin a/y, fail a/y, begin a/x, wait a/y, wait a/y, ready a"},
	{"after a failure one prepares at a time, in order",
		"begin a/x, begin a/y, fail a/x, wait a/z, wait a/x, ready a, fail a/y, "
		"ready a a/z, wait a/x, begin a/z, wait a/y, ready a, leave a/z, ready a a/x"},
	{"a latecomer does not overtake",
		"begin a/x, fail a/x, begin a/y, wait a/z, leave a/y, wait a/w, begin a/z"},
	{"after each commit, one more at once",
		"begin a/v, fail a/v, begin a/w, wait a/x, wait a/y, wait a/z, commit a/w, "
		"ready a a/x a/y, begin a/x, begin a/y, wait a/z, commit a/y, ready a a/z, "
		"begin a/z, begin a/v, wait a/u"},
	{"another failure: one at a time again",
		"begin a/w, fail a/w, begin a/x, commit a/x, begin a/x, begin a/y, fail a/x, "
		"wait a/z, leave a/y, ready a a/z, begin a/z, wait a/y"},
	{"what failed never commits: the others still take turns",
		"begin a/x, fail a/x, begin a/y, leave a/y, begin a/x, wait a/y, fail a/x, "
		"ready a a/y, begin a/y, commit a/y, begin a/y"},
	{"once all that failed have committed, there is no bound",
		"begin a/x, fail a/x, begin a/x, wait a/y, commit a/x, begin a/y, commit a/y, "
		"begin a/w, begin a/x, begin a/y, begin a/z"},
	{"once what failed has nothing to prepare, there is no bound",
		"begin a/x, fail a/x, leave a/x, begin a/y, wait a/z, forget a/x, ready a, "
		"leave a/y, begin a/z, leave a/z, begin a/y, begin a/z"},
	{"other namespaces are not affected",
		"begin a/x, fail a/x, begin a/y, wait a/z, begin b/x, begin b/y, ready b"},
	{"a waiter that leaves lets the next one begin",
		"begin a/x, fail a/x, begin a/w, wait a/y, wait a/z, leave a/w, ready a a/y, "
		"leave a/y, ready a a/z, forget a/z, ready a"},
	{"what is not known may leave", "leave a/x, forget a/x, commit a/x, ready a"},
};

static void add_key(void *ctx, const char *key)
{
	(void)buf_addf(ctx, " %s", key);
}

static void expect_ready(const struct pacer *p, const char *text)
{
	CLEANUP(buf_release) struct buf ready = BUF_INIT(100);
	const char ns[2] = {text[0], '\0'};

	pacer_ready(p, ns, add_key, &ready);
	assert_string_equal(buf_str(&ready), text + 1);
}

static void step(struct pacer *p, const char *text)
{
	char op[8], key[8], ns[2] = "";

	text += strspn(text, " ");
	assert_int_equal(sscanf(text, "%7s %7s", op, key), 2);
	ns[0] = key[0];
	if (strcmp(op, "ready") == 0)
		expect_ready(p, text + strlen("ready "));
	else if (strcmp(op, "begin") == 0)
		assert_true(pacer_ask(p, key, ns) && pacer_begin(p, key, ns));
	else if (strcmp(op, "wait") == 0)
		assert_false(pacer_ask(p, key, ns) || pacer_begin(p, key, ns));
	else if (strcmp(op, "commit") == 0)
		pacer_committed(p, key);
	else if (strcmp(op, "fail") == 0)
		pacer_failed(p, key, ns);
	else if (strcmp(op, "leave") == 0)
		pacer_leave(p, key);
	else
		pacer_forget(p, key);
}

static void behaves_as_in_the_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(pacer_free_p) struct pacer *p = pacer_new();
		char steps[512], *rest = steps, *text;

		print_message("# %s\n", cases[i].title);
		assert_true(
			snprintf(steps, sizeof(steps), "%s", cases[i].steps) < (int)sizeof(steps));
		while ((text = strsep(&rest, ",")))
			step(p, text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(behaves_as_in_the_table),
	};

	return cmocka_run_group_tests_name("pacer", tests, NULL, NULL);
}
