#include "calls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "intern.h"
#include "promotion/version_tasks.h"

/* --- texts ------------------------------------------------------------------------------------ */

static char *texts[TEXTS_MAX];

static uint8_t text_number(const char *text)
{
	uint8_t i = 1;

	while (i < TEXTS_MAX && texts[i] && !str_eq(texts[i], text))
		i++;
	if (i == TEXTS_MAX)
		abort();
	if (!texts[i])
		texts[i] = xstrdup(text);
	return i;
}

/* --- what plan() is given --------------------------------------------------------------------- */

static const char *const task_names[TASKS_MAX] = {"a", "b"};
static const char *const version_names[VERSIONS_MAX] = {"v1", "v2", "v3"};
/* Of those of one second: what their names say is wrong. */
static const char *const reversed_names[VERSIONS_MAX] = {"z", "y", "x"};
static const char *const previous_names[VERSIONS_MAX] = {"", "v1", "v2"};

static unsigned version_number(const struct view_version *v)
{
	return (unsigned)(v->uid[1] - '1');
}

/* A view as plan() takes it. */
struct input {
	struct view_task own[VERSIONS_MAX][TASKS_MAX], tasks[VERSIONS_MAX][2 * TASKS_MAX];
	struct view_item items[VERSIONS_MAX][TASKS_MAX];
	struct view_version versions[VERSIONS_MAX];
	struct view_job jobs[SLOTS_MAX];
	unsigned slots[SLOTS_MAX]; /* of jobs */
	const char *gone[SLOTS_MAX];
	struct view_decision decisions[TASKS_MAX];
	struct view view;
	unsigned app;
};

static struct job_name names[SLOTS_MAX];
static const struct bounds *named_for;

static void make_names(const struct model *m)
{
	if (named_for == &m->bounds)
		return;
	for (unsigned i = 0; i < slot_count(m); i++) {
		struct slot_name n = slot_name(m, i);

		names[i] = job_name_make(task_names[n.task], n.attempt,
			m->bounds.plant == PLANT_SAME_NAMES
				? n.version
				: n.version * (CREATED_MAX + 1) + n.created);
	}
	named_for = &m->bounds;
}

static void add_version(
	const struct model *m, const struct replica *r, unsigned v, struct input *in)
{
	const struct version *is = &r->sees.versions[v];
	struct view_version *to = &in->versions[in->view.nversions];
	size_t n = 0;

	if (!is->exists || app_of(m, v) != in->app)
		return;
	for (unsigned t = 0; t < m->bounds.tasks; t++) {
		const struct item *item = &is->items[t];

		if (item->state == VIEW_NONE)
			continue;
		in->items[v][n++] = (struct view_item){
			.task = task_names[t],
			.job = item->created == NO_JOB
				       ? ""
				       : names[slot_of(m, v, t, item->attempt, item->created)].text,
			.state = item->state,
			.attempt = item->attempt,
		};
	}
	*to = (struct view_version){
		.name = m->bounds.second ? reversed_names[v] : version_names[v],
		.uid = version_names[v],
		.resource_version = "",
		.version = version_names[v],
		.previous = previous_names[v],
		.created = m->bounds.second ? 0 : v,
		.delivered = is->delivered,
		.ended = m->settings.ended[v],
		.undefined_since = MODEL_NOW,
		.create_refused = r->refused[in->app],
		.superseded = is->marked,
		.enrolled = is->enrolled,
		.claim_term = is->claim_term,
		.claim_nonce = is->claim,
		.waiting = texts[is->waiting],
		.outcome = is->outcome,
		.waits_since = 1,
		.promotion = is->promotion,
		.retry = is->retry,
		.abort = is->abort,
		.items = in->items[v],
		.nitems = n,
	};
	in->view.nversions++;
}

static enum view_outcome outcome_of(uint8_t state)
{
	switch (state) {
	case JOB_OK:
	case JOB_OK_TTL:
	case JOB_STRAY_OK:
		return VIEW_COMPLETE;
	case JOB_FAILED:
	case JOB_FAILED_TTL:
		return VIEW_JOB_FAILED;
	default:
		return VIEW_RUNNING;
	}
}

/* Without the second lock, a commit can't demand it. */
static bool is_not_locked(const struct model *m)
{
	return m->bounds.plant == PLANT_ONE_LOCK || m->bounds.plant == PLANT_RUN_AT_ONCE;
}

static bool is_suspended(uint8_t state)
{
	return state == JOB_SUSPENDED || state == JOB_FORGED || state == JOB_EXPIRING;
}

