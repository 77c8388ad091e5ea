#include "lead.h"

#include <string.h>

#include "base/str.h"
#include "calls.h"
#include "kube/workqueue.h"
#include "reconciler/execute.h"
#include "reconciler/job_limit.h"
#include "reconciler/preparation.h"

enum { TURNS_MAX = 500, RUNNING_MAX = 64 };

static const char *const keys[VERSIONS_MAX] = {"dev/v1", "dev/v2", "dev/v3"};

/* An application; its plan, while it is executed. */
struct led {
	bool runs, behind;
	bool wrote, committed, asked;
	struct preparation_state preparation;
};

struct leader {
	struct model *m;
	struct state *s;
	struct workqueue *queue;
	struct preparation *preparation;
	struct job_limit *limit;
	int64_t now;
	struct led apps[VERSIONS_MAX];
	unsigned planned; /* the application that is being planned */
	unsigned most_open; /* items, by the limit or from former terms */
};

static struct replica *self(const struct leader *l)
{
	return &l->s->replicas[0];
}

static unsigned number_of(const char *key)
{
	return (unsigned)(key[strlen(key) - 1] - '1');
}

static void has_turn(void *ctx, const char *key)
{
	const struct leader *l = ctx;

	if (l->m->bounds.plant != PLANT_LOST_TURN)
		workqueue_wake(l->queue, key);
}

static unsigned open_jobs_of(const struct model *m, const struct version *v)
{
	unsigned n = 0;

	for (unsigned t = 0; t < m->bounds.tasks; t++)
		n += v->exists && v->items[t].state == VIEW_PROGRESSING;
	return n;
}

/* app_open_jobs() */
static unsigned open_jobs(const struct leader *l, unsigned app)
{
	return open_jobs_of(l->m, &self(l)->sees.versions[app]);
}

/* --- one plan --------------------------------------------------------------------------------- */

static void prepare(void *ctx, struct view *view)
{
	const struct leader *l = ctx;
	const char *key = keys[l->planned];
	struct limiter_answer answer = limiter_ask(job_limit_limiter(l->limit), key, "dev");

	view->room = l->m->bounds.plant == PLANT_NO_LIMIT ? l->m->bounds.tasks : answer.room;
	view->idle = answer.idle;
	view->held =
		l->m->bounds.plant != PLANT_NO_TURNS && preparation_is_held(l->preparation, key);
}

static void planned(void *ctx, struct plan *plan)
{
	struct leader *l = ctx;
	const char *key = keys[l->planned];

	preparation_planned(l->preparation, &l->apps[l->planned].preparation, key, plan);
	job_limit_take(l->limit, key, open_jobs(l, l->planned), plan);
}

/* The end of a plan; refused: a create was. */
static void ended(struct leader *l, unsigned app, bool dropped, bool refused)
{
	struct led *led = &l->apps[app];
	struct err err = {.kind = ERR_CONFLICT};
	const struct execute_result result = {.err = dropped ? &err : NULL,
		.commit = led->committed ? EXECUTE_COMMITTED : EXECUTE_NOT_COMMITTED,
		.create = refused ? EXECUTE_REFUSED : EXECUTE_NONE_FAILED};

	led->runs = false;
	if (dropped && !led->committed)
		job_limit_give_back(l->limit, keys[app], open_jobs(l, app));
	preparation_ended(l->preparation, &led->preparation, keys[app], &result, l->now, 0);
	if (refused || led->asked) {
		workqueue_add(l->queue, keys[app]);
		workqueue_done(l->queue, keys[app]);
	} else if (dropped) {
		workqueue_retry(l->queue, keys[app], l->now, 0, 0);
	} else if (led->wrote) {
		workqueue_succeeded(l->queue, keys[app]);
	} else {
		workqueue_done(l->queue, keys[app]);
	}
}

static void reconcile(struct leader *l, unsigned app)
{
	static const struct calls_hooks hooks = {prepare, planned};
	struct led *led = &l->apps[app];
	struct step step = {.kind = STEP_PLAN, .app = app};
	int64_t until = preparation_pause(&led->preparation, l->now);

	if (until > 0)
		workqueue_add_at(l->queue, keys[app], until);
	self(l)->refused[app] = preparation_pauses(&led->preparation, keys[app] + 4);
	l->planned = app;
	led->runs = true;
	led->wrote = led->committed = led->asked = false;
	model_plan(l->m, self(l), &step, &hooks, l);
	if (!calls_first(self(l)->lists[app]))
		ended(l, app, false, false);
}

/* --- what makes an application due ------------------------------------------------------------ */

static bool sees_version(const struct leader *l, unsigned app)
{
	return l->s->world.is.versions[app].exists ? self(l)->fresh[app]
						   : !self(l)->sees.versions[app].exists;
}

static bool sees_job(const struct leader *l, unsigned slot)
{
	return self(l)->sees.jobs[slot] == job_as_seen(l->s->world.is.jobs[slot]);
}

static bool caught_up(const struct leader *l, unsigned app)
{
	for (unsigned i = 0; i < slot_count(l->m); i++)
		if (slot_name(l->m, i).version == app && !sees_job(l, i))
			return false;
	return sees_version(l, app);
}

static bool see_version(struct leader *l, unsigned app)
{
	struct step step = {.kind = STEP_SYNC};

	if (sees_version(l, app))
		return false;
	workqueue_wake(l->queue, keys[app]);
	/* The others are woken by their own events, which come at the same time. */
	for (unsigned a = 0; a < app_count(l->m); a++)
		if (a != app && !sees_version(l, a))
			workqueue_wake(l->queue, keys[a]);
	model_take(l->m, l->s, &step);
	return true;
}

