#include "reconciler/preparation.h"

#include "base/buf.h"
#include "reconciler/execute.h"

#include "unit.h"

/* Two applications of namespace "x"; each plan is for its version "v" unless said otherwise. */
struct fixture {
	struct preparation *p;
	struct preparation_state a, b;
	struct buf due;
	int64_t now;
};

static const struct view_version v = {.name = "v"}, w = {.name = "w"};

static void due(void *ctx, const char *key)
{
	struct fixture *f = ctx;

	(void)buf_addf(&f->due, "%s ", key);
}

static int fixture_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	*f = (struct fixture){.due = BUF_INIT(1000), .now = 1000000};
	f->p = preparation_new(due, f);
	*state = f;
	return 0;
}

static int fixture_down(void **state)
{
	struct fixture *f = *state;

	preparation_free(f->p);
	preparation_state_release(&f->a);
	preparation_state_release(&f->b);
	buf_release(&f->due);
	free(f);
	return 0;
}

static void due_are(struct fixture *f, const char *keys)
{
	assert_string_equal(buf_str(&f->due), keys);
	buf_reset(&f->due);
}

/* A plan that starts a version, or waits: a DEPRECATE, and what it creates. True if it may. */
static bool starts(struct fixture *f, struct preparation_state *s, const char *key,
	const struct view_version *version)
{
	static const enum plan_kind kinds[] = {PLAN_DEPRECATE, PLAN_CREATE_JOB, PLAN_CREATE_CODE};
	CLEANUP(plan_release) struct plan plan = PLAN_INIT;
	bool held;

	(void)preparation_pause(s, f->now);
	held = preparation_is_held(f->p, key);
	if (preparation_pauses(s, version->name) || held) {
		plan.wait = (struct plan_wait){
			version, held ? PLAN_TURN : PLAN_CREATE_REFUSED, 1, NULL};
		preparation_planned(f->p, s, key, &plan);
		return false;
	}
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		(void)plan_add(&plan, kinds[i], version);
	plan.start = (struct plan_start){version, 1};
	preparation_planned(f->p, s, key, &plan);
	if (plan.start.version) {
		assert_int_equal(plan.nactions, 3);
		return true;
	}
	assert_int_equal(plan.nactions, 1);
	assert_int_equal(plan.actions[0].kind, PLAN_DEPRECATE);
	assert_int_equal(plan.start.jobs, 0);
	return false;
}

/* A plan whose next version waits for another reason. */
static void waits(struct fixture *f, struct preparation_state *s, const char *key)
{
	struct plan plan = {.wait = {&v, PLAN_NO_DEFINITION, 1, NULL}};

	preparation_planned(f->p, s, key, &plan);
}

static void ends(struct fixture *f, struct preparation_state *s, const char *key,
	enum execute_create create, enum execute_commit commit)
{
	const struct err err = {.kind = ERR_QUOTA};
	const struct execute_result result = {.create = create,
		.commit = commit,
		.err = create == EXECUTE_NONE_FAILED ? NULL : &err};

	preparation_ended(f->p, s, key, &result, f->now, UINT32_MAX);
}

static void refused(struct fixture *f, struct preparation_state *s, const char *key)
{
	ends(f, s, key, EXECUTE_REFUSED, EXECUTE_NOT_COMMITTED);
}

/* The pause that a refusal makes. */
static int64_t pause_of(struct fixture *f, struct preparation_state *s, const char *key)
{
	assert_true(starts(f, s, key, &v));
	refused(f, s, key);
	return preparation_pause(s, f->now) - f->now;
}

static void a_refused_application_pauses_and_tries_again(void **state)
{
	struct fixture *f = *state;

	assert_true(starts(f, &f->a, "x/a", &v));
	assert_false(preparation_pauses(&f->a, "v"));
	refused(f, &f->a, "x/a");
	assert_true(preparation_pauses(&f->a, "v"));
	assert_false(starts(f, &f->a, "x/a", &v));
	f->now += 200;
	assert_true(starts(f, &f->a, "x/a", &v));
	assert_false(preparation_pauses(&f->a, "v"));
}

static void the_pause_grows_until_a_commit(void **state)
{
	struct fixture *f = *state;

	for (int64_t longest = 200; longest < 60000; longest *= 2) {
		assert_int_equal(pause_of(f, &f->a, "x/a"), longest);
		f->now += longest;
		/* Neither resets it: it has not got any further. */
		waits(f, &f->a, "x/a");
		assert_true(starts(f, &f->a, "x/a", &v));
		ends(f, &f->a, "x/a", EXECUTE_NONE_FAILED, EXECUTE_NOT_COMMITTED);
		f->now += 60000;
	}
	assert_int_equal(pause_of(f, &f->a, "x/a"), 60000);
	f->now += 60000;
	assert_true(starts(f, &f->a, "x/a", &v));
	ends(f, &f->a, "x/a", EXECUTE_NONE_FAILED, EXECUTE_COMMITTED);
	assert_int_equal(pause_of(f, &f->a, "x/a"), 200);
}

