/* The API server: what a call changes in the world, and which invariant that breaks. */
#include <string.h>

#include "base/mem.h"
#include "calls.h"

/* The call was rejected: the executor drops the rest of the list. */
static bool refused(void)
{
	return false;
}

static bool same_names(const struct model *m)
{
	return m->bounds.plant == PLANT_SAME_NAMES;
}

/* The existing Job with this one's name; with unique names, the Job itself. */
static int existing(const struct model *m, const struct objects *o, unsigned slot)
{
	struct slot_name n = slot_name(m, slot);

	if (!same_names(m))
		return job_exists(o->jobs[slot]) ? (int)slot : -1;
	for (unsigned k = 0; k <= m->bounds.created; k++) {
		unsigned other = slot_of(m, n.version, n.task, n.attempt, k);

		if (job_exists(o->jobs[other]))
			return (int)other;
	}
	return -1;
}

static const struct item *item_of(const struct model *m, const struct objects *is, unsigned slot)
{
	struct slot_name n = slot_name(m, slot);

	return &is->versions[n.version].items[n.task];
}

static bool names(const struct model *m, const struct objects *is, unsigned slot)
{
	struct slot_name n = slot_name(m, slot);
	const struct item *item = item_of(m, is, slot);

	return is->versions[n.version].exists && item->state != VIEW_NONE &&
	       item->attempt == n.attempt && (item->created == n.created || same_names(m));
}

static unsigned count_jobs(const struct model *m, const struct objects *is)
{
	unsigned n = 0;

	for (unsigned i = 0; i < slot_count(m); i++)
		n += job_exists(is->jobs[i]);
	return n;
}

/* settle.h creates again what it has given back: a name that no commit has is then as good as new. */
static bool is_free(const struct model *m, const struct objects *is, unsigned slot)
{
	return is->jobs[slot] == JOB_NONE ||
	       (m->settling && is->jobs[slot] == JOB_GONE && !names(m, is, slot));
}

/* Its slot; -1: beyond the bounds. */
static int make_job(struct model *m, struct objects *is, const struct call *c, enum job_state state)
{
	struct slot_name n = slot_name(m, c->slot);

	for (unsigned k = 0; k < m->bounds.created + m->settling; k++) {
		unsigned slot = slot_of(m, n.version, n.task, n.attempt, k);

		if (!is_free(m, is, slot))
			continue;
		is->jobs[slot] = (uint8_t)state;
		is->terms[slot] = c->term;
		is->warns[slot] = c->warns;
		return (int)slot;
	}
	m->beyond = true;
	return -1;
}

/* by: whom the reply reaches; NULL: nobody. */
static bool create(struct model *m, struct objects *is, const struct call *c, struct replica *by)
{
	int slot;

	if (same_names(m) && existing(m, is, c->slot) >= 0)
		return refused();
	if (m->bounds.quota && count_jobs(m, is) >= m->bounds.quota) {
		if (by)
			by->refused[app_of(m, c->version)] = true;
		return refused();
	}
	slot = make_job(
		m, is, c, m->bounds.plant == PLANT_RUN_AT_ONCE ? JOB_RUNNING : JOB_SUSPENDED);
	if (slot >= 0 && by)
		by->own[slot] = true;
	return true;
}

/* The commit may come just after a neighbour let the Job run: then it is what runs. */
static void commit_job(struct model *m, uint8_t *job)
{
	if (*job == JOB_FORGED)
		model_break(m, "I10: a commit names a Job that Promogate did not create");
	else if (*job == JOB_STRAY)
		*job = JOB_RUNNING;
	else if (*job == JOB_STRAY_OK)
		*job = JOB_OK;
}

/* Opens an item: I2 and I5. */
static bool commit(struct model *m, struct objects *is, const struct call *c)
{
	struct version *v = &is->versions[c->version];

	if (v->promotion == VIEW_DEPRECATED || v->marked)
		model_break(m, "I5: a version starts that was deprecated before its commit");
	for (unsigned t = 0; t < m->bounds.tasks; t++) {
		struct item *item = &v->items[t];

		if (!c->created[t])
			continue;
		if (item->state == VIEW_SUCCEEDED ||
			(item->state != VIEW_NONE && item->attempt >= c->attempt))
			model_break(m, "I2: a commit opens an item that was recorded");
		*item = (struct item){VIEW_PROGRESSING, c->attempt, (uint8_t)(c->created[t] - 1)};
		commit_job(m, &is->jobs[slot_of(m, c->version, t, c->attempt, item->created)]);
	}
	if (!takes_part(m, is, c->version))
		model_break(
			m, "I14: a version without tasks of its own starts without being enrolled");
	v->promotion = VIEW_PROGRESSING;
	return true;
}

