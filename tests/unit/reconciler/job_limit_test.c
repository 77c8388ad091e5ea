#include "reconciler/job_limit.h"

#include <limits.h>

#include "base/buf.h"

#include "unit.h"

/* Three applications under a limit of two Jobs. */
struct fixture {
	struct job_limit *limit;
	struct buf due;
};

static void due(void *ctx, const char *key)
{
	struct fixture *f = ctx;

	(void)buf_addf(&f->due, "%s ", key);
}

static void fixture_init(struct fixture *f)
{
	*f = (struct fixture){.due = BUF_INIT(1000)};
	f->limit = job_limit_new(2, 0, due, f);
}

static void fixture_release(struct fixture *f)
{
	job_limit_free(f->limit);
	buf_release(&f->due);
}

static void due_are(struct fixture *f, const char *keys)
{
	assert_string_equal(buf_str(&f->due), keys);
	buf_reset(&f->due);
}

static void room_is(const struct fixture *f, unsigned room)
{
	assert_int_equal(limiter_ask(job_limit_limiter(f->limit), "x/new", "x").room, room);
}

/* A plan that starts this many Jobs, or nothing. */
static void starts(struct fixture *f, const char *key, unsigned open, unsigned jobs)
{
	job_limit_take(f->limit, key, open, &(struct plan){.start.jobs = jobs});
}

/* A plan whose next version waits. */
static void waits(struct fixture *f, const char *key, enum plan_reason reason, unsigned needed)
{
	job_limit_take(
		f->limit, key, 0, &(struct plan){.wait = {.reason = reason, .needed = needed}});
}

static void jobs_that_are_about_to_run_take_places(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	room_is(&f, 2);
	starts(&f, "x/a", 0, 1);
	room_is(&f, 1);
	/* Its Jobs run now: they are not counted twice. */
	starts(&f, "x/a", 1, 0);
	room_is(&f, 1);
	job_limit_count(f.limit, "x/b", 1);
	room_is(&f, 0);
	due_are(&f, "");
	fixture_release(&f);
}

