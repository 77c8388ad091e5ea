#include "walk.h"

#include <stdlib.h>
#include <time.h>

#include "calls.h"
#include "settle.h"
#include "shorten.h"

enum { STEPS_MAX = 400, TRIED_MAX = 512 };

struct random {
	uint64_t state;
};

static uint64_t draw(struct random *r, uint64_t below)
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return (z ^ z >> 31) % below;
}

/* Versions from before since, versions that are too old, and others. */
static void vary(struct model *m, struct random *random)
{
	if (!m->bounds.far)
		return;
	m->settings.since = draw(random, 2) ? MODEL_NOW - 500 : 0;
	m->settings.max_age = draw(random, 2) ? 300 : 0;
	for (unsigned v = 0; v < m->bounds.versions; v++)
		m->settings.ended[v] = MODEL_NOW - 400 * (int64_t)draw(random, 3);
}

struct choices {
	struct step steps[TRIED_MAX];
	size_t count;
};

static void collect(void *ctx, const struct step *step)
{
	struct choices *c = ctx;

	if (c->count < TRIED_MAX)
		c->steps[c->count++] = *step;
}

/* The weights of possible steps, so that much happens, in any order. */
static unsigned weight(const struct state *s, const struct step *step)
{
	switch (step->kind) {
	case STEP_CALL:
		return 32;
	case STEP_SYNC:
	case STEP_SEE_JOB:
	case STEP_SEE_DEFINITIONS:
		return 16;
	case STEP_PLAN:
		return s->replicas[step->replica].lists[step->app] ? 1 : 8;
	case STEP_ACT:
	case STEP_DEADLINE:
		return 1;
	case STEP_DELIVER:
	case STEP_DEFINE:
		return 2;
	default:
		return 4;
	}
}

static const struct step *choose(
	const struct state *s, const struct choices *c, struct random *random)
{
	uint64_t total = 0, at;
	size_t i;

	for (i = 0; i < c->count; i++)
		total += weight(s, &c->steps[i]);
	at = draw(random, total);
	for (i = 0; at >= weight(s, &c->steps[i]); i++)
		at -= weight(s, &c->steps[i]);
	return &c->steps[i];
}

static void walk_once(struct model *m, struct random *random, struct walked *ret)
{
	struct choices choices;
	struct state s;

	ret->trace.count = 0;
	vary(m, random);
	model_start(m, &s);
	for (unsigned i = 0; i < STEPS_MAX && !ret->broken; i++) {
		struct step step;

		choices.count = 0;
		model_steps(m, &s, collect, &choices);
		step = *choose(&s, &choices, random);
		model_take(m, &s, &step);
		trace_add(&ret->trace, &step);
		ret->steps++;
		ret->broken = m->broken;
		if (!ret->broken && (i % 50 == 49))
			ret->broken = settle(m, &s.world);
	}
}

void walk(struct model *m, uint64_t seed, unsigned seconds, unsigned walks, struct walked *ret)
{
	time_t end = time(NULL) + (time_t)seconds;

	*ret = (struct walked){.seed = seed};
	while (!ret->broken && (seconds == 0 || time(NULL) < end) &&
		(walks == 0 || ret->walks < walks)) {
		struct random random = {ret->seed = seed + ret->walks};

		calls_reset();
		walk_once(m, &random, ret);
		ret->walks++;
	}
	if (ret->broken)
		shorten(m, &ret->trace, ret->broken);
}
