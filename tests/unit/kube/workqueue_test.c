#include "kube/workqueue.h"

#include <stdbool.h>
#include <stdio.h>

#include "unit.h"

/*
 * Steps, in order: "add a", "at a 100", "wake a", "now 100", "take a" ("take -": none
 * may run), "ok a" (it succeeded), "done a" (nothing was to be done), "retry a 0" (at least so many
 * ms; the longest of its backoff), "next 100", "depth 1" (ready). At most ten run; "most 4", as the first step: four.
 */
static const struct {
	const char *title, *steps;
} cases[] = {
	{"nothing", "take -, next -1, depth 0"},
	{"first come, first served",
		"add b, add a, add c, add b, depth 3, next 0, take b, take a, take c, take -"},
	{"none runs twice at once", "add a, take a, add a, take -, depth 0, done a, take a"},
	{"added while it runs: once more, after the others",
		"add a, take a, add a, add a, add b, done a, take b, take a, done a, take -"},
	{"not added while it runs: forgotten", "add a, take a, done a, depth 0, next -1"},
	{"at a time", "at a 100, depth 0, next 100, now 99, take -, now 100, take a, depth 0"},
	{"the earliest wish wins",
		"at a 100, at a 50, at a 200, next 50, now 50, take a, done a, next -1"},
	{"at once is the earliest", "at a 100, add a, next 0, take a, done a, next -1"},
	{"ready is the earliest", "add a, at a 100, take a, done a, next -1"},
	{"a wish while it runs", "add a, take a, at a 100, at a 90, next -1, done a, next 90"},
	{"a wish while it runs, and an add",
		"add a, take a, at a 100, add a, at a 90, done a, take a, done a, next -1"},
	{"what is past is ready", "now 100, at a 50, next 50, take a"},
	{"no wish", "at a -1, depth 0, next -1"},
	{"in order of their times", "at c 30, at a 10, at d 30, at b 20, now 30, take a, take b, "
				    "take c, take d, take -"},
	{"due comes after ready", "at a 10, now 20, add b, take b, take a"},
	{"a failure backs off, longer each time",
		"add a, take a, retry a 0, next 50, take -, now 50, take a, retry a 0, next 150,"
		"now 150, take a, retry a 0, next 350, depth 0"},
	{"success forgets the backoff", "add a, take a, retry a 0, now 50, take a, ok a, add a, "
					"take a, retry a 0, next 100"},
	{"nothing to do does not forget it",
		"add a, take a, retry a 0, now 50, take a, done a, next -1, take -, add a, "
		"take a, retry a 0, next 150"},
	{"success forgets the backoff, though more is to be done",
		"add a, take a, retry a 0, now 50, take a, add a, ok a, take a, retry a 0, next "
		"100"},
	{"no sooner than that",
		"add a, take a, retry a 700, next 700, now 700, take a, retry a 1, next 800"},
	{"an add does not cut a backoff short",
		"add a, take a, retry a 0, add a, at a 10, next 50"},
	{"neither does one while it ran",
		"add a, take a, add a, at a 10, retry a 0, next 50, now 50, "
		"take a, done a, next -1"},
	{"a later wish ends with the backoff",
		"add a, take a, retry a 0, at a 90, now 50, take a, done a, next -1"},
	{"a person does", "add a, take a, retry a 0, wake a, take a, retry a 0, next 100"},
	{"a person while it runs",
		"add a, take a, wake a, retry a 900, next 0, take a, retry a 0, next 100"},
	{"a person while it runs well",
		"add a, take a, wake a, done a, take a, retry a 0, next 50"},
	{"a person before it runs",
		"at a 100, wake a, add b, wake b, take a, take b, retry b 0, next 50"},
	{"a person where nothing waits", "wake a, take a, done a, depth 0"},
	{"each has a backoff of its own",
		"add a, add b, take a, retry a 0, now 50, take b, take a, retry a 0, retry b 0, "
		"next 100, now 100, take b, take -"},
	{"namespaces take turns",
		"add a/x, add a/y, add a/z, add b/x, add c/x, take a/x, take b/x, take c/x, "
		"take a/y, take a/z, take -"},
	{"a namespace that comes back is the last",
		"add a/x, add b/x, add b/y, take a/x, add a/y, take b/x, take a/y, take b/y"},
	{"a namespace runs fewer keys than are free",
		"most 4, add a/x, add a/y, add a/z, take a/x, take a/y, take -, next -1, depth 1, add b/x, "
		"next 0, take b/x, take -, done b/x, take -, done a/x, next 0, take a/z"},
	{"the last place is for a namespace that runs none",
		"most 2, add a/x, add a/y, take a/x, take -, add b/x, take b/x, add c/x, take -, next -1, "
		"done b/x, take c/x, take -, retry a/x 0, take a/y"},
	{"a failed key gives its place back", "most 1, add a/x, add b/x, take a/x, take -, "
					      "retry a/x 0, take b/x"},
};

