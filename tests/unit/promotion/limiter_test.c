#include "promotion/limiter.h"

#include <limits.h>
#include <stdio.h>

#include "base/buf.h"
#include "unit.h"

/*
 * Steps, in order. A key is "n/k", in namespace n: "use n/k 2", "start n/k 2" (they are about to
 * run), "wait n/k 2", "leave n/k". "ask n/k 3" expects that 3 Jobs may start, "ask n/k 3 idle" that
 * more may, and "ask n/k -1" any number; "ready n/k n/l" expects the waiters that may start now.
 */
static const struct {
	const char *title;
	unsigned total, per_namespace;
	const char *steps;
} cases[] = {
	{"no limits", 0, 0, "ask a/x -1 idle, use a/x 1000, ask a/y -1, ready"},
	{"a limit overall", 5, 0,
		"ask a/x 5 idle, use a/x 3, ask b/y 2, use b/y 2, ask c/z 0, use a/x 0, ask c/z 3,"
		"use b/y 1, ask c/z 4"},
	{"a limit for each namespace", 0, 3, "use a/x 2, ask a/y 1, ask b/y 3 idle"},
	{"the lower one counts", 5, 3, "use a/x 1, ask a/y 2, ask b/y 3, use c/z 2, ask b/y 2"},
	{"its own Jobs do not count against it", 5, 3,
		"use a/x 3, ask a/x 3 idle, use b/x 3, ask a/x 2"},
	{"capacity is reserved for a waiter", 5, 0,
		"use a/x 3, wait b/y 3, ask b/y 2, ask c/z 0, ready, use a/x 2, ready b/y, ask c/z "
		"0,"
		"use a/x 1, ask c/z 1, wait c/z 1, ready b/y c/z"},
	{"but not against an earlier one", 5, 0,
		"use a/x 4, wait b/y 2, wait c/z 1, ask b/y 1, ask c/z 0, leave b/y, ask c/z 1,"
		"ready c/z"},
	{"waiting again keeps the place", 5, 0,
		"use a/x 5, wait b/y 2, wait c/z 2, wait b/y 3, use a/x 2, ready b/y, ask c/z 0"},
	{"what is about to run keeps its room", 5, 3,
		"start a/x 3, wait a/y 2, wait b/z 3, ask a/x 3, ask c/w 0, use a/x 3, ask a/x 1"},
	{"leaving loses the place", 5, 0,
		"use a/x 5, wait b/y 2, wait c/z 2, leave b/y, wait b/y 2, use a/x 3, ready c/z"},
	{"nothing is reserved for one that left", 9, 3,
		"use a/x 1, wait a/y 1, ask a/z 1, leave a/y, ask a/z 2"},
	{"needing nothing is not waiting", 5, 0, "wait b/y 2, wait b/y 0, ready, ask c/z 5 idle"},
	{"leaving without waiting", 5, 0, "leave a/x, use a/x 1, leave a/x, ask b/y 4"},
	{"more than the limit: alone", 5, 0,
		"use a/x 1, wait b/y 7, ask b/y 4, ready, use a/x 0, ready b/y, ask c/z 0,"
		"ask b/y 5 idle, use b/y 7, leave b/y, ask c/z 0, use b/y 0, ask c/z 5 idle"},
	{"more than the limit: a whole limit of Jobs may start past it", 5, 0,
		"use a/x 1, wait b/y 7, ask c/z 4, use c/z 4, ask d/w 0, use c/z 0, ask d/w 1,"
		"wait d/v 2, wait e/w 1, ready e/w, leave d/v, wait d/w 1, ready e/w, leave e/w,"
		"use d/w 1, leave d/w, use d/w 0, ask c/z 0, wait d/w 1, ready, use a/x 0, ready b/y"},
	{"more than the limit: what started past it before it left does not count", 5, 0,
		"use b/y 1, use a/x 1, wait b/y 7, use c/z 3, use c/z 0, use c/z 2, use c/z 0,"
		"ask c/z 0, leave b/y, wait b/y 7, ask c/z 3"},
	{"more than the limit does not start past it", 5, 0, "use a/x 1, wait b/y 7, ask a/x 5"},
	{"what starts ahead of it does not start past it", 5, 0,
		"use c/z 5, wait a/x 5, wait b/y 7, use c/z 0, use a/x 5, leave a/x, use a/x 1,"
		"ask c/z 4"},
	{"more than the limit, without waiting", 5, 0, "ask b/y 5 idle, use b/y 7, ask c/z 0"},
	{"more than the limit, after another waiter", 5, 0,
		"wait a/x 1, wait b/y 7, ready a/x, ask b/y 4"},
	{"more than its namespace's limit: alone there", 9, 3,
		"use a/x 1, use b/x 4, wait a/y 5, ask a/y 2, ready, use a/x 0, ask a/y 3 idle,"
		"ready a/y, use b/x 5, ready"},
	{"more than its namespace's limit, without waiting", 9, 3,
		"use b/x 4, ask a/y 3, wait a/y 5, ask a/y 3 idle, ready a/y"},
	{"a full namespace does not hold up another", 5, 2,
		"use a/x 2, wait a/y 2, ask a/z 0, ask b/x 2, wait b/x 2, ready b/x"},
	{"a later waiter of a full namespace does not either", 9, 2,
		"wait a/x 2, wait a/y 2, wait a/z 2, ask b/x 2, use c/x 5, ask b/x 2,"
		"use c/y 1, ask b/x 1"},
	{"a namespace that is below its limit again holds up later waiters", 5, 2,
		"use a/x 2, wait a/y 2, use b/x 2, wait c/x 2, ask c/x 1, use a/x 0, use d/x 1,"
		"ready a/y, ask c/x 0"},
	{"a need that fits exactly", 5, 5, "use a/x 2, wait a/y 3, ready a/y"},
	{"idle only for more than fits", 5, 0, "wait a/x 5, ask a/x 5"},
	{"a key that has Jobs and needs more", 5, 0,
		"use a/x 2, wait a/x 5, ready a/x, use b/x 1, ready"},
	{"namespaces take turns", 5, 0,
		"use a/x 5, wait a/1 1, wait a/2 1, wait a/3 1, wait b/1 1, wait b/2 1, use a/x 0,"
		"ready a/1 b/1 a/2 b/2 a/3"},
	{"a namespace that comes back is the last", 1, 0,
		"use c/x 1, wait a/1 1, wait a/2 1, wait b/1 1, use c/x 0, use a/1 1, leave a/1,"
		"use a/1 0, use b/1 1, leave b/1, use b/1 0, wait b/2 1, ready a/2"},
	{"large numbers", 5, 0,
		"use a/x 4294967295, use b/x 4294967295, ask c/x 0, use a/x 0, ask c/x 0"},
};

