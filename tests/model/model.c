#include "model.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "calls.h"

const char *const act_names[ACTS] = {"retry", "abort", "delete-job", "delete-version", "deprecate",
	"touch", "forge", "resume", "unlock", "refuse", "late", "term", "change", "expire"};

unsigned slot_of(
	const struct model *m, unsigned version, unsigned task, unsigned attempt, unsigned created)
{
	const struct bounds *b = &m->bounds;

	return ((version * b->tasks + task) * b->attempts + attempt - 1) * (b->created + 1) +
	       created;
}

struct slot_name slot_name(const struct model *m, unsigned slot)
{
	const struct bounds *b = &m->bounds;
	unsigned created = b->created + 1;

	return (struct slot_name){
		.version = slot / (created * b->attempts * b->tasks),
		.task = slot / (created * b->attempts) % b->tasks,
		.attempt = slot / created % b->attempts + 1,
		.created = slot % created,
	};
}

unsigned slot_count(const struct model *m)
{
	const struct bounds *b = &m->bounds;

	return b->versions * b->tasks * b->attempts * (b->created + 1);
}

unsigned app_count(const struct model *m)
{
	return m->bounds.apps ? m->bounds.versions : 1;
}

unsigned app_of(const struct model *m, unsigned version)
{
	return m->bounds.apps ? version : 0;
}

bool model_adds(const struct model *m)
{
	for (unsigned v = 0; v < m->bounds.versions; v++)
		if (m->bounds.added[v])
			return true;
	return false;
}

bool model_has_claims(const struct model *m)
{
	return m->bounds.acts[ACT_REFUSE] || m->bounds.acts[ACT_CHANGE] || m->bounds.quota ||
	       model_adds(m);
}

bool model_has_terms(const struct model *m)
{
	return model_has_claims(m) || m->bounds.acts[ACT_TERM];
}

void model_init(struct model *m, const struct bounds *b)
{
	*m = (struct model){.bounds = *b};
	for (unsigned v = 0; v < VERSIONS_MAX; v++)
		m->settings.ended[v] = b->early >> v & 1 ? MODEL_ADDED : MODEL_NOW;
	plan_omitted = b->omit;
	calls_reset();
}

void model_break(struct model *m, const char *broken)
{
	if (broken && (!m->bounds.hunted || str_starts(broken, m->bounds.hunted)))
		m->broken = broken;
}

void model_start(const struct model *m, struct state *s)
{
	memset(s, 0, sizeof(*s));
	s->world.is.defined = !m->bounds.late;
	for (unsigned v = 0; v < m->bounds.versions; v++)
		s->world.is.versions[v] =
			(struct version){.exists = true, .delivered = m->bounds.apps};
	for (unsigned a = 0; a < ACTS; a++)
		s->world.left[a] = (uint8_t)m->bounds.acts[a];
	s->world.left_total = (uint8_t)m->bounds.acts_total;
	for (unsigned r = 0; r < m->bounds.replicas; r++) {
		s->replicas[r].sees = s->world.is;
		memset(s->replicas[r].fresh, true, m->bounds.versions);
		if (model_has_terms(m))
			s->replicas[r].term = ++s->world.terms;
	}
}

static bool in_sync(const struct state *s, const struct replica *r, unsigned v)
{
	return s->world.is.versions[v].exists ? r->fresh[v] : !r->sees.versions[v].exists;
}

static void sync_steps(const struct model *m, const struct state *s, const struct replica *r,
	struct step step, step_fn *fn, void *ctx)
{
	for (unsigned v = 0; v < m->bounds.versions; v++) {
		if (in_sync(s, r, v))
			continue;
		step.version = m->bounds.apart ? v : 0;
		fn(ctx, &step);
		if (!m->bounds.apart)
			break;
	}
}

static void added_steps(const struct model *m, struct step step, step_fn *fn, void *ctx)
{
	unsigned policy = step.policy;

	fn(ctx, &step);
	if (!model_adds(m))
		return;
	step.policy = policy | ADDS;
	if (m->bounds.early)
		fn(ctx, &step);
	step.policy = policy | ADDS | ADDS_SINCE;
	fn(ctx, &step);
}

/* One for each thing that policies may say. */
static void plan_steps(const struct model *m, struct step step, step_fn *fn, void *ctx)
{
	unsigned fixed = (1u << m->bounds.tasks) - (1u << m->bounds.policies);

	for (unsigned varies = 0; varies < 1u << m->bounds.policies; varies++) {
		step.policy = m->bounds.policies ? fixed | varies : 0;
		added_steps(m, step, fn, ctx);
		step.policy |= REFUSES;
		if (m->bounds.policies)
			added_steps(m, step, fn, ctx);
	}
}

