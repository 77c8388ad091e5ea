#include "client/turns.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/mem.h"

#include "unit.h"

enum { NOW = 1000 };

static struct task *add(struct turns *t, const struct api_request *request)
{
	static api_id last;
	struct task *task = task_new(TASK_CALL, ++last, NULL, NULL, 0);

	task_set_request(task, request, "test");
	turns_add(t, task);
	return task;
}

static struct task *add_call(struct turns *t, const char *key)
{
	return add(t, &(struct api_request){.path = "/x", .fair_key = key});
}

/* Begins as many as it can, and notes their keys; those that run are left to the list. */
static void begin_all(struct turns *t, struct task_list *running, struct buf *keys)
{
	struct task *task;

	while ((task = turns_next(t, NOW))) {
		turns_begin(t, task);
		TAILQ_INSERT_TAIL(running, task, link);
		(void)buf_add(keys, task->fair_key);
	}
}

static void end_first(struct turns *t, struct task_list *running)
{
	struct task *task = TAILQ_FIRST(running);

	TAILQ_REMOVE(running, task, link);
	turns_end(t, task);
	task_free(task);
}

static void release(struct turns *t, struct task_list *running)
{
	struct task *task;

	while (!TAILQ_EMPTY(running))
		end_first(t, running);
	while ((task = turns_after(t, NULL))) {
		turns_remove(t, task);
		task_free(task);
	}
	turns_release(t);
}

static void keys_take_turns(void **state)
{
	struct task_list running = TAILQ_HEAD_INITIALIZER(running);
	CLEANUP(buf_release) struct buf keys = BUF_INIT(100);
	struct turns t;

	(void)state;
	turns_init(&t, 1);
	for (int i = 0; i < 4; i++)
		(void)add_call(&t, "a");
	(void)add_call(&t, "b");
	(void)add_call(&t, "b");
	(void)add_call(&t, NULL);
	begin_all(&t, &running, &keys);
	(void)add_call(&t, "c");
	while (!TAILQ_EMPTY(&running)) {
		end_first(&t, &running);
		begin_all(&t, &running, &keys);
	}
	/* a, b, "", then a again, c, which came later, and what is left. */
	assert_string_equal(buf_str(&keys), "abacbaa");
	release(&t, &running);
}

/* most: the room; alone: how much of it one key gets; two: what two get together. */
static void one_key_leaves_room_for_others(void **state)
{
	static const struct {
		unsigned most, alone, two;
	} rows[] = {{1, 1, 1}, {2, 2, 2}, {3, 2, 3}, {6, 4, 6}, {12, 8, 11}, {24, 16, 22}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct task_list running = TAILQ_HEAD_INITIALIZER(running);
		CLEANUP(buf_release) struct buf keys = BUF_INIT(100);
		struct turns t;

		turns_init(&t, rows[i].most);
		for (int k = 0; k < 30; k++)
			(void)add_call(&t, "a");
		begin_all(&t, &running, &keys);
		assert_int_equal(keys.len, rows[i].alone);
		for (int k = 0; k < 30; k++)
			(void)add_call(&t, "b");
		begin_all(&t, &running, &keys);
		assert_int_equal(keys.len, rows[i].two);
		/* Where there is room left, one that holds nothing gets it. */
		(void)add_call(&t, "c");
		begin_all(&t, &running, &keys);
		assert_int_equal(keys.len, rows[i].two + (rows[i].two < rows[i].most));
		release(&t, &running);
	}
}

static void watches_and_urgent_calls_wait_for_nobody(void **state)
{
	struct task_list running = TAILQ_HEAD_INITIALIZER(running);
	CLEANUP(buf_release) struct buf keys = BUF_INIT(100);
	struct task *watch = task_new(TASK_WATCH, 1, NULL, NULL, 0);
	struct turns t;

	(void)state;
	turns_init(&t, 1);
	(void)add_call(&t, "a");
	(void)add_call(&t, "a");
	begin_all(&t, &running, &keys);
	task_set_request(watch, &(struct api_request){.path = "/x", .fair_key = "w"}, "test");
	turns_add(&t, watch);
	(void)add(&t, &(struct api_request){.path = "/x", .fair_key = "u", .urgent = true});
	begin_all(&t, &running, &keys);
	assert_string_equal(buf_str(&keys), "awu");
	release(&t, &running);
}

/* The one with the most waiting loses its last, whoever comes. */
static void a_full_queue_refuses_the_longest_flow(void **state)
{
	struct task_list running = TAILQ_HEAD_INITIALIZER(running);
	struct task *last[4], *waits = NULL, *mine[3];
	unsigned refused = 0;
	struct turns t;

	(void)state;
	turns_init(&t, 1);
	for (int i = 0; i < LIMIT_API_QUEUE; i++)
		last[i % 4] = add_call(&t, "flood");
	for (int i = 0; i < 3; i++)
		mine[i] = add_call(&t, "mine");
	(void)add(&t, &(struct api_request){.path = "/x", .urgent = true});
	while ((waits = turns_after(&t, waits)))
		refused += waits->refused;
	assert_int_equal(refused, 3);
	for (int i = 0; i < 3; i++) {
		assert_true(last[i + 1]->refused);
		assert_false(mine[i]->refused);
	}
	/* What is refused is never sent. */
	assert_true(turns_next(&t, NOW)->urgent);
	assert_true(add_call(&t, "flood")->refused);
	release(&t, &running);
}

/* The second task is sent at NOW, or waits with the first one, which was throttled. */
static void a_throttled_call_holds_its_like(void **state)
{
#define JOBS "/apis/batch/v1/namespaces/a/jobs"
	static const struct {
		struct api_request request;
		bool held;
	} rows[] = {
		{{.path = JOBS, .method = "POST", .fair_key = "a"}, true},
		{{.path = JOBS "?dryRun=All", .method = "POST", .fair_key = "a"}, true},
		{{.path = JOBS "/x", .method = "POST", .fair_key = "a"}, true},
		{{.path = JOBS, .method = "POST", .fair_key = "b"}, false},
		{{.path = JOBS, .method = "POST", .fair_key = "a", .urgent = true}, false},
		{{.path = JOBS "/x", .method = "PATCH", .fair_key = "a"}, false},
		{{.path = "/api/v1/namespaces/a/events", .method = "POST", .fair_key = "a"}, false},
		{{.path = JOBS "x", .method = "POST", .fair_key = "a"}, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct task_list running = TAILQ_HEAD_INITIALIZER(running);
		struct task *throttled, *other;
		struct turns t;

		turns_init(&t, 8);
		throttled = add(&t, &rows[0].request);
		turns_begin(&t, throttled);
		other = add(&t, &rows[i].request);
		turns_end(&t, throttled);
		throttled->not_before_ms = NOW + 1;
		turns_add_again(&t, throttled);
		assert_ptr_equal(turns_next(&t, NOW), rows[i].held ? NULL : other);
		if (rows[i].held)
			assert_ptr_equal(turns_next(&t, NOW + 1), throttled);
		release(&t, &running);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_take_turns),
		cmocka_unit_test(one_key_leaves_room_for_others),
		cmocka_unit_test(watches_and_urgent_calls_wait_for_nobody),
		cmocka_unit_test(a_full_queue_refuses_the_longest_flow),
		cmocka_unit_test(a_throttled_call_holds_its_like),
	};

	return cmocka_run_group_tests_name("turns", tests, NULL, NULL);
}