static void step(struct workqueue *q, const char *text, int64_t *now)
{
	char op[8], key[8] = "";
	long long a = 0;
	size_t ready;
	const char *taken;

	if (sscanf(text, " depth %zu", &ready) == 1) {
		assert_int_equal(workqueue_depth(q), ready);
		return;
	}
	if (sscanf(text, " next %lld", &a) == 1) {
		assert_int_equal(workqueue_next_ms(q), a < 0 ? INT64_MAX : a);
		return;
	}
	if (sscanf(text, " now %lld", &a) == 1) {
		*now = a;
		return;
	}
	assert_true(sscanf(text, "%7s %7[a-z/-] %lld", op, key, &a) >= 2);
	if (strcmp(op, "add") == 0) {
		workqueue_add(q, key);
	} else if (strcmp(op, "at") == 0) {
		workqueue_add_at(q, key, a < 0 ? INT64_MAX : a);
	} else if (strcmp(op, "wake") == 0) {
		workqueue_wake(q, key);
	} else if (strcmp(op, "ok") == 0) {
		workqueue_succeeded(q, key);
	} else if (strcmp(op, "done") == 0) {
		workqueue_done(q, key);
	} else if (strcmp(op, "retry") == 0) {
		workqueue_retry(q, key, *now, UINT32_MAX, (uint32_t)a);
	} else {
		assert_string_equal(op, "take");
		taken = workqueue_take(q, *now);
		assert_string_equal(taken ? taken : "-", key);
	}
}

static void behaves_as_in_the_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(workqueue_free_p) struct workqueue *q = NULL;
		char steps[256], *rest = steps, *text;
		size_t most = 10;
		int64_t now = 0;

		print_message("# %s\n", cases[i].title);
		assert_true(
			snprintf(steps, sizeof(steps), "%s", cases[i].steps) < (int)sizeof(steps));
		if (sscanf(steps, "most %zu", &most) == 1)
			(void)strsep(&rest, ",");
		q = workqueue_new(most);
		while ((text = strsep(&rest, ",")))
			step(q, text, &now);
	}
}

static void backs_off_up_to_the_cap_with_jitter(void **state)
{
	static const int64_t most[] = {
		50, 100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 51200, 60000, 60000, 60000};
	CLEANUP(workqueue_free_p)
	struct workqueue *high = workqueue_new(1), *low = workqueue_new(1);
	int64_t now_high = 0, now_low = 0;

	(void)state;
	workqueue_add(high, "a");
	workqueue_add(low, "a");
	for (size_t i = 0; i < ARRAY_SIZE(most); i++) {
		const char *key = workqueue_take(high, now_high);

		workqueue_retry(high, key, now_high, UINT32_MAX, 0);
		assert_int_equal(workqueue_next_ms(high), now_high + most[i]);
		now_high += most[i];
		key = workqueue_take(low, now_low);
		workqueue_retry(low, key, now_low, 0, 0);
		assert_int_equal(workqueue_next_ms(low), now_low + most[i] / 2);
		now_low += most[i] / 2;
	}
}

/* A simple implementation for comparison: every function walks over all keys. */
enum { KEYS = 12 };

struct naive {
	struct {
		bool waits, runs, backs_off, again, woken;
		int64_t when; /* -1: ready */
		int64_t wish; /* while it runs; 0: none */
		unsigned order; /* when it began to wait like this */
		unsigned failures;
	} of[KEYS];
	unsigned order;
};

static void naive_wait(struct naive *n, size_t k, int64_t when, bool backs_off)
{
	n->of[k].waits = true;
	n->of[k].when = when;
	n->of[k].backs_off = backs_off;
	n->of[k].order = ++n->order;
}

static void naive_add(struct naive *n, size_t k, int64_t when)
{
	if (n->of[k].runs) {
		if (when < 0)
			n->of[k].again = true;
		else if (!n->of[k].wish || when < n->of[k].wish)
			n->of[k].wish = when;
	} else if (!n->of[k].waits || (!n->of[k].backs_off && when < n->of[k].when)) {
		naive_wait(n, k, when, false);
	}
}

static void naive_wake(struct naive *n, size_t k)
{
	n->of[k].woken = n->of[k].runs;
	n->of[k].backs_off = false;
	naive_add(n, k, -1);
}

/*
 * The first by time and then by order, of those that are ready or of those that are not; or KEYS.
 */
static size_t naive_first(const struct naive *n, bool ready)
{
	size_t first = KEYS;

	for (size_t k = 0; k < KEYS; k++) {
		if (!n->of[k].waits || (n->of[k].when < 0) != ready)
			continue;
		if (first == KEYS || n->of[k].when < n->of[first].when ||
			(n->of[k].when == n->of[first].when && n->of[k].order < n->of[first].order))
			first = k;
	}
	return first;
}