static void app_steps(
	const struct model *m, const struct replica *r, struct step step, step_fn *fn, void *ctx)
{
	step.kind = STEP_PLAN;
	for (step.held = 0; step.held <= m->bounds.apps; step.held++)
		for (step.room = m->bounds.far ? 0 : m->bounds.tasks; step.room <= m->bounds.tasks;
			step.room++)
			plan_steps(m, step, fn, ctx);
	step.held = step.room = 0;
	step.kind = STEP_PAUSE_OVER;
	if (r->refused[step.app])
		fn(ctx, &step);
	step.kind = STEP_CALL;
	if (calls_first(r->lists[step.app]))
		fn(ctx, &step);
}

static void replica_steps(
	const struct model *m, const struct state *s, unsigned number, step_fn *fn, void *ctx)
{
	const struct replica *r = &s->replicas[number];
	struct step step = {.kind = STEP_SYNC, .replica = number};

	sync_steps(m, s, r, step, fn, ctx);
	step.kind = STEP_SEE_JOB;
	for (step.slot = 0; step.slot < slot_count(m); step.slot++)
		if (r->sees.jobs[step.slot] != job_as_seen(s->world.is.jobs[step.slot])) {
			fn(ctx, &step);
			if (m->bounds.apps)
				break;
		}
	step.slot = 0;
	step.kind = STEP_SEE_DEFINITIONS;
	if (r->sees.defined != s->world.is.defined || r->sees.late != s->world.is.late)
		fn(ctx, &step);
	for (step.app = 0; step.app < app_count(m); step.app++)
		app_steps(m, r, step, fn, ctx);
	step.app = 0;
	step.kind = STEP_LAND;
	if (r->late)
		fn(ctx, &step);
}

void model_steps(const struct model *m, const struct state *s, step_fn *fn, void *ctx)
{
	for (unsigned r = 0; r < m->bounds.replicas; r++)
		replica_steps(m, s, r, fn, ctx);
	world_steps(m, s, fn, ctx);
}

/* An open item, or one that has failed in a phase that goes on. */
static bool may_be_looked_for(const struct version *v, const struct item *item)
{
	return v->exists &&
	       (item->state == VIEW_PROGRESSING ||
		       (item->state == VIEW_FAILED && v->promotion == VIEW_PROGRESSING));
}

/* The result of a live GET matters only while such an item in the view names the Job. */
static void forget_gone(const struct model *m, struct replica *r)
{
	for (unsigned i = 0; i < slot_count(m); i++) {
		struct slot_name n = slot_name(m, i);
		const struct version *v = &r->sees.versions[n.version];
		const struct item *item = &v->items[n.task];

		r->gone[i] &= may_be_looked_for(v, item) && item->attempt == n.attempt &&
			      item->created == n.created;
	}
}

void model_plan(const struct model *m, struct replica *r, const struct step *step,
	const struct calls_hooks *hooks, void *ctx)
{
	uint32_t list = r->lists[step->app] = calls_plan(m, r, step, hooks, ctx);

	for (unsigned v = 0; v < m->bounds.versions; v++)
		if (app_of(m, v) == step->app)
			r->current[v] = r->fresh[v] && calls_write(list, v);
}

static void see_job(const struct state *s, struct replica *r, unsigned slot)
{
	bool exists = job_exists(s->world.is.jobs[slot]);

	r->sees.jobs[slot] = job_as_seen(s->world.is.jobs[slot]);
	r->sees.terms[slot] = exists ? s->world.is.terms[slot] : 0;
	r->sees.warns[slot] = exists && s->world.is.warns[slot];
}

void model_take(struct model *m, struct state *s, const struct step *step)
{
	struct replica *r = &s->replicas[step->replica];

	m->broken = NULL;
	m->beyond = false;
	switch (step->kind) {
	case STEP_SYNC:
		for (unsigned v = 0; v < m->bounds.versions; v++) {
			if (m->bounds.apart && v != step->version)
				continue;
			r->sees.versions[v] = s->world.is.versions[v];
			r->fresh[v] = s->world.is.versions[v].exists;
		}
		forget_gone(m, r);
		break;
	case STEP_SEE_JOB:
		for (unsigned i = 0; i < slot_count(m); i++)
			if (i == step->slot || m->bounds.apps)
				see_job(s, r, i);
		break;
	case STEP_SEE_DEFINITIONS:
		r->sees.defined = s->world.is.defined;
		r->sees.late = s->world.is.late;
		break;
	case STEP_PLAN:
		model_plan(m, r, step, NULL, NULL);
		break;
	case STEP_PAUSE_OVER:
		r->refused[step->app] = false;
		break;
	case STEP_CALL:
		server_take(m, s, step->replica, step->app);
		forget_gone(m, r);
		break;
	case STEP_LAND:
		server_land(m, s, step->replica);
		break;
	default:
		world_take(m, s, step);
		break;
	}
	if (!m->broken && step->kind >= STEP_CALL)
		model_break(m, world_broken(m, &s->world));
}

