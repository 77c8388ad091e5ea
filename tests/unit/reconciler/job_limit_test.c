/* The places that applications take under the limit, as their plans start, wait, end and fail. */
#include "reconciler/job_limit.h"

#include "base/buf.h"
#include "base/str.h"
#include "unit.h"

enum { LIMIT = 4, APPS = 3 };

static const char *const keys[APPS] = {"dev/a", "dev/b", "other/c"};

/* What a step does with an application. */
enum what { COUNT, TAKE, GIVE_BACK, LEAVE };

struct step {
	enum what what;
	unsigned app; /* of keys */
	unsigned open, starts, needs; /* its open Jobs; TAKE: what the plan starts, or waits for */
	unsigned used; /* expected, of all */
	const char *due; /* expected, in order: "dev/a dev/b " */
};

static const struct {
	const char *name;
	struct step steps[6];
} rows[] = {
	{"what runs when a term begins takes places",
		{{COUNT, 0, 3, 0, 0, 3, ""}, {COUNT, 1, 1, 0, 0, 4, ""}}},
	{"Jobs that are about to run take places",
		{{TAKE, 0, 0, 3, 0, 3, ""}, {TAKE, 1, 0, 0, 2, 3, ""}, {TAKE, 0, 3, 0, 0, 3, ""}}},
	{"a record frees places, and the next waiter is due",
		{{TAKE, 0, 0, 3, 0, 3, ""}, {TAKE, 1, 0, 0, 2, 3, ""},
			{TAKE, 0, 2, 0, 0, 2, "dev/b "}}},
	{"a plan that fails returns its places",
		{{TAKE, 0, 1, 2, 0, 3, ""}, {TAKE, 1, 0, 0, 3, 3, ""},
			{GIVE_BACK, 0, 1, 0, 0, 1, "dev/b "}}},
	{"a deleted application frees its places",
		{{TAKE, 0, 4, 0, 0, 4, ""}, {TAKE, 2, 0, 0, 1, 4, ""},
			{LEAVE, 0, 0, 0, 0, 0, "other/c "}}},
	{"a deleted waiter holds up nobody",
		{{TAKE, 0, 0, 2, 0, 2, ""}, {TAKE, 1, 0, 0, 3, 2, ""}, {TAKE, 2, 0, 0, 2, 2, ""},
			{LEAVE, 1, 0, 0, 0, 2, "other/c "}}},
	{"a waiter that waits no longer holds up nobody",
		{{TAKE, 0, 0, 2, 0, 2, ""}, {TAKE, 1, 0, 0, 3, 2, ""}, {TAKE, 2, 0, 0, 2, 2, ""},
			{TAKE, 1, 0, 0, 0, 2, "other/c "}}},
	{"a waiter that needs less is due at once",
		{{TAKE, 0, 0, 2, 0, 2, ""}, {TAKE, 1, 0, 0, 3, 2, ""},
			{TAKE, 1, 0, 0, 2, 2, "dev/b "}}},
};

static void due(void *ctx, const char *key)
{
	(void)buf_addf(ctx, "%s ", key);
}

static void take(struct job_limit *l, struct job_limit_state *app, const struct step *s)
{
	static const struct view_version version = {.name = "v"};
	struct plan plan = PLAN_INIT;

	if (s->starts)
		plan.start = (struct plan_start){&version, s->starts};
	if (s->needs)
		plan.wait = (struct plan_wait){&version, PLAN_LIMIT_REACHED, s->needs};
	job_limit_take(l, app, keys[s->app], s->open, &plan);
}

static void run_step(struct job_limit *l, struct job_limit_state *app, const struct step *s)
{
	if (s->what == COUNT)
		job_limit_count(l, app, keys[s->app], s->open);
	else if (s->what == TAKE)
		take(l, app, s);
	else if (s->what == GIVE_BACK)
		job_limit_give_back(l, app, keys[s->app], s->open);
	else
		job_limit_leave(l, keys[s->app]);
}

static void places_are_taken_and_freed(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(buf_release) struct buf called = BUF_INIT(1000);
		CLEANUP(job_limit_free_p)
		struct job_limit *l = job_limit_new(LIMIT, 0, due, &called);
		struct job_limit_state apps[APPS] = {{.used = 0}};

		for (const struct step *s = rows[i].steps; s->due; s++) {
			buf_reset(&called);
			run_step(l, &apps[s->app], s);
			if (!str_eq(buf_str(&called), s->due) ||
				limiter_used(job_limit_limiter(l)) != s->used)
				fail_msg("%s, step %d: used %lu, due %s", rows[i].name,
					(int)(s - rows[i].steps),
					limiter_used(job_limit_limiter(l)), buf_str(&called));
		}
	}
}

/* Only the limit keeps its place in the queue: a version that waits for anything else leaves it. */
static void other_waits_are_not_counted(void **state)
{
	static const struct view_version version = {.name = "v"};
	CLEANUP(buf_release) struct buf called = BUF_INIT(1000);
	CLEANUP(job_limit_free_p) struct job_limit *l = job_limit_new(LIMIT, 0, due, &called);
	struct job_limit_state app = {.used = 0};
	struct plan plan = PLAN_INIT;

	(void)state;
	for (enum plan_reason r = PLAN_NO_REASON; r <= PLAN_NOT_OURS; r++) {
		plan.wait = (struct plan_wait){&version, r, 1};
		job_limit_take(l, &app, "dev/a", 0, &plan);
		assert_int_equal(app.waits, r == PLAN_LIMIT_REACHED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places_are_taken_and_freed),
		cmocka_unit_test(other_waits_are_not_counted),
	};

	return cmocka_run_group_tests_name("job_limit", tests, NULL, NULL);
}
