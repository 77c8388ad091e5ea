#include "settle.h"

#include <string.h>

#include "calls.h"
#include "lead.h"

enum { ROUNDS_MAX = 100 };

static void see_all(struct model *m, struct state *s)
{
	struct step step = {.kind = STEP_SYNC};

	for (step.version = 0; step.version < m->bounds.versions; step.version++)
		model_take(m, s, &step);
	step.version = 0;
	step.kind = STEP_SEE_DEFINITIONS;
	model_take(m, s, &step);
	step.kind = STEP_SEE_JOB;
	for (step.slot = 0; step.slot < slot_count(m); step.slot++)
		model_take(m, s, &step);
}

/* Plans and executes the whole list. False: broken or beyond. */
static bool act(struct model *m, struct state *s, unsigned policy)
{
	struct step step = {.kind = STEP_PLAN, .room = m->bounds.tasks, .policy = policy};

	model_take(m, s, &step);
	step.kind = STEP_CALL;
	while (calls_first(s->replicas[0].lists[0])) {
		model_take(m, s, &step);
		if (m->broken || m->beyond)
			return false;
	}
	return true;
}

static void end_jobs(struct model *m, struct state *s, enum step_kind how)
{
	struct step step = {.kind = how};

	for (step.slot = 0; step.slot < slot_count(m); step.slot++) {
		step.kind = STEP_ADMIT;
		if (job_is_queued(s->world.is.jobs[step.slot]))
			model_take(m, s, &step);
		step.kind = s->world.is.jobs[step.slot] == JOB_STRAY ? STEP_JOB_OK : how;
		if (s->world.is.jobs[step.slot] == JOB_RUNNING ||
			s->world.is.jobs[step.slot] == JOB_STRAY)
			model_take(m, s, &step);
	}
}

static bool too_old(const struct model *m, const struct objects *is, unsigned v)
{
	return is->versions[v].retry == 0 && m->settings.max_age > 0 &&
	       MODEL_NOW - m->settings.ended[v] > m->settings.max_age;
}

/* It waits for a manual retry: from before since, too old, or older than such a version. */
static bool left_alone(const struct model *m, const struct objects *is, unsigned v)
{
	if (is->versions[v].retry == 0 && m->settings.ended[v] < m->settings.since)
		return true;
	for (; v < m->bounds.versions; v++)
		if (is->versions[v].exists && is->versions[v].delivered &&
			is->versions[v].promotion == VIEW_NONE && too_old(m, is, v))
			return true;
	return false;
}

/* A retry may wait for definitions that never come. */
static bool says_the_truth(const struct model *m, const struct objects *is, const struct version *v)
{
	if (!m->bounds.explain || !v->delivered)
		return true;
	if ((v->promotion == VIEW_FAILED || v->promotion == VIEW_WARNING) &&
		v->outcome != last_attempt(m, v))
		return false;
	return (!v->waiting || !is->defined) && (v->promotion != VIEW_SUCCEEDED || !v->outcome);
}

/* It does not take part, although policies add tasks to it and no newer version has started. */
static bool is_left_out(const struct model *m, const struct objects *is, unsigned v)
{
	if (!may_enrol(m, v) || !is->versions[v].delivered || view_ended(is->versions[v].promotion))
		return false;
	for (unsigned newer = v + 1; newer < m->bounds.versions; newer++)
		if (is->versions[newer].exists && last_attempt(m, &is->versions[newer]) > 0)
			return false;
	return true;
}

static const char *unfinished(const struct model *m, const struct objects *is, unsigned policy)
{
	for (unsigned i = 0; i < m->bounds.versions; i++) {
		const struct version *v = &is->versions[i];

		if (!v->exists || left_alone(m, is, i))
			continue;
		if (!takes_part(m, is, i) && !(policy & ADDS && is_left_out(m, is, i)))
			continue;
		for (unsigned t = 0; t < m->bounds.tasks; t++)
			if (v->items[t].state == VIEW_PROGRESSING)
				return "I4: at rest, with an item open";
		if (v->delivered && !v->marked && !view_ended(v->promotion))
			return "I4: at rest, with a delivered version that has not ended";
		if (!says_the_truth(m, is, v))
			return "I4: at rest, with an annotation that is not true";
	}
	for (unsigned i = 0; i < slot_count(m); i++) {
		unsigned v = slot_name(m, i).version;

		if (!is->versions[v].exists || left_alone(m, is, v))
			continue;
		if (is->jobs[i] == JOB_SUSPENDED || is->jobs[i] == JOB_EXPIRING)
			return "I4: at rest, with a Job suspended";
		if (is->jobs[i] == JOB_OK || is->jobs[i] == JOB_FAILED)
			return "I4: at rest, with a Job that has no TTL";
		if (is->jobs[i] >= JOB_STRAY && is->versions[v].delivered &&
			slot_name(m, i).attempt <= last_attempt(m, &is->versions[v]))
			return "I4: at rest, with a Job that no commit names";
	}
	return NULL;
}

static const char *settle_so(
	struct model *m, const struct world *w, enum step_kind how, unsigned policy)
{
	struct state s;

	memset(&s, 0, sizeof(s));
	s.world = *w;
	s.replicas[0].term = ++s.world.terms;
	for (unsigned round = 0; round < ROUNDS_MAX; round++) {
		struct state before = s;

		see_all(m, &s);
		if (!act(m, &s, policy))
			return m->broken;
		end_jobs(m, &s, how);
		if (memcmp(&before.world, &s.world, sizeof(s.world)) != 0 ||
			memcmp(before.replicas[0].gone, s.replicas[0].gone,
				sizeof(s.replicas[0].gone)) != 0)
			continue;
		if (!m->bounds.late || s.world.is.late)
			return unfinished(m, &s.world.is, policy);
		s.world.is.late = true;
	}
	return "I4: it never comes to rest";
}

/* Several applications: woken as the reconciler wakes them. */
static const char *settle_apps(struct model *m, const struct world *w, enum step_kind how)
{
	struct state s;
	const char *broken;

	memset(&s, 0, sizeof(s));
	s.world = *w;
	s.replicas[0].term = ++s.world.terms;
	broken = lead(m, &s, how);
	return broken ? broken : unfinished(m, &s.world.is, 0);
}

const char *settle(struct model *m, const struct world *w)
{
	const char *broken;

	m->settling = true;
	broken = m->bounds.apps ? settle_apps(m, w, STEP_JOB_OK) : settle_so(m, w, STEP_JOB_OK, 0);
	if (!broken)
		broken = m->bounds.apps ? settle_apps(m, w, STEP_JOB_FAILS)
					: settle_so(m, w, STEP_JOB_FAILS, 0);
	if (!broken && model_adds(m))
		broken = settle_so(m, w, STEP_JOB_OK, ADDS | ADDS_SINCE);
	if (!broken && model_adds(m))
		broken = settle_so(m, w, STEP_JOB_FAILS, ADDS | ADDS_SINCE);
	m->settling = false;
	return broken;
}