/* Something else deletes or changes them before the commit. */
static void jobs_that_are_created_again_and_again_wait_longer_each_time(void **state)
{
	struct fixture *f = *state;

	assert_true(starts(f, &f->a, "x/a", &v));
	ends(f, &f->a, "x/a", EXECUTE_NONE_FAILED, EXECUTE_NOT_COMMITTED);
	for (int64_t pause = 200; pause < 60000; pause *= 2) {
		assert_true(starts(f, &f->a, "x/a", &v));
		ends(f, &f->a, "x/a", EXECUTE_NONE_FAILED, EXECUTE_NOT_COMMITTED);
		assert_int_equal(preparation_pause(&f->a, f->now) - f->now, pause);
		/* Nothing was refused, so what is there is not given back. */
		assert_false(preparation_pauses(&f->a, "v"));
		assert_false(starts(f, &f->a, "x/a", &v));
		f->now += pause;
	}
	assert_true(starts(f, &f->a, "x/a", &v));
	ends(f, &f->a, "x/a", EXECUTE_NONE_FAILED, EXECUTE_COMMITTED);
	assert_true(starts(f, &f->a, "x/a", &v));
	ends(f, &f->a, "x/a", EXECUTE_NONE_FAILED, EXECUTE_NOT_COMMITTED);
	assert_int_equal(preparation_pause(&f->a, f->now), 0);
}

/* A plan that creates code alone. */
static void code_is_created_while_jobs_must_wait(void **state)
{
	struct fixture *f = *state;
	CLEANUP(plan_release) struct plan code = PLAN_INIT;

	for (int i = 0; i < 2; i++) {
		assert_true(starts(f, &f->a, "x/a", &v));
		ends(f, &f->a, "x/a", EXECUTE_NONE_FAILED, EXECUTE_NOT_COMMITTED);
	}
	(void)plan_add(&code, PLAN_CREATE_CODE, &v);
	code.start = (struct plan_start){&v, 1};
	preparation_planned(f->p, &f->a, "x/a", &code);
	assert_int_equal(code.nactions, 1);
}

/* A webhook that does not answer refuses nothing: the queue's backoff is enough. */
static void only_a_refusal_makes_a_pause(void **state)
{
	struct fixture *f = *state;

	assert_true(starts(f, &f->a, "x/a", &v));
	ends(f, &f->a, "x/a", EXECUTE_CREATE_FAILED, EXECUTE_NOT_COMMITTED);
	assert_int_equal(preparation_pause(&f->a, f->now), 0);
}

static void what_has_nothing_to_prepare_forgets_its_refusals(void **state)
{
	struct fixture *f = *state;
	struct plan nothing = PLAN_INIT;

	(void)pause_of(f, &f->a, "x/a");
	f->now += 60000;
	assert_int_equal(pause_of(f, &f->a, "x/a"), 400);
	preparation_planned(f->p, &f->a, "x/a", &nothing);
	assert_int_equal(pause_of(f, &f->a, "x/a"), 200);
}

static void a_newer_version_does_not_pause_for_an_older_one(void **state)
{
	struct fixture *f = *state;

	(void)pause_of(f, &f->a, "x/a");
	assert_false(preparation_pauses(&f->a, "w"));
	assert_true(starts(f, &f->a, "x/a", &w));
	refused(f, &f->a, "x/a");
	assert_int_equal(preparation_pause(&f->a, f->now) - f->now, 200);
}

static void a_change_of_a_definition_ends_the_pause(void **state)
{
	struct fixture *f = *state;

	assert_false(preparation_resume(&f->a));
	(void)pause_of(f, &f->a, "x/a");
	assert_true(preparation_resume(&f->a));
	assert_true(starts(f, &f->a, "x/a", &v));
}