static void say_job(const struct model *m, const char *verb, unsigned slot, char *to, size_t size)
{
	struct slot_name n = slot_name(m, slot);

	(void)snprintf(to, size, "%s v%u/%c/%u/%u", verb, n.version + 1, 'a' + (char)n.task,
		n.attempt, n.created + 1);
}

static void say_app(const struct model *m, const struct step *step, int len, char *to, size_t size)
{
	if (m->bounds.apps)
		(void)snprintf(to + len, size - (size_t)len, " for v%u", step->app + 1);
}

static void say_act(const struct model *m, const struct step *step, char *to, size_t size)
{
	char verb[32];

	(void)snprintf(verb, sizeof(verb), "act %s", act_names[step->act]);
	if (act_is_on_job(step->act))
		say_job(m, verb, step->slot, to, size);
	else if (act_is_on_replica(step->act))
		say_app(m, step,
			snprintf(to, size, "%s R%u%s", verb, step->replica + 1,
				step->attempt == CHANGE_UNLOCKS ? ", unlocks" : ""),
			to, size);
	else
		(void)snprintf(to, size, "act %s v%u %u", act_names[step->act], step->version + 1,
			step->attempt);
}

static void say_world(const struct model *m, const struct step *step, char *to, size_t size)
{
	static const char *const verbs[] = {[STEP_JOB_OK] = "job completes",
		[STEP_JOB_FAILS] = "job fails",
		[STEP_TTL] = "job expires",
		[STEP_COLLECT] = "job is collected",
		[STEP_ADMIT] = "Kueue resumes",
		[STEP_EVICT] = "Kueue suspends"};

	if (step->kind == STEP_ACT)
		say_act(m, step, to, size);
	else if (step->kind == STEP_DELIVER)
		(void)snprintf(to, size, "delivered v%u", step->version + 1);
	else if (step->kind == STEP_DEFINE)
		(void)snprintf(to, size, "definitions come");
	else if (step->kind == STEP_DEADLINE)
		(void)snprintf(to, size, "deadline passes");
	else
		say_job(m, verbs[step->kind], step->slot, to, size);
}

static void say_plan(const struct model *m, const struct step *step, char *to, size_t size)
{
	int len = snprintf(to, size, "R%u plans", step->replica + 1);

	if (m->bounds.far)
		len += snprintf(to + len, size - (size_t)len, ", room %u", step->room);
	for (unsigned t = 0; t < m->bounds.policies; t++)
		len += snprintf(to + len, size - (size_t)len, ", %c %s", 'a' + (char)t,
			step->policy & 1u << t ? "warns" : "blocks");
	if (step->policy & REFUSES)
		len += snprintf(to + len, size - (size_t)len, ", refused");
	if (step->policy & ADDS)
		len += snprintf(to + len, size - (size_t)len, ", added%s",
			step->policy & ADDS_SINCE ? "" : " just now");
	if (step->held)
		len += snprintf(to + len, size - (size_t)len, ", held");
	say_app(m, step, len, to, size);
}

/* The caller describes calls, since it has the list: see trace.c. */
void model_say(const struct model *m, const struct state *s, const struct step *step, char *to,
	size_t size)
{
	char call[100];

	if (step->kind >= STEP_DELIVER) {
		say_world(m, step, to, size);
	} else if (step->kind == STEP_SEE_JOB) {
		say_job(m, "sees job", step->slot, call, sizeof(call));
		(void)snprintf(to, size, "R%u %s", step->replica + 1, call);
	} else if (step->kind == STEP_CALL || step->kind == STEP_LAND) {
		const struct replica *r = &s->replicas[step->replica];
		bool late = step->kind == STEP_LAND;

		server_say(
			m, calls_first(late ? r->late : r->lists[step->app]), call, sizeof(call));
		(void)snprintf(to, size, "R%u %s %s", step->replica + 1,
			late ? "late calls" : "calls", call);
	} else if (step->kind == STEP_SYNC && m->bounds.apart) {
		(void)snprintf(to, size, "R%u sees v%u", step->replica + 1, step->version + 1);
	} else if (step->kind == STEP_PLAN) {
		say_plan(m, step, to, size);
	} else if (step->kind == STEP_PAUSE_OVER) {
		say_app(m, step, snprintf(to, size, "R%u pauses no longer", step->replica + 1), to,
			size);
	} else {
		(void)snprintf(to, size, "R%u %s", step->replica + 1,
			step->kind == STEP_SYNC ? "sees versions" : "sees definitions");
	}
}