static void add_key(void *ctx, const char *key)
{
	(void)buf_addf(ctx, " %s", key);
}

static void expect_ready(const struct limiter *r, const char *keys)
{
	CLEANUP(buf_release) struct buf ready = BUF_INIT(1000);

	limiter_ready(r, add_key, &ready);
	assert_string_equal(buf_str(&ready), keys);
}

static void step(struct limiter *r, const char *text)
{
	char op[8], key[16] = "", idle[8] = "", ns[2];
	long long n = 0;
	struct limiter_answer answer;

	text += strspn(text, " ");
	if (strncmp(text, "ready", 5) == 0) {
		expect_ready(r, text + 5);
		return;
	}
	assert_true(sscanf(text, "%7s %15s %lld %7s", op, key, &n, idle) >= 2);
	ns[0] = key[0];
	ns[1] = '\0';
	if (strcmp(op, "use") == 0) {
		(void)limiter_use(r, key, ns, (struct limiter_jobs){.run = (unsigned)n});
	} else if (strcmp(op, "start") == 0) {
		(void)limiter_use(r, key, ns, (struct limiter_jobs){.start = (unsigned)n});
	} else if (strcmp(op, "wait") == 0) {
		limiter_wait(r, key, ns, (unsigned)n);
	} else if (strcmp(op, "leave") == 0) {
		(void)limiter_leave(r, key);
	} else {
		assert_string_equal(op, "ask");
		answer = limiter_ask(r, key, ns);
		assert_int_equal(answer.room, n < 0 ? UINT_MAX : n);
		assert_int_equal(answer.idle, *idle != '\0');
	}
}

static void behaves_as_in_the_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(limiter_free_p)
		struct limiter *r = limiter_new(cases[i].total, cases[i].per_namespace);
		char steps[512], *rest = steps, *text;

		print_message("# %s\n", cases[i].title);
		assert_true(
			snprintf(steps, sizeof(steps), "%s", cases[i].steps) < (int)sizeof(steps));
		while ((text = strsep(&rest, ",")))
			step(r, text);
	}
}

static void gives_everything_back(void **state)
{
	CLEANUP(limiter_free_p) struct limiter *r = limiter_new(5, 0);

	(void)state;
	assert_int_equal(limiter_use(r, "a/x", "a", (struct limiter_jobs){2, 1}), 0);
	assert_int_equal(limiter_ask(r, "a/n", "a").room, 2);
	limiter_wait(r, "a/y", "a", 3);
	limiter_wait(r, "a/z", "a", 1);
	limiter_wait(r, "a/z", "a", 2);
	assert_int_equal(limiter_use(r, "a/x", "a", (struct limiter_jobs){0, 0}), 3);
	assert_true(limiter_leave(r, "a/y"));
	assert_true(limiter_leave(r, "a/z"));
	assert_false(limiter_leave(r, "a/z"));
	assert_int_equal(limiter_ask(r, "a/n", "a").room, 5);
}

/*
 * Applications wait, run and end at random. Under any limits, none starts above them, none takes what
 * an earlier waiter could have had, and each starts in the end.
 */
enum { APPS = 40, SPACES = 4, LONGEST = 10, STEPS = 3000 };