static void after_a_failed_create_applications_take_turns(void **state)
{
	static const enum execute_create failures[] = {EXECUTE_REFUSED, EXECUTE_CREATE_FAILED};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(failures); i++) {
		assert_true(starts(f, &f->a, "x/a", &v));
		assert_true(starts(f, &f->b, "x/b", &v));
		ends(f, &f->a, "x/a", failures[i], EXECUTE_NOT_COMMITTED);
		f->now += 60000;
		assert_false(starts(f, &f->a, "x/a", &v));
		due_are(f, "");
		ends(f, &f->b, "x/b", EXECUTE_NONE_FAILED, EXECUTE_COMMITTED);
		due_are(f, "x/a ");
		assert_true(starts(f, &f->a, "x/a", &v));
		ends(f, &f->a, "x/a", EXECUTE_NONE_FAILED, EXECUTE_COMMITTED);
	}
}

/* It must not hold up the others while it can't use its turn. */
static void a_turn_that_is_not_used_is_given_to_the_next(void **state)
{
	enum { REFUSED, DROPPED, WAITS, LEAVES, WAYS };
	struct fixture *f = *state;

	for (int way = 0; way < WAYS; way++) {
		const struct err err = {.kind = ERR_CONFLICT};
		const struct execute_result dropped = {.err = &err};

		(void)pause_of(f, &f->a, "x/a");
		f->now += 60000;
		assert_true(starts(f, &f->a, "x/a", &v));
		assert_false(starts(f, &f->b, "x/b", &v));
		due_are(f, "");
		if (way == REFUSED)
			refused(f, &f->a, "x/a");
		else if (way == DROPPED)
			preparation_ended(f->p, &f->a, "x/a", &dropped, f->now, 0);
		else if (way == WAITS)
			waits(f, &f->a, "x/a");
		else
			preparation_leave(f->p, "x/a");
		due_are(f, "x/b ");
		assert_true(starts(f, &f->b, "x/b", &v));
		preparation_leave(f->p, "x/b");
		preparation_leave(f->p, "x/a");
		f->now += 60000;
	}
}

static void what_pauses_since_its_jobs_vanish_leaves_its_turn_to_others(void **state)
{
	struct fixture *f = *state;

	(void)pause_of(f, &f->a, "x/a");
	f->now += 60000;
	assert_true(starts(f, &f->a, "x/a", &v));
	assert_false(starts(f, &f->b, "x/b", &v));
	ends(f, &f->a, "x/a", EXECUTE_NONE_FAILED, EXECUTE_NOT_COMMITTED);
	due_are(f, "");
	assert_false(starts(f, &f->a, "x/a", &v));
	due_are(f, "x/b ");
	assert_true(starts(f, &f->b, "x/b", &v));
}

/* Otherwise it would leave the line for room each time, and not be the first in both at once. */
static void what_waits_for_room_keeps_its_turn(void **state)
{
	struct plan room = {.wait = {&v, PLAN_LIMIT_REACHED, 1, NULL}};
	struct fixture *f = *state;

	(void)pause_of(f, &f->a, "x/a");
	f->now += 60000;
	assert_true(starts(f, &f->a, "x/a", &v));
	assert_false(starts(f, &f->b, "x/b", &v));
	preparation_planned(f->p, &f->a, "x/a", &room);
	due_are(f, "");
	assert_false(starts(f, &f->b, "x/b", &v));
	assert_true(starts(f, &f->a, "x/a", &v));
}

static void where_nothing_failed_all_prepare_at_once(void **state)
{
	struct fixture *f = *state;

	assert_true(starts(f, &f->a, "x/a", &v));
	assert_true(starts(f, &f->b, "x/b", &v));
	/* Of another namespace. */
	(void)pause_of(f, &f->a, "y/a");
	assert_true(starts(f, &f->b, "x/b", &v));
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, fixture_up, fixture_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FIXTURE(a_refused_application_pauses_and_tries_again),
		WITH_FIXTURE(the_pause_grows_until_a_commit),
		WITH_FIXTURE(jobs_that_are_created_again_and_again_wait_longer_each_time),
		WITH_FIXTURE(code_is_created_while_jobs_must_wait),
		WITH_FIXTURE(only_a_refusal_makes_a_pause),
		WITH_FIXTURE(what_has_nothing_to_prepare_forgets_its_refusals),
		WITH_FIXTURE(a_newer_version_does_not_pause_for_an_older_one),
		WITH_FIXTURE(a_change_of_a_definition_ends_the_pause),
		WITH_FIXTURE(after_a_failed_create_applications_take_turns),
		WITH_FIXTURE(a_turn_that_is_not_used_is_given_to_the_next),
		WITH_FIXTURE(what_pauses_since_its_jobs_vanish_leaves_its_turn_to_others),
		WITH_FIXTURE(what_waits_for_room_keeps_its_turn),
		WITH_FIXTURE(where_nothing_failed_all_prepare_at_once),
	};

	return cmocka_run_group_tests_name("preparation", tests, NULL, NULL);
}