static bool see_job(struct leader *l, unsigned slot)
{
	struct step step = {.kind = STEP_SEE_JOB, .slot = slot};

	if (sees_job(l, slot))
		return false;
	for (unsigned i = slot; i < slot_count(l->m); i++)
		if (!sees_job(l, i))
			workqueue_add(l->queue, keys[slot_name(l->m, i).version]);
	model_take(l->m, l->s, &step);
	return true;
}

/* False: there was nothing to deliver. */
static bool deliver(struct leader *l)
{
	bool any = false;

	for (unsigned a = 0; a < app_count(l->m); a++)
		any |= see_version(l, a);
	for (unsigned i = 0; i < slot_count(l->m); i++)
		any |= see_job(l, i);
	for (unsigned a = 0; a < app_count(l->m); a++)
		if (l->apps[a].behind && caught_up(l, a))
			workqueue_add(l->queue, keys[a]);
	return any;
}

static void forget(struct leader *l, const char *key)
{
	job_limit_leave(l->limit, key);
	preparation_leave(l->preparation, key);
	workqueue_succeeded(l->queue, key);
}

static void reconcile_due(struct leader *l)
{
	const char *key;

	while ((key = workqueue_take(l->queue, l->now))) {
		unsigned app = number_of(key);

		l->apps[app].behind = !caught_up(l, app);
		if (l->apps[app].behind)
			workqueue_done(l->queue, key);
		else if (self(l)->sees.versions[app].exists)
			reconcile(l, app);
		else
			forget(l, key);
	}
}

/* --- what goes on meanwhile ------------------------------------------------------------------- */

static unsigned all_open(const struct leader *l)
{
	unsigned n = 0;

	for (unsigned a = 0; a < app_count(l->m); a++)
		n += open_jobs_of(l->m, &l->s->world.is.versions[a]);
	return n;
}

static void call(struct leader *l, unsigned app)
{
	struct led *led = &l->apps[app];
	struct call c = *calls_first(self(l)->lists[app]);
	bool was_refused = self(l)->refused[app];
	bool done;

	l->m->broken = NULL;
	done = server_take(l->m, l->s, 0, app);
	led->wrote |= done;
	led->committed |= done && c.kind == PLAN_COMMIT + 1;
	led->asked |= c.kind == PLAN_GET_JOB + 1 && self(l)->gone[c.slot];
	if (l->m->bounds.cap && all_open(l) > l->most_open)
		model_break(l->m, "I15: more tasks run than the limit allows");
	if (l->m->beyond)
		model_break(l->m, "I4: it creates Jobs without an end");
	if (!done || !calls_first(self(l)->lists[app]))
		ended(l, app, !done, !was_refused && self(l)->refused[app]);
}

/* One call of each plan. False: none runs. */
static bool call_each(struct leader *l)
{
	bool any = false;

	for (unsigned a = 0; a < app_count(l->m); a++) {
		if (!l->apps[a].runs || l->m->broken)
			continue;
		call(l, a);
		any = true;
	}
	return any;
}

/* Jobs end and expire, and those without an owner are collected. False: there is none. */
static bool end_jobs(struct leader *l, enum step_kind how)
{
	struct step step;
	bool any = false;

	for (unsigned i = 0; i < slot_count(l->m); i++) {
		uint8_t state = l->s->world.is.jobs[i];
		bool owned = l->s->world.is.versions[slot_name(l->m, i).version].exists;

		if (!owned && job_exists(state))
			step = (struct step){.kind = STEP_COLLECT, .slot = i};
		else if (state == JOB_RUNNING)
			step = (struct step){.kind = how, .slot = i};
		else if (state == JOB_STRAY)
			step = (struct step){.kind = STEP_JOB_OK, .slot = i};
		else if (state == JOB_OK_TTL || state == JOB_FAILED_TTL)
			step = (struct step){.kind = STEP_TTL, .slot = i};
		else
			continue;
		model_take(l->m, l->s, &step);
		any = true;
	}
	return any;
}

/* False: nothing is due at any time. */
static bool wait_for_time(struct leader *l)
{
	int64_t next = workqueue_next_ms(l->queue);

	if (next == INT64_MAX)
		return false;
	if (next > l->now)
		l->now = next;
	return true;
}

static const char *run(struct leader *l, enum step_kind how)
{
	for (unsigned turn = 0; turn < TURNS_MAX; turn++) {
		reconcile_due(l);
		if (call_each(l)) {
			if (l->m->broken)
				return l->m->broken;
			continue;
		}
		if (!deliver(l) && !end_jobs(l, how) && !wait_for_time(l))
			return NULL;
	}
	return "I4: it never comes to rest";
}

static void begin(struct leader *l)
{
	unsigned most =
		l->m->bounds.cap > l->m->bounds.tasks ? l->m->bounds.cap : l->m->bounds.tasks;

	l->queue = workqueue_new(RUNNING_MAX);
	l->preparation = preparation_new(has_turn, l);
	l->limit = job_limit_new(l->m->bounds.cap, 0, has_turn, l);
	model_take(l->m, l->s, &(struct step){.kind = STEP_SEE_DEFINITIONS});
	(void)deliver(l);
	l->most_open = all_open(l) > most ? all_open(l) : most;
	for (unsigned a = 0; a < app_count(l->m); a++) {
		job_limit_count(l->limit, keys[a], open_jobs(l, a));
		workqueue_add(l->queue, keys[a]);
	}
}

const char *lead(struct model *m, struct state *s, enum step_kind how)
{
	struct leader l = {.m = m, .s = s, .now = 1};
	const char *broken;

	begin(&l);
	broken = run(&l, how);
	for (unsigned a = 0; a < app_count(m); a++)
		preparation_state_release(&l.apps[a].preparation);
	workqueue_free(l.queue);
	preparation_free(l.preparation);
	job_limit_free(l.limit);
	return broken;
}
