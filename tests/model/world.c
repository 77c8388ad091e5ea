/* Steps without a replica: Jobs end and expire, the operator and people act, time passes. */
#include <string.h>

#include "calls.h"
#include "model.h"

bool job_exists(uint8_t state)
{
	return state != JOB_NONE && state != JOB_GONE && state != JOB_GONE_RAN &&
	       state != JOB_EXPIRED;
}

uint8_t job_as_seen(uint8_t state)
{
	return job_exists(state) ? state : JOB_NONE;
}

uint8_t job_deleted(uint8_t state)
{
	return state == JOB_SUSPENDED || state == JOB_QUEUED || state >= JOB_STRAY ? JOB_GONE
										   : JOB_GONE_RAN;
}

bool job_is_queued(uint8_t state)
{
	return state == JOB_QUEUED || state == JOB_EVICTED;
}

bool has_queue(const struct model *m, unsigned slot)
{
	return m->bounds.queues >> slot_name(m, slot).task & 1;
}

bool act_is_on_job(enum act act)
{
	return act == ACT_DELETE_JOB || act == ACT_FORGE || act == ACT_RESUME ||
	       act == ACT_UNLOCK || act == ACT_EXPIRE;
}

bool act_is_on_replica(enum act act)
{
	return act == ACT_REFUSE || act == ACT_LATE || act == ACT_TERM || act == ACT_CHANGE;
}

static void forget_version(struct replica *r, unsigned version)
{
	r->fresh[version] = r->current[version] = false;
	if (r->late && calls_first(r->late)->version == version)
		r->late_current = false;
}

void world_wrote(const struct model *m, struct state *s, unsigned version)
{
	for (unsigned r = 0; r < m->bounds.replicas; r++)
		forget_version(&s->replicas[r], version);
}

static void kueue_steps(
	const struct model *m, const struct objects *is, unsigned slot, step_fn *fn, void *ctx)
{
	struct step step = {.slot = slot, .kind = STEP_ADMIT};

	if (job_is_queued(is->jobs[slot]))
		fn(ctx, &step);
	step.kind = STEP_EVICT;
	if (is->jobs[slot] == JOB_RUNNING && has_queue(m, slot))
		fn(ctx, &step);
}

static void job_steps(const struct model *m, const struct objects *is, step_fn *fn, void *ctx)
{
	for (unsigned i = 0; i < slot_count(m); i++) {
		struct step step = {.slot = i};
		unsigned v = slot_name(m, i).version;

		if (is->jobs[i] == JOB_RUNNING) {
			step.kind = STEP_JOB_OK;
			fn(ctx, &step);
			step.kind = STEP_JOB_FAILS;
			if (!m->bounds.apps)
				fn(ctx, &step);
		}
		kueue_steps(m, is, i, fn, ctx);
		step.kind = STEP_JOB_OK;
		if (is->jobs[i] == JOB_STRAY)
			fn(ctx, &step);
		step.kind = STEP_TTL;
		if (is->jobs[i] == JOB_OK_TTL || is->jobs[i] == JOB_FAILED_TTL)
			fn(ctx, &step);
		step.kind = STEP_COLLECT;
		if (!is->versions[v].exists && job_exists(is->jobs[i]))
			fn(ctx, &step);
	}
}

bool has_own_tasks(const struct model *m, unsigned version)
{
	return m->bounds.added[version] != (1u << m->bounds.tasks) - 1;
}

bool takes_part(const struct model *m, const struct objects *is, unsigned version)
{
	const struct version *v = &is->versions[version];

	if (has_own_tasks(m, version) || v->enrolled)
		return true;
	for (unsigned t = 0; t < m->bounds.tasks; t++)
		if (v->items[t].state != VIEW_NONE && v->items[t].created != NO_JOB)
			return true;
	return false;
}

bool may_enrol(const struct model *m, unsigned version)
{
	return !has_own_tasks(m, version) && m->settings.ended[version] > MODEL_ADDED;
}

unsigned last_attempt(const struct model *m, const struct version *v)
{
	unsigned last = v->promotion == VIEW_FAILED || v->promotion == VIEW_WARNING;

	for (unsigned t = 0; t < m->bounds.tasks; t++)
		if (v->items[t].state != VIEW_NONE && v->items[t].attempt > last)
			last = v->items[t].attempt;
	return last;
}

/* The one that a person would name: what was aborted is used up. */
static unsigned next_attempt(const struct model *m, const struct version *v)
{
	unsigned last = last_attempt(m, v);

	return last > 0 && v->abort > last ? v->abort + 1u : last + 1;
}