static void places_that_are_free_again_wake_the_next(void **state)
{
	static const struct {
		const char *what;
		unsigned open; /* Jobs of a that are left */
		bool dropped; /* its plan was; otherwise their ends were recorded */
		unsigned needed; /* by b, which waits */
		const char *due;
	} rows[] = {
		{"all ended", 0, false, 2, "x/b "},
		{"one ended, and that is enough", 1, false, 1, "x/b "},
		{"one ended, and that is not enough", 1, false, 2, ""},
		{"none ended", 2, false, 1, ""},
		{"the plan was refused", 0, true, 2, "x/b "},
		{"the plan was dropped halfway", 1, true, 1, "x/b "},
		{"the plan was dropped halfway, and that is not enough", 1, true, 2, ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fixture f;

		print_message("# %s\n", rows[i].what);
		fixture_init(&f);
		starts(&f, "x/a", 0, 2);
		waits(&f, "x/b", PLAN_LIMIT_REACHED, rows[i].needed);
		due_are(&f, "");
		if (rows[i].dropped)
			job_limit_give_back(f.limit, "x/a", rows[i].open);
		else
			starts(&f, "x/a", rows[i].open, 0);
		due_are(&f, rows[i].due);
		fixture_release(&f);
	}
}

/* One Job runs, b waits for two, and then c for one: b holds c up. */
static void b_holds_c_up(struct fixture *f)
{
	fixture_init(f);
	starts(f, "x/a", 0, 1);
	waits(f, "x/b", PLAN_LIMIT_REACHED, 2);
	waits(f, "x/c", PLAN_LIMIT_REACHED, 1);
	due_are(f, "");
}

static void a_waiter_that_leaves_wakes_the_next(void **state)
{
	struct fixture f;

	(void)state;
	b_holds_c_up(&f);
	waits(&f, "x/b", PLAN_NO_DEFINITION, 2); /* for another reason now */
	due_are(&f, "x/c ");
	fixture_release(&f);

	b_holds_c_up(&f);
	job_limit_leave(f.limit, "x/b"); /* it was deleted */
	due_are(&f, "x/c ");
	fixture_release(&f);

	b_holds_c_up(&f);
	waits(&f, "x/b", PLAN_LIMIT_REACHED, 1); /* it needs less */
	due_are(&f, "x/b ");
	fixture_release(&f);
}

/* Each of many waiters is reconciled now and then. */
static void a_waiter_whose_need_is_unchanged_wakes_nobody(void **state)
{
	struct fixture f;

	(void)state;
	b_holds_c_up(&f);
	starts(&f, "x/a", 0, 0);
	due_are(&f, "x/b ");
	waits(&f, "x/c", PLAN_LIMIT_REACHED, 1);
	due_are(&f, "");
	/* It needs more, or is new. */
	waits(&f, "x/c", PLAN_LIMIT_REACHED, 2);
	due_are(&f, "x/b ");
	waits(&f, "x/d", PLAN_LIMIT_REACHED, 1);
	due_are(&f, "x/b ");
	fixture_release(&f);
}

/* It has the same need, but fewer Jobs run: those of its last attempt have ended. */
static void a_waiter_whose_need_is_unchanged_returns_its_places(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	job_limit_count(f.limit, "x/a", 1);
	job_limit_count(f.limit, "x/b", 1);
	waits(&f, "x/c", PLAN_LIMIT_REACHED, 1);
	job_limit_take(f.limit, "x/b", 1,
		&(struct plan){.wait = {.reason = PLAN_LIMIT_REACHED, .needed = 2}});
	due_are(&f, "");
	waits(&f, "x/b", PLAN_LIMIT_REACHED, 2);
	due_are(&f, "x/c ");
	fixture_release(&f);
}

/* The limits are 5, and 3 for each namespace. Kueue, say, has resumed a Job of a/y. */
static void a_namespace_that_reaches_its_limit_wakes_the_others(void **state)
{
	struct fixture f;

	(void)state;
	f = (struct fixture){.due = BUF_INIT(1000)};
	f.limit = job_limit_new(5, 3, due, &f);
	job_limit_count(f.limit, "c/x", 2);
	job_limit_count(f.limit, "d/x", 1);
	waits(&f, "a/x", PLAN_LIMIT_REACHED, 3);
	waits(&f, "b/x", PLAN_LIMIT_REACHED, 1);
	due_are(&f, "");
	starts(&f, "a/y", 1, 0);
	due_are(&f, "b/x ");
	fixture_release(&f);
}

static void an_application_that_is_deleted_returns_its_places(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	starts(&f, "x/a", 0, 2);
	waits(&f, "x/b", PLAN_LIMIT_REACHED, 2);
	job_limit_leave(f.limit, "x/a");
	due_are(&f, "x/b ");
	fixture_release(&f);
}

static void a_later_attempt_with_fewer_jobs_wakes_the_next(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	starts(&f, "x/a", 0, 2);
	waits(&f, "x/b", PLAN_LIMIT_REACHED, 1);
	starts(&f, "x/a", 0, 1);
	due_are(&f, "x/b ");
	fixture_release(&f);
}

static void without_limits_there_is_always_room(void **state)
{
	CLEANUP(job_limit_free_p) struct job_limit *l = job_limit_new(0, 0, due, NULL);

	(void)state;
	job_limit_count(l, "x/a", 1000);
	assert_int_equal(limiter_ask(job_limit_limiter(l), "x/b", "x").room, UINT_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(jobs_that_are_about_to_run_take_places),
		cmocka_unit_test(places_that_are_free_again_wake_the_next),
		cmocka_unit_test(a_waiter_that_leaves_wakes_the_next),
		cmocka_unit_test(a_waiter_whose_need_is_unchanged_wakes_nobody),
		cmocka_unit_test(a_waiter_whose_need_is_unchanged_returns_its_places),
		cmocka_unit_test(a_namespace_that_reaches_its_limit_wakes_the_others),
		cmocka_unit_test(an_application_that_is_deleted_returns_its_places),
		cmocka_unit_test(a_later_attempt_with_fewer_jobs_wakes_the_next),
		cmocka_unit_test(without_limits_there_is_always_room),
	};

	return cmocka_run_group_tests_name("job_limit", tests, NULL, NULL);
}