/* The outcome of one item: I2 and I7. */
static void end_item(struct model *m, struct objects *is, const struct call *c, unsigned t)
{
	struct item *item = &is->versions[c->version].items[t];
	uint8_t state = c->ends[t] == ENDS_OK ? VIEW_SUCCEEDED : VIEW_FAILED;

	if (item->state == VIEW_NONE) /* it never had a Job */
		*item = (struct item){VIEW_NONE, 1, NO_JOB};
	else if (item->state != VIEW_PROGRESSING && item->state != state)
		model_break(m, "I2: a recorded outcome changes");
	else if (c->ends[t] == ENDS_MISSING &&
		 existing(m, is, slot_of(m, c->version, t, item->attempt, item->created)) >= 0)
		model_break(m, "I7: \"missing\" is recorded of a Job that exists");
	item->state = state;
}

/* What the failed items of a version allow. */
struct allowed {
	bool blocks; /* a Job that carries Block has failed */
	bool open; /* nothing is left that carries what a failed task means */
	bool failed;
};

static void add_failed(
	const struct model *m, const struct objects *is, unsigned v, unsigned t, struct allowed *to)
{
	const struct item *item = &is->versions[v].items[t];
	unsigned slot;

	to->failed = true;
	if (item->created == NO_JOB) {
		to->open = true;
		return;
	}
	slot = slot_of(m, v, t, item->attempt, item->created);
	if (job_exists(is->jobs[slot]) || is->jobs[slot] == JOB_EXPIRED)
		to->blocks |= !is->warns[slot];
	else
		to->open = true;
}

/* It was given up, and a later attempt was committed without it. */
static bool never_ran(const struct model *m, const struct version *v, unsigned t)
{
	return v->items[t].created == NO_JOB && last_attempt(m, v) > 1;
}

/* I13, of the record that ends a phase. */
static bool follows(const struct model *m, const struct objects *is, const struct call *c)
{
	struct allowed a = {.failed = false};

	for (unsigned t = 0; t < m->bounds.tasks; t++)
		if (is->versions[c->version].items[t].state == VIEW_FAILED &&
			!never_ran(m, &is->versions[c->version], t))
			add_failed(m, is, c->version, t, &a);
	if (c->promotion == VIEW_SUCCEEDED)
		return !a.failed;
	if (!a.failed) /* given up before it started */
		return true;
	return c->promotion == VIEW_FAILED ? a.blocks || a.open : !a.blocks;
}

static bool record(struct model *m, struct objects *is, const struct call *c)
{
	struct version *v = &is->versions[c->version];

	if (!v->delivered)
		model_break(m, "I11: an outcome is recorded on a version that is not delivered");
	if (v->promotion == VIEW_DEPRECATED && c->promotion != VIEW_NONE)
		model_break(m, "I12: a deprecated version leaves that state");
	for (unsigned t = 0; t < m->bounds.tasks; t++)
		if (c->ends[t] != ENDS_NOT)
			end_item(m, is, c, t);
	if (c->promotion != VIEW_NONE)
		v->promotion = c->promotion;
	if (c->promotion != VIEW_NONE && !follows(m, is, c))
		model_break(m, "I13: the outcome does not follow from what the Jobs carry");
	return true;
}

static void claim(struct version *v, const struct call *c)
{
	v->claim_term = c->term;
	v->claim = c->nonce;
}

/* Introducing a policy starts nothing for what was delivered before. */
static void enrol(struct model *m, struct objects *is, const struct call *c)
{
	if (!may_enrol(m, c->version))
		model_break(m, "I14: a version is enrolled that is older than what is added");
	is->versions[c->version].enrolled = true;
}

/* The executor does not wait for the watch. */
static void trust_reply(const struct state *s, struct replica *by, unsigned version)
{
	by->sees.versions[version] = s->world.is.versions[version];
	by->fresh[version] = true;
}