static bool may_act_on(const struct model *m, const struct version *v, const struct step *step)
{
	unsigned last = last_attempt(m, v);

	if (!v->exists)
		return false;
	switch (step->act) {
	case ACT_RETRY:
		return step->attempt > v->retry && step->attempt == next_attempt(m, v) &&
		       (v->promotion == VIEW_FAILED || v->promotion == VIEW_WARNING ||
			       (m->bounds.far && last == 0));
	case ACT_ABORT:
		/* An abort can't be withdrawn: docs/promotion-protocol.md. */
		return v->abort < step->attempt && v->delivered &&
		       (step->attempt == last || step->attempt == next_attempt(m, v));
	case ACT_DEPRECATE:
		return v->promotion != VIEW_DEPRECATED && step->attempt == 1;
	default:
		return step->attempt == 1;
	}
}

static bool may_act_on_job(const struct model *m, const struct objects *is, const struct step *step)
{
	struct slot_name n = slot_name(m, step->slot);
	uint8_t state = is->jobs[step->slot];

	if (step->act == ACT_DELETE_JOB)
		return job_exists(state);
	if (step->act == ACT_EXPIRE)
		return state == JOB_SUSPENDED;
	if (step->act != ACT_FORGE)
		return state == JOB_SUSPENDED || state == JOB_FORGED || state == JOB_EXPIRING;
	return is->versions[n.version].exists && n.created < m->bounds.created &&
	       state == JOB_NONE && (n.created == 0 || is->jobs[step->slot - 1] != JOB_NONE);
}

static void job_act_steps(
	const struct model *m, const struct objects *is, struct step step, step_fn *fn, void *ctx)
{
	for (step.slot = 0; step.slot < slot_count(m); step.slot++)
		if (may_act_on_job(m, is, &step))
			fn(ctx, &step);
}

static bool may_act_on_replica(const struct replica *r, enum act act, unsigned app)
{
	const struct call *next = calls_first(r->lists[app]);

	if (act == ACT_TERM)
		return app == 0;
	if (act == ACT_REFUSE || act == ACT_CHANGE)
		return next && next->kind == PLAN_CREATE_JOB + 1;
	return next && !r->late && next->kind != PLAN_GET_JOB + 1;
}

static void version_act_steps(
	const struct model *m, const struct objects *is, struct step step, step_fn *fn, void *ctx)
{
	for (step.version = 0; step.version < m->bounds.versions; step.version++)
		for (step.attempt = 1; step.attempt <= m->bounds.attempts; step.attempt++)
			if (may_act_on(m, &is->versions[step.version], &step))
				fn(ctx, &step);
}

static void replica_act_steps(
	const struct model *m, const struct state *s, struct step step, step_fn *fn, void *ctx)
{
	for (step.replica = 0; step.replica < m->bounds.replicas; step.replica++)
		for (step.app = 0; step.app < app_count(m); step.app++)
			for (step.attempt = 0;
				step.attempt < (step.act == ACT_CHANGE ? CHANGES : 1);
				step.attempt++)
				if (may_act_on_replica(
					    &s->replicas[step.replica], step.act, step.app))
					fn(ctx, &step);
}

static void act_steps(const struct model *m, const struct state *s, step_fn *fn, void *ctx)
{
	struct step step = {.kind = STEP_ACT};

	if (s->world.left_total == 0)
		return;
	for (step.act = 0; step.act < ACTS; step.act++) {
		if (!s->world.left[step.act])
			continue;
		if (act_is_on_job(step.act)) {
			job_act_steps(m, &s->world.is, step, fn, ctx);
		} else if (act_is_on_replica(step.act)) {
			replica_act_steps(m, s, step, fn, ctx);
		} else {
			version_act_steps(m, &s->world.is, step, fn, ctx);
		}
	}
}

void world_steps(const struct model *m, const struct state *s, step_fn *fn, void *ctx)
{
	const struct world *w = &s->world;
	struct step step = {.kind = STEP_DELIVER};

	for (step.version = 0; step.version < m->bounds.versions; step.version++)
		if (w->is.versions[step.version].exists && !w->is.versions[step.version].delivered)
			fn(ctx, &step);
	job_steps(m, &w->is, fn, ctx);
	step = (struct step){.kind = STEP_DEFINE};
	if (!w->is.defined)
		fn(ctx, &step);
	step.kind = STEP_DEADLINE;
	if (m->bounds.late && !w->is.late)
		fn(ctx, &step);
	act_steps(m, s, fn, ctx);
}