static void add_job(const struct model *m, const struct replica *r, unsigned slot, struct input *in)
{
	struct slot_name n = slot_name(m, slot);
	uint8_t state = r->sees.jobs[slot];

	if (app_of(m, n.version) != in->app)
		return;
	if (state == JOB_NONE) {
		if (r->gone[slot] || m->bounds.plant == PLANT_CACHE_IS_TRUE)
			in->gone[in->view.ngone++] = names[slot].text;
		return;
	}
	in->slots[in->view.njobs] = slot;
	in->jobs[in->view.njobs++] = (struct view_job){
		.name = names[slot].text,
		.uid = names[slot].text,
		.version_uid = version_names[n.version],
		.task = task_names[n.task],
		.attempt = n.attempt,
		.term = r->sees.terms[slot],
		.suspended = is_suspended(state) || job_is_queued(state),
		.released = job_is_queued(state),
		.has_queue = has_queue(m, slot),
		.locked = is_suspended(state) || is_not_locked(m),
		.own = r->own[slot],
		.on_failure =
			r->sees.warns[slot] ? ON_FAILURE_CHOOSE_WARN : ON_FAILURE_CHOOSE_BLOCK,
		.expires = state == JOB_EXPIRING || state == JOB_OK_TTL || state == JOB_FAILED_TTL,
		.ready = true,
		.outcome = outcome_of(state),
	};
}

/* As the snapshot shows them. */
static void add_tasks(const struct model *m, const struct replica *r, unsigned policy,
	struct view_version *to, struct input *in)
{
	unsigned v = version_number(to);
	struct added_task added[TASKS_MAX];
	struct added_tasks all = {.at = added};

	for (unsigned t = 0; t < m->bounds.tasks; t++)
		if (!(m->bounds.added[v] >> t & 1))
			in->own[v][to->ntasks++] = (struct view_task){.name = task_names[t]};
		else if (policy & ADDS)
			added[all.count++] = (struct added_task){.name = task_names[t],
				.since = policy & ADDS_SINCE ? MODEL_ADDED : 0};
	to->tasks = in->own[v];
	to->ntasks = version_tasks(to, &all, in->tasks[v]);
	to->tasks = in->tasks[v];
	for (size_t i = 0; i < to->ntasks; i++)
		in->tasks[v][i].defined = r->sees.defined;
}

static void add_policy(
	const struct model *m, const struct replica *r, unsigned policy, struct input *in)
{
	in->view.decisions = in->decisions;
	in->view.ndecisions = m->bounds.tasks;
	for (unsigned t = 0; t < m->bounds.tasks; t++)
		in->decisions[t] = (struct view_decision){
			task_names[t], policy & 1u << t ? ON_FAILURE_WARN : ON_FAILURE_BLOCK, ""};
	for (unsigned v = 0; v < in->view.nversions; v++) {
		in->versions[v].refused = policy & REFUSES ? "refused" : NULL;
		add_tasks(m, r, policy, &in->versions[v], in);
	}
}

static void make_input(
	const struct model *m, const struct replica *r, unsigned app, struct input *in)
{
	make_names(m);
	in->app = app;
	in->view = (struct view){
		.versions = in->versions,
		.jobs = in->jobs,
		.gone = in->gone,
		.term = r->term,
		.claim = r->claims[app],
		.since = m->settings.since,
		.max_age = m->settings.max_age,
		.deadline = m->bounds.late ? MODEL_DEADLINE : 0,
		.namespace = "dev",
		.explain_after = m->bounds.explain ? 1 : 0,
	};
	for (unsigned v = 0; v < m->bounds.versions; v++)
		add_version(m, r, v, in);
	if (m->bounds.plant != PLANT_NO_RANK)
		view_rank(in->versions, in->view.nversions);
	for (unsigned i = 0; i < slot_count(m); i++)
		add_job(m, r, i, in);
}

/* --- what it answers -------------------------------------------------------------------------- */

static unsigned task_number(const char *task)
{
	return str_eq(task, task_names[0]) ? 0 : 1;
}

static unsigned slot_of_job(const struct input *in, const struct view_job *job)
{
	return in->slots[job - in->jobs];
}

static void encode_commit(const struct model *m, const struct input *in, const struct plan *p,
	const struct plan_action *a, struct call *to)
{
	to->attempt = (uint8_t)a->attempt;
	for (size_t i = a->first; i < a->first + a->count; i++) {
		const struct plan_change *c = &p->changes[i];
		unsigned slot = slot_of_job(in, view_named(&in->view, a->version, c->job));

		to->created[task_number(c->task)] = (uint8_t)(slot_name(m, slot).created + 1);
	}
}

static void encode_record(const struct plan *p, const struct plan_action *a, struct call *to)
{
	to->promotion = (uint8_t)a->promotion;
	for (size_t i = a->first; i < a->first + a->count; i++) {
		const struct plan_change *c = &p->changes[i];

		to->ends[task_number(c->task)] = c->reason == PLAN_MISSING_JOB ? ENDS_MISSING
						 : c->state == VIEW_SUCCEEDED  ? ENDS_OK
									       : ENDS_FAILED;
	}
}