static void annotate(struct version *v, const struct call *c)
{
	v->marked |= c->kind == PLAN_SUPERSEDE + 1;
	if (c->waiting)
		v->waiting = c->waiting - 1;
	if (c->outcome)
		v->outcome = c->outcome - 1;
}

/* While all exist, all views agree which one is newer. */
static void check_newer(struct model *m, const struct objects *is, const struct call *c)
{
	bool fences = c->kind == PLAN_DEPRECATE + 1 || c->kind == PLAN_SUPERSEDE + 1;

	for (unsigned v = 0; v < m->bounds.versions; v++)
		fences &= is->versions[v].exists;
	if (fences && c->other < c->version)
		model_break(m, "I16: a version is given up for an older one");
}

static bool write_version(
	struct model *m, struct state *s, const struct call *c, struct replica *by, bool current)
{
	struct objects *is = &s->world.is;
	bool blind = (m->bounds.plant == PLANT_BLIND_RECORDS && c->kind == PLAN_RECORD + 1) ||
		     (m->bounds.plant == PLANT_BLIND_COMMIT && c->kind == PLAN_COMMIT + 1);

	if (!is->versions[c->version].exists || (!current && !blind))
		return refused();
	check_newer(m, is, c);
	if (c->kind == PLAN_COMMIT + 1)
		(void)commit(m, is, c);
	else if (c->kind == PLAN_RECORD + 1)
		(void)record(m, is, c);
	else if (c->kind == PLAN_CLAIM + 1)
		claim(&is->versions[c->version], c);
	else if (c->kind == PLAN_ENROL + 1)
		enrol(m, is, c);
	else if (c->kind == PLAN_LEAVE + 1)
		is->versions[c->version].enrolled = false;
	else if (c->kind == PLAN_DEPRECATE + 1)
		is->versions[c->version].promotion = VIEW_DEPRECATED;
	else
		annotate(&is->versions[c->version], c);
	world_wrote(m, s, c->version);
	if (m->bounds.plant == PLANT_TRUST_REPLY && c->kind == PLAN_ENROL + 1 && by)
		trust_reply(s, by, c->version);
	return true;
}

static bool set_ttl(struct model *m, struct objects *is, unsigned slot)
{
	struct slot_name n = slot_name(m, slot);
	const struct item *item = item_of(m, is, slot);

	if (is->versions[n.version].exists &&
		!(names(m, is, slot) && item->state != VIEW_PROGRESSING) &&
		item->attempt <= n.attempt)
		model_break(m, "I9: a Job gets its TTL before its outcome is recorded");
	if (is->jobs[slot] == JOB_OK)
		is->jobs[slot] = JOB_OK_TTL;
	if (is->jobs[slot] == JOB_FAILED)
		is->jobs[slot] = JOB_FAILED_TTL;
	if (is->jobs[slot] == JOB_STRAY_OK)
		is->jobs[slot] = JOB_GONE;
	return true;
}

static bool delete(struct model *m, struct objects *is, const struct call *c)
{
	if (c->left_over && names(m, is, c->slot))
		model_break(m, "I6: clean-up deletes a committed Job");
	is->jobs[c->slot] = job_deleted(is->jobs[c->slot]);
	return true;
}

static bool unsuspend(struct model *m, struct objects *is, unsigned slot)
{
	uint8_t *job = &is->jobs[slot];

	if (*job == JOB_EXPIRING && m->bounds.plant == PLANT_KEEP_TTL)
		model_break(m, "I9: a Job has a TTL before its outcome is recorded");
	if (*job != JOB_SUSPENDED && *job != JOB_EXPIRING && !job_is_queued(*job))
		return true;
	if (has_queue(m, slot))
		model_break(m, "I17: a Job with a queue runs, and Kueue has not resumed it");
	*job = JOB_RUNNING;
	return true;
}

/* Refused if the Job has changed: its view showed it locked, which it never is again. */
static bool hand_over(struct model *m, struct objects *is, unsigned slot)
{
	uint8_t *job = &is->jobs[slot];

	if (m->bounds.plant == PLANT_BLIND_QUEUE && *job == JOB_RUNNING)
		model_break(m, "I17: a Job is suspended that Kueue has resumed");
	if (*job != JOB_SUSPENDED && *job != JOB_EXPIRING)
		return refused();
	*job = JOB_QUEUED;
	return true;
}