struct app {
	char key[16], ns[16];
	unsigned needed, running;
	bool waits;
	int until; /* running */
	int latest; /* waiting: must have started by then */
};

struct world {
	struct limiter *room;
	unsigned total, per_namespace;
	struct app apps[APPS];
	uint64_t seed;
	int now, starts;
};

static unsigned chance(struct world *w, unsigned of)
{
	w->seed = w->seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(w->seed >> 33) % of;
}

struct ready {
	struct world *world;
	struct app *apps[APPS];
	size_t count;
};

static void add_app(void *ctx, const char *key)
{
	struct ready *ready = ctx;

	for (size_t i = 0; i < APPS; i++)
		if (strcmp(ready->world->apps[i].key, key) == 0)
			ready->apps[ready->count++] = &ready->world->apps[i];
}

static struct ready who_is_ready(struct world *w)
{
	struct ready ready = {.world = w};

	limiter_ready(w->room, add_app, &ready);
	return ready;
}

static bool is_ready(const struct ready *ready, const struct app *app)
{
	for (size_t i = 0; i < ready->count; i++)
		if (ready->apps[i] == app)
			return true;
	return false;
}

static void within(unsigned cap, unsigned others, unsigned needed)
{
	assert_true(cap == 0 || others == 0 || others + needed <= cap);
}

static void start(struct world *w, struct app *app)
{
	struct ready before = who_is_ready(w), after;
	unsigned all = 0, here = 0;

	for (size_t i = 0; i < APPS; i++) {
		all += w->apps[i].running;
		if (strcmp(w->apps[i].ns, app->ns) == 0)
			here += w->apps[i].running;
	}
	within(w->total, all, app->needed);
	within(w->per_namespace, here, app->needed);
	app->running = app->needed;
	app->until = w->now + 1 + (int)chance(w, LONGEST);
	app->waits = false;
	(void)limiter_use(w->room, app->key, app->ns, (struct limiter_jobs){.run = app->running});
	(void)limiter_leave(w->room, app->key);
	w->starts++;
	after = who_is_ready(w);
	for (size_t i = 0; i < before.count; i++)
		assert_true(before.apps[i] == app || is_ready(&after, before.apps[i]));
}

static bool try_to_start(struct world *w, struct app *app)
{
	struct limiter_answer answer = limiter_ask(w->room, app->key, app->ns);

	if (app->needed > answer.room && !answer.idle)
		return false;
	start(w, app);
	return true;
}

/*
 * Each waiter before it may need one round of all that runs, in its namespace and then overall; and
 * as long again if it needs more than the limit, for those that start past it.
 */
static void come(struct world *w, struct app *app)
{
	app->needed = 1 + chance(w, chance(w, 8) ? 3 : 9);
	if (try_to_start(w, app))
		return;
	app->latest = w->now + 4 * LONGEST * APPS;
	app->waits = true;
	limiter_wait(w->room, app->key, app->ns, app->needed);
}

static void start_who_is_ready(struct world *w)
{
	struct ready ready = who_is_ready(w);

	for (size_t i = 0; i < ready.count; i++)
		assert_true(try_to_start(w, ready.apps[i]));
	assert_int_equal(who_is_ready(w).count, 0);
}

static void turn(struct world *w)
{
	for (size_t i = 0; i < APPS; i++) {
		struct app *app = &w->apps[i];

		if (!app->running || app->until > w->now)
			continue;
		app->running = 0;
		(void)limiter_use(w->room, app->key, app->ns, (struct limiter_jobs){0, 0});
	}
	start_who_is_ready(w);
	for (size_t i = 0; i < APPS; i++) {
		assert_true(!w->apps[i].waits || w->now <= w->apps[i].latest);
		if (!w->apps[i].running && !w->apps[i].waits && chance(w, 3) == 0)
			come(w, &w->apps[i]);
	}
	start_who_is_ready(w);
}

static void every_waiter_starts_in_the_end(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 40; round++) {
		struct world w = {.seed = round};

		w.total = chance(&w, 4) ? 1 + chance(&w, 12) : 0;
		w.per_namespace = chance(&w, 4) ? 1 + chance(&w, 6) : 0;
		w.room = limiter_new(w.total, w.per_namespace);
		for (unsigned i = 0; i < APPS; i++) {
			(void)snprintf(w.apps[i].ns, sizeof(w.apps[i].ns), "%u", i % SPACES);
			(void)snprintf(
				w.apps[i].key, sizeof(w.apps[i].key), "%u/%u", i % SPACES, i);
		}
		for (w.now = 0; w.now < STEPS; w.now++)
			turn(&w);
		assert_true(w.starts > STEPS / LONGEST);
		limiter_free(w.room);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(behaves_as_in_the_table),
		cmocka_unit_test(gives_everything_back),
		cmocka_unit_test(every_waiter_starts_in_the_end),
	};

	return cmocka_run_group_tests_name("room", tests, NULL, NULL);
}