static void encode_notes(const struct plan_action *a, struct call *to)
{
	if (a->waiting != PLAN_KEEP)
		to->waiting = (uint8_t)(a->waiting == PLAN_SET ? text_number(a->text) + 1 : 1);
	if (a->outcome != PLAN_KEEP)
		to->outcome = (uint8_t)(a->outcome == PLAN_SET ? view_attempt(a->version) + 1 : 1);
}

/* False: not a request to the API server. */
static bool encode(const struct model *m, const struct replica *r, const struct input *in,
	const struct plan *p, const struct plan_action *a, struct call *to)
{
	unsigned v = version_number(a->version), t;

	*to = (struct call){.kind = (uint8_t)(a->kind + 1), .version = (uint8_t)v};
	switch (a->kind) {
	case PLAN_CREATE_JOB:
		to->slot = (uint8_t)slot_of(m, v, task_number(a->task), a->attempt, 0);
		to->warns = a->decision.on_failure == ON_FAILURE_WARN;
		break;
	case PLAN_COMMIT:
		encode_commit(m, in, p, a, to);
		break;
	case PLAN_RECORD:
		encode_record(p, a, to);
		break;
	case PLAN_GET_JOB:
		t = task_number(a->item->task);
		to->slot = (uint8_t)slot_of(
			m, v, t, a->item->attempt, r->sees.versions[v].items[t].created);
		break;
	case PLAN_DELETE:
		to->left_over = a->reason == PLAN_LEFT_OVER;
		to->slot = (uint8_t)slot_of_job(in, a->job);
		break;
	case PLAN_UNSUSPEND:
	case PLAN_QUEUE:
	case PLAN_SET_TTL:
		to->slot = (uint8_t)slot_of_job(in, a->job);
		break;
	case PLAN_SUPERSEDE:
		to->other = (uint8_t)version_number(a->other);
		encode_notes(a, to);
		break;
	case PLAN_ANNOTATE:
		encode_notes(a, to);
		break;
	case PLAN_DEPRECATE:
		to->other = (uint8_t)version_number(a->other);
		break;
	case PLAN_CLAIM:
	case PLAN_ENROL:
	case PLAN_LEAVE:
		break;
	case PLAN_CREATE_CODE:
	case PLAN_REPORT:
		return false;
	}
	return true;
}

/* --- lists ------------------------------------------------------------------------------------ */

struct list {
	struct call calls[LIST_MAX];
};

static struct intern lists;

static uint32_t put_list(const struct list *list)
{
	bool isnew;

	return intern_put(&lists, list, &isnew);
}

void calls_reset(void)
{
	static const struct list empty;

	intern_release(&lists);
	intern_init(&lists, sizeof(struct list));
	(void)put_list(&empty);
	named_for = NULL;
}

uint32_t calls_plan(const struct model *m, const struct replica *r, const struct step *step,
	const struct calls_hooks *hooks, void *ctx)
{
	static struct plan p;
	struct input in;
	struct list list = {0};
	size_t n = 0;

	make_input(m, r, step->app, &in);
	in.view.room = step->room;
	in.view.held = step->held;
	add_policy(m, r, step->policy, &in);
	if (hooks)
		hooks->prepare(ctx, &in.view);
	plan(&in.view, r->sees.late ? MODEL_NOW + MODEL_DEADLINE : MODEL_NOW, 0, &p);
	if (hooks)
		hooks->planned(ctx, &p);
	for (size_t i = 0; i < p.nactions; i++) {
		struct call call;

		if (!encode(m, r, &in, &p, &p.actions[i], &call))
			continue;
		if (n == LIST_MAX)
			abort();
		list.calls[n++] = call;
	}
	return n ? put_list(&list) : 0;
}

const struct call *calls_first(uint32_t list)
{
	const struct list *l = intern_get(&lists, list);

	return l->calls[0].kind ? l->calls : NULL;
}

uint32_t calls_rest(uint32_t list)
{
	const struct list *l = intern_get(&lists, list);
	struct list rest = {0};

	memcpy(rest.calls, l->calls + 1, sizeof(rest) - sizeof(rest.calls[0]));
	return put_list(&rest);
}

uint32_t calls_one(const struct call *call)
{
	struct list one = {0};

	one.calls[0] = *call;
	return put_list(&one);
}

static bool call_writes(const struct call *c)
{
	return c->kind && plan_writes_version(c->kind - 1);
}

bool calls_write(uint32_t list, unsigned version)
{
	const struct list *l = intern_get(&lists, list);

	for (size_t i = 0; i < LIST_MAX && l->calls[i].kind; i++)
		if (l->calls[i].version == version && call_writes(&l->calls[i]))
			return true;
	return false;
}