static bool write_job(struct model *m, struct objects *is, const struct call *c)
{
	if (!job_exists(is->jobs[c->slot]))
		return refused();
	if (c->kind == PLAN_SET_TTL + 1)
		return set_ttl(m, is, c->slot);
	if (c->kind == PLAN_DELETE + 1)
		return delete (m, is, c);
	if (c->kind == PLAN_QUEUE + 1)
		return hand_over(m, is, c->slot);
	return unsuspend(m, is, c->slot);
}

/* by: whom the reply reaches; NULL: nobody. current: it carries the current resourceVersion. */
static bool execute(
	struct model *m, struct state *s, const struct call *c, struct replica *by, bool current)
{
	switch ((int)c->kind - 1) {
	case PLAN_CREATE_JOB:
		return create(m, &s->world.is, c, by);
	case PLAN_UNSUSPEND:
	case PLAN_QUEUE:
	case PLAN_SET_TTL:
	case PLAN_DELETE:
		return write_job(m, &s->world.is, c);
	case PLAN_GET_JOB:
		if (by && existing(m, &s->world.is, c->slot) < 0)
			by->gone[c->slot] = true;
		return true;
	default:
		return write_version(m, s, c, by, current);
	}
}

static unsigned claims_max(const struct model *m)
{
	unsigned most = m->bounds.claims ? m->bounds.claims : CLAIMS_MAX;

	if (!m->settling)
		return most;
	return m->bounds.quota ? CLAIMS_SETTLING : most + 1;
}

/* What its replica remembers of a call when it sends it, and puts into it. */
static void send(struct model *m, struct state *s, struct replica *by, struct call *c)
{
	c->term = by->term;
	if (c->kind == PLAN_COMMIT + 1)
		by->claims[app_of(m, c->version)] = 0;
	if (c->kind == PLAN_DELETE + 1 && m->bounds.plant != PLANT_KEEP_OWN)
		by->own[c->slot] = false;
	if (c->kind != PLAN_CLAIM + 1)
		return;
	m->beyond = s->world.claims >= claims_max(m);
	c->nonce = by->claims[app_of(m, c->version)] = ++s->world.claims;
}

static void keep(const struct model *m, struct replica *of, unsigned app, uint32_t list)
{
	of->lists[app] = list;
	for (unsigned v = 0; v < m->bounds.versions; v++)
		if (app_of(m, v) == app)
			of->current[v] &= calls_write(list, v);
}

bool server_take(struct model *m, struct state *s, unsigned r, unsigned app)
{
	struct replica *of = &s->replicas[r];
	struct call c = *calls_first(of->lists[app]); /* a copy: the list may move */
	bool done;

	send(m, s, of, &c);
	done = execute(m, s, &c, of, of->current[c.version]);
	keep(m, of, app, done ? calls_rest(of->lists[app]) : 0);
	return done;
}

void server_send_late(struct model *m, struct state *s, unsigned r, unsigned app)
{
	struct replica *of = &s->replicas[r];
	struct call c = *calls_first(of->lists[app]);

	send(m, s, of, &c);
	of->late_current = of->current[c.version];
	of->late = calls_one(&c);
	keep(m, of, app, 0);
}

void server_change(struct model *m, struct state *s, unsigned r, unsigned app, bool unlocks)
{
	struct replica *of = &s->replicas[r];
	struct call c = *calls_first(of->lists[app]);
	int slot;

	send(m, s, of, &c);
	slot = make_job(m, &s->world.is, &c, unlocks ? JOB_STRAY : JOB_FORGED);
	if (slot < 0)
		return;
	if (m->bounds.plant == PLANT_UNCHECKED) {
		of->own[slot] = true;
		keep(m, of, app, calls_rest(of->lists[app]));
		return;
	}
	of->refused[app] = true;
	keep(m, of, app, 0);
	c = (struct call){.kind = PLAN_DELETE + 1,
		.version = c.version,
		.slot = (uint8_t)slot,
		.left_over = true};
	of->lists[app] = calls_one(&c);
}

void server_land(struct model *m, struct state *s, unsigned r)
{
	struct replica *of = &s->replicas[r];
	struct call c = *calls_first(of->late);
	bool current = of->late_current;

	of->late = 0;
	of->late_current = false;
	(void)execute(m, s, &c, NULL, current);
}