static size_t naive_take(struct naive *n, int64_t now)
{
	size_t k;

	while ((k = naive_first(n, false)) < KEYS && n->of[k].when <= now)
		naive_wait(n, k, -1, false);
	k = naive_first(n, true);
	if (k < KEYS) {
		n->of[k].waits = n->of[k].again = n->of[k].woken = false;
		n->of[k].wish = 0;
		n->of[k].runs = true;
	}
	return k;
}

static void naive_done(struct naive *n, size_t k)
{
	n->of[k].runs = false;
	if (n->of[k].again)
		naive_wait(n, k, -1, false);
	else if (n->of[k].wish)
		naive_wait(n, k, n->of[k].wish, false);
}

static void naive_retry(struct naive *n, size_t k, int64_t now, int64_t at_least)
{
	int64_t delay = 50;

	for (unsigned i = 0; i < n->of[k].failures && delay < 60000; i++)
		delay *= 2;
	delay = delay > 60000 ? 60000 : delay;
	delay = delay < at_least ? at_least : delay;
	n->of[k].runs = false;
	n->of[k].failures++;
	if (n->of[k].woken)
		naive_wait(n, k, -1, false);
	else
		naive_wait(n, k, now + delay, true);
}

static void same(const struct naive *n, const struct workqueue *q)
{
	size_t first = naive_first(n, true), depth = 0;
	int64_t next = first < KEYS ? 0 : INT64_MAX;

	first = naive_first(n, false);
	if (next && first < KEYS)
		next = n->of[first].when;
	for (size_t k = 0; k < KEYS; k++) {
		depth += n->of[k].waits && n->of[k].when < 0;
	}
	assert_int_equal(workqueue_depth(q), depth);
	assert_int_equal(workqueue_next_ms(q), next);
}

static uint32_t next_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*seed >> 33);
}

static void one_of(struct naive *n, struct workqueue *q, int64_t now, uint64_t *seed)
{
	size_t k = next_random(seed) % KEYS;
	char key[2] = {(char)('a' + k), '\0'};
	int64_t when = 1 + now + next_random(seed) % 500 - next_random(seed) % 100;
	const char *taken;

	switch (next_random(seed) % 6) {
	case 0:
		naive_add(n, k, -1);
		workqueue_add(q, key);
		break;
	case 1:
		when = when > 0 ? when : 1;
		naive_add(n, k, when);
		workqueue_add_at(q, key, when);
		break;
	case 2:
		if (next_random(seed) % 4)
			break;
		naive_wake(n, k);
		workqueue_wake(q, key);
		break;
	case 3:
		if (!n->of[k].runs)
			break;
		if (next_random(seed) % 2) {
			naive_done(n, k);
			workqueue_done(q, key);
			break;
		}
		n->of[k].failures = 0;
		naive_done(n, k);
		workqueue_succeeded(q, key);
		break;
	case 4:
		if (!n->of[k].runs)
			break;
		naive_retry(n, k, now, when % 300);
		workqueue_retry(q, key, now, UINT32_MAX, (uint32_t)(when % 300));
		break;
	default:
		taken = workqueue_take(q, now);
		k = naive_take(n, now);
		assert_int_equal(taken ? (size_t)(taken[0] - 'a') : KEYS, k);
	}
}

static void behaves_like_a_simple_one(void **state)
{
	(void)state;
	for (uint64_t round = 0; round < 200; round++) {
		CLEANUP(workqueue_free_p) struct workqueue *q = workqueue_new(KEYS + 1);
		struct naive n = {.order = 0};
		uint64_t seed = round;
		int64_t now = 0;

		for (int i = 0; i < 2000; i++) {
			one_of(&n, q, now, &seed);
			same(&n, q);
			now += next_random(&seed) % 20;
		}
	}
}

/* Many at once, so that the heap is deep; and none is left. */
static void works_with_ten_thousand_keys(void **state)
{
	enum { MANY = 10000 };
	CLEANUP(workqueue_free_p) struct workqueue *q = workqueue_new(1);
	uint64_t seed = 1;
	int64_t last = 0;
	char key[16];

	(void)state;
	for (int i = 0; i < MANY; i++) {
		(void)snprintf(key, sizeof(key), "%d", i);
		workqueue_add_at(q, key, next_random(&seed) % 1000);
	}
	for (int i = 0; i < MANY; i++) {
		int64_t next = workqueue_next_ms(q);
		const char *taken = workqueue_take(q, next ? next : last);

		assert_non_null(taken);
		last = next ? next : last;
		workqueue_done(q, taken);
	}
	assert_int_equal(workqueue_next_ms(q), INT64_MAX);
	assert_int_equal(workqueue_depth(q), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(behaves_as_in_the_table),
		cmocka_unit_test(backs_off_up_to_the_cap_with_jitter),
		cmocka_unit_test(behaves_like_a_simple_one),
		cmocka_unit_test(works_with_ten_thousand_keys),
	};

	return cmocka_run_group_tests_name("workqueue", tests, NULL, NULL);
}
