/* Steps without a replica: Jobs end and expire, the operator and people act, time passes. */
#include <string.h>

#include "model.h"

bool job_exists(uint8_t state)
{
	return state != JOB_NONE && state != JOB_GONE && state != JOB_GONE_RAN;
}

uint8_t job_as_seen(uint8_t state)
{
	return job_exists(state) ? state : JOB_NONE;
}

void world_wrote(const struct model *m, struct state *s, unsigned version)
{
	for (unsigned r = 0; r < m->bounds.replicas; r++)
		s->replicas[r].fresh[version] = s->replicas[r].current[version] = false;
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
			fn(ctx, &step);
		}
		step.kind = STEP_TTL;
		if (is->jobs[i] == JOB_OK_TTL || is->jobs[i] == JOB_FAILED_TTL)
			fn(ctx, &step);
		step.kind = STEP_COLLECT;
		if (!is->versions[v].exists && job_exists(is->jobs[i]))
			fn(ctx, &step);
	}
}

static unsigned last_attempt(const struct model *m, const struct version *v)
{
	unsigned last = v->promotion == VIEW_FAILED;

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
		       (v->promotion == VIEW_FAILED || (m->bounds.far && last == 0));
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

static void act_steps(const struct model *m, const struct world *w, step_fn *fn, void *ctx)
{
	struct step step = {.kind = STEP_ACT};

	if (w->left_total == 0)
		return;
	for (step.act = 0; step.act < ACTS; step.act++) {
		if (!w->left[step.act])
			continue;
		if (step.act == ACT_DELETE_JOB) {
			for (step.slot = 0; step.slot < slot_count(m); step.slot++)
				if (job_exists(w->is.jobs[step.slot]))
					fn(ctx, &step);
			step.slot = 0;
			continue;
		}
		for (step.version = 0; step.version < m->bounds.versions; step.version++)
			for (step.attempt = 1; step.attempt <= m->bounds.attempts; step.attempt++)
				if (may_act_on(m, &w->is.versions[step.version], &step))
					fn(ctx, &step);
		step.version = step.attempt = 0;
	}
}

void world_steps(const struct model *m, const struct world *w, step_fn *fn, void *ctx)
{
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
	act_steps(m, w, fn, ctx);
}

static void take_act(struct model *m, struct state *s, const struct step *step)
{
	struct version *v = &s->world.is.versions[step->version];
	uint8_t *job = &s->world.is.jobs[step->slot];

	s->world.left[step->act]--;
	s->world.left_total--;
	switch (step->act) {
	case ACT_RETRY:
		v->retry = (uint8_t)step->attempt;
		break;
	case ACT_ABORT:
		v->abort = (uint8_t)step->attempt;
		break;
	case ACT_DELETE_JOB:
		*job = *job == JOB_SUSPENDED ? JOB_GONE : JOB_GONE_RAN;
		return;
	case ACT_DELETE_VERSION:
		*v = (struct version){.exists = false};
		break;
	case ACT_DEPRECATE:
		v->promotion = VIEW_DEPRECATED;
		break;
	case ACT_TOUCH:
	case ACTS:
		break;
	}
	world_wrote(m, s, step->version);
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
		*job = m->bounds.plant == PLANT_TTL_AT_ONCE ? JOB_OK_TTL : JOB_OK;
		break;
	case STEP_JOB_FAILS:
		*job = m->bounds.plant == PLANT_TTL_AT_ONCE ? JOB_FAILED_TTL : JOB_FAILED;
		break;
	case STEP_TTL:
		*job = JOB_GONE_RAN;
		break;
	case STEP_COLLECT:
		*job = *job == JOB_SUSPENDED ? JOB_GONE : JOB_GONE_RAN;
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