static void take_job_act(const struct model *m, struct state *s, const struct step *step)
{
	uint8_t *job = &s->world.is.jobs[step->slot];
	struct slot_name n = slot_name(m, step->slot);
	const struct item *item = &s->world.is.versions[n.version].items[n.task];
	bool named = item->state == VIEW_PROGRESSING && item->attempt == n.attempt &&
		     item->created == n.created;

	if (step->act == ACT_FORGE) {
		*job = JOB_FORGED;
		s->world.is.terms[step->slot] = 0;
		s->world.is.warns[step->slot] = false;
	} else if (step->act == ACT_DELETE_JOB) {
		*job = job_deleted(*job);
	} else if (step->act == ACT_EXPIRE) {
		*job = JOB_EXPIRING;
	} else if (step->act == ACT_UNLOCK) {
		*job = named ? JOB_RUNNING : JOB_STRAY;
	} else if (m->bounds.plant == PLANT_ONE_LOCK) {
		*job = JOB_RUNNING;
	}
}

static void begin_term(const struct model *m, struct state *s, struct replica *r)
{
	struct replica former = *r;

	*r = (struct replica){.sees = s->world.is,
		.term = ++s->world.terms,
		.late = former.late,
		.late_current = former.late_current};
	for (unsigned i = 0; i < slot_count(m); i++) {
		r->sees.jobs[i] = job_as_seen(r->sees.jobs[i]);
		r->sees.terms[i] = r->sees.jobs[i] ? r->sees.terms[i] : 0;
		r->sees.warns[i] &= r->sees.jobs[i] != JOB_NONE;
	}
	for (unsigned v = 0; v < m->bounds.versions; v++)
		r->fresh[v] = s->world.is.versions[v].exists;
}

static void take_replica_act(struct model *m, struct state *s, const struct step *step)
{
	struct replica *r = &s->replicas[step->replica];

	if (step->act == ACT_TERM) {
		begin_term(m, s, r);
	} else if (step->act == ACT_CHANGE) {
		server_change(m, s, step->replica, step->app, step->attempt == CHANGE_UNLOCKS);
	} else if (step->act == ACT_LATE) {
		server_send_late(m, s, step->replica, step->app);
	} else {
		r->refused[step->app] = true;
		r->lists[step->app] = 0;
		for (unsigned v = 0; v < m->bounds.versions; v++)
			r->current[v] &= app_of(m, v) != step->app;
	}
}

static void take_version_act(struct model *m, struct state *s, const struct step *step)
{
	struct version *v = &s->world.is.versions[step->version];

	if (step->act == ACT_RETRY)
		v->retry = (uint8_t)step->attempt;
	else if (step->act == ACT_ABORT)
		v->abort = (uint8_t)step->attempt;
	else if (step->act == ACT_DELETE_VERSION)
		*v = (struct version){.exists = false};
	else if (step->act == ACT_DEPRECATE)
		v->promotion = VIEW_DEPRECATED;
	world_wrote(m, s, step->version);
}

static void take_act(struct model *m, struct state *s, const struct step *step)
{
	s->world.left[step->act]--;
	s->world.left_total--;
	if (act_is_on_job(step->act))
		take_job_act(m, s, step);
	else if (act_is_on_replica(step->act))
		take_replica_act(m, s, step);
	else
		take_version_act(m, s, step);
}

void world_take(struct model *m, struct state *s, const struct step *step)
{
	uint8_t *job = &s->world.is.jobs[step->slot];

	switch (step->kind) {
	case STEP_DELIVER:
		s->world.is.versions[step->version].delivered = true;
		world_wrote(m, s, step->version);
		break;
	case STEP_JOB_OK:
		if (*job == JOB_STRAY)
			*job = JOB_STRAY_OK;
		else
			*job = m->bounds.plant == PLANT_TTL_AT_ONCE ? JOB_OK_TTL : JOB_OK;
		break;
	case STEP_JOB_FAILS:
		*job = m->bounds.plant == PLANT_TTL_AT_ONCE ? JOB_FAILED_TTL : JOB_FAILED;
		break;
	case STEP_TTL:
		*job = m->bounds.policies ? JOB_EXPIRED : JOB_GONE_RAN;
		break;
	case STEP_COLLECT:
		*job = job_deleted(*job);
		break;
	case STEP_ADMIT:
		*job = JOB_RUNNING;
		break;
	case STEP_EVICT:
		*job = JOB_EVICTED;
		break;
	case STEP_DEFINE:
		s->world.is.defined = true;
		break;
	case STEP_DEADLINE:
		s->world.is.late = true;
		break;
	default:
		take_act(m, s, step);
		break;
	}
}
