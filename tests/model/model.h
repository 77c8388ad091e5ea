/*
 * model - a small API server with everything that acts on it, for one application, and the real
 * plan() in each replica. A list of steps says what can happen next; explore.h takes each of them
 * from every state, walk.h a random one, settle.h those without a fault.
 *
 * The world is the truth: versions, Jobs, remaining acts. A replica has a view of it, which
 * separate steps bring up to date: all versions together (one watch delivers them in order), each
 * Job separately. It plans on its view, and executes the list with one call per step while views
 * and the world change. So it may stall anywhere, and plan again at any time instead of continuing,
 * as it does after a crash or a lost reply. All replicas always believe that they lead.
 *
 * Resource versions: a bit for each view and each list says whether a write carries the current
 * one; every write to the version clears it. A released Job counts as running: the Job controller
 * may be that fast.
 *
 * What policies say is a choice of each plan, so it differs between replicas, and from one plan to
 * the next. Only the Jobs keep it.
 *
 * Kueue resumes a Job that was released to it, and suspends it again, at any time.
 *
 * A neighbour, with the right to write Jobs, forges one, resumes one, gives one a TTL, or lets one
 * run (which needs more than to resume it: its parallelism). A create may be refused, or changed by
 * a mutating webhook: the reply shows it, and the executor deletes the Job. A call
 * may be carried out late: its replica goes on as after a lost reply. A replica may begin a new
 * term: it forgets everything, and lists anew.
 *
 * With several applications, a replica has a list for each, so their calls interleave. A quota then
 * refuses creates; whose turn it is to create is a choice of each plan, since it only delays.
 */
#ifndef PROMOGATE_TESTS_MODEL_H
#define PROMOGATE_TESTS_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "promotion/plan.h"
#include "promotion/plan_omit.h"

enum {
	VERSIONS_MAX = 3,
	TASKS_MAX = 2,
	ATTEMPTS_MAX = 3,
	CREATED_MAX = 3, /* Jobs of one task and attempt; one more in settle.h */
	SLOTS_MAX = VERSIONS_MAX * TASKS_MAX * ATTEMPTS_MAX * (CREATED_MAX + 1),
	REPLICAS_MAX = 3,
	LIST_MAX = 24,
	MODEL_NOW = 1000,
	MODEL_DEADLINE = 50,
	NO_JOB = 7, /* item.created of an item that never had a Job */
	CLAIMS_MAX = 3,
	CLAIMS_SETTLING = 100, /* settle.h: each refusal may need one */
	REFUSES = 1 << TASKS_MAX,
	ADDS = 2 << TASKS_MAX,
	ADDS_SINCE = 4 << TASKS_MAX, /* and it is known since when */
	MODEL_ADDED = 900, /* since when */
};

/* Acts of a person, the operator, a neighbour or the network, each a given number of times. */
enum act {
	ACT_RETRY,
	ACT_ABORT,
	ACT_DELETE_JOB,
	ACT_DELETE_VERSION,
	ACT_DEPRECATE,
	ACT_TOUCH, /* a write that changes only the resourceVersion and fields we don't read */
	ACT_FORGE, /* a Job that looks as if a former term had created it */
	ACT_RESUME, /* a Job before its release */
	ACT_UNLOCK, /* resumes a Job before its release, and raises its parallelism */
	ACT_REFUSE, /* the create that comes next */
	ACT_LATE, /* the call that comes next is carried out at any later time */
	ACT_TERM, /* a replica begins a new term */
	ACT_CHANGE, /* a mutating webhook changes what the create that comes next makes */
	ACT_EXPIRE, /* gives a Job a TTL before its release */
	ACTS
};
/* step.attempt of ACT_CHANGE. */
enum { CHANGE_OTHER, CHANGE_UNLOCKS, CHANGES };
extern const char *const act_names[ACTS];

/* Faults of the executor, the names or the cache that the model plants around plan(). */
enum plant {
	PLANT_NOTHING,
	PLANT_SAME_NAMES, /* rule 5: a Job's name has only version, task and attempt */
	PLANT_CACHE_IS_TRUE, /* rule 8: a Job that the cache lacks is recorded as missing */
	PLANT_BLIND_RECORDS, /* rule 1: records carry no resourceVersion */
	PLANT_TTL_AT_ONCE, /* rule 9: Jobs are created with their TTL */
	PLANT_RUN_AT_ONCE, /* rule 3: Jobs are created unsuspended */
	PLANT_BLIND_COMMIT, /* rule 6: the commit carries no resourceVersion */
	PLANT_ONE_LOCK, /* rule 3: Jobs are created with `suspend` alone */
	PLANT_KEEP_OWN, /* rule 6: a Job whose deletion was sent may still be committed */
	PLANT_TRUST_REPLY, /* rule 15: an enrolment is taken from the reply, not from the watch */
	PLANT_NO_TURNS, /* rule 2: applications of a namespace create their Jobs at once */
	PLANT_LOST_TURN, /* one that has its turn, or its places under the limit, is not woken */
	PLANT_NO_LIMIT, /* rule 2: there is always room */
	PLANT_UNCHECKED, /* rule 6: a Job that was changed on its creation counts as ours */
	PLANT_KEEP_TTL, /* rule 7: the release leaves a TTL that somebody else has set */
	PLANT_NO_RANK, /* versions of one second are ordered by their names */
	PLANT_BLIND_QUEUE, /* rule 7: a hand-over to Kueue carries no resourceVersion */
};

/* The rule that plan() leaves out, if it was compiled for that; otherwise unused. */
extern enum plan_omit plan_omitted;

struct bounds {
	const char *name;
	unsigned versions, tasks, attempts, created, replicas;
	unsigned acts[ACTS]; /* how often each may happen */
	unsigned acts_total; /* how often all of them together */
	bool apart; /* versions are also seen separately, in any order */
	bool late; /* the definitions may come late, or after the deadline */
	bool explain; /* versions are annotated with why they wait and what failed, at once */
	bool far; /* the limit varies; since and max_age as in settings */
	/*
	 * What policies say varies from one plan to the next: of this many tasks, whether they block
	 * (the others warn), and whether a version is refused.
	 */
	unsigned policies;
	/*
	 * A bit for each task that is not the version's own: policies may add it. Then it also varies
	 * whether they do.
	 */
	uint8_t added[VERSIONS_MAX];
	uint8_t queues; /* a bit for each task: its Jobs have a queue of Kueue */
	uint8_t early; /* a bit for each version: it was delivered before policies added tasks */
	unsigned claims; /* at most; 0: CLAIMS_MAX */
	bool second; /* all were created in one second: previousVersion says which is newer */
	/*
	 * Each version is the only one of its application, and all are of one namespace. So many Jobs
	 * of it may exist, and so many run; 0: any number. All versions are delivered.
	 */
	bool apps;
	unsigned quota, cap;
	enum plant plant;
	enum plan_omit omit;
	const char *hunted; /* "I3": look for this invariant only; NULL: any */
};

enum job_state {
	JOB_NONE, /* not created yet */
	JOB_SUSPENDED,
	JOB_RUNNING,
	JOB_OK,
	JOB_FAILED,
	JOB_OK_TTL,
	JOB_FAILED_TTL,
	JOB_GONE,
	JOB_GONE_RAN,
	JOB_EXPIRED, /* gone after its TTL, where that matters: with policies */
	JOB_QUEUED, /* released, and not resumed by Kueue yet */
	JOB_EVICTED, /* by Kueue, after it ran; it is queued again */
	JOB_STRAY, /* a neighbour lets it run, and no open item names it */
	JOB_STRAY_OK,
	/* A neighbour created it, as a former term could have; or a webhook has changed it. */
	JOB_FORGED,
	JOB_EXPIRING, /* suspended, and a neighbour has given it a TTL */
};

struct item {
	uint8_t state; /* enum view_state */
	uint8_t attempt, created;
};

struct version {
	bool exists, delivered, marked, enrolled;
	uint8_t promotion; /* enum view_state */
	uint8_t retry, abort;
	uint8_t claim_term, claim; /* the annotation; 0: none */
	uint8_t waiting, outcome; /* the annotations: calls.h, and of an attempt; 0: none */
	struct item items[TASKS_MAX];
};

/* The part of the world that a view copies. */
struct objects {
	struct version versions[VERSIONS_MAX];
	uint8_t jobs[SLOTS_MAX]; /* enum job_state */
	uint8_t terms[SLOTS_MAX]; /* of the creators of jobs; 0: a neighbour */
	bool warns[SLOTS_MAX]; /* what jobs carry, also once they are gone */
	bool defined; /* the definitions exist */
	bool apart; /* versions are also seen separately, in any order */
	bool late; /* the deadline has passed */
};

struct world {
	struct objects is;
	uint8_t left[ACTS], left_total;
	uint8_t terms, claims; /* the last of each */
};

struct replica {
	struct objects sees; /* deleted Jobs are JOB_NONE */
	bool fresh[VERSIONS_MAX]; /* the view has the current resourceVersion */
	bool current[VERSIONS_MAX]; /* a write of the list carries the current one */
	bool gone[SLOTS_MAX]; /* a live GET answered 404 */
	bool own[SLOTS_MAX]; /* it was created in this term, and the reply came */
	uint8_t term;
	/* Of each application: */
	uint8_t claims[VERSIONS_MAX]; /* the last one that it sent, if no commit since */
	bool refused[VERSIONS_MAX]; /* a create was, and the pause is not over */
	uint32_t lists[VERSIONS_MAX]; /* calls.h */
	uint32_t late; /* of one call, which is carried out late; 0: none */
	bool late_current; /* as current */
};

/* Each walk chooses these. */
struct settings {
	int64_t ended[VERSIONS_MAX], since, max_age;
};

struct state {
	struct world world;
	struct replica replicas[REPLICAS_MAX];
};

enum step_kind {
	STEP_SYNC, /* r's versions; one version if they are seen separately */
	STEP_SEE_JOB, /* r, slot */
	STEP_SEE_DEFINITIONS, /* r */
	STEP_PLAN, /* r */
	STEP_PAUSE_OVER, /* r */
	STEP_CALL, /* r: the first call of a list */
	STEP_LAND, /* r: its late call */
	STEP_DELIVER, /* version */
	STEP_JOB_OK, /* slot, and so on */
	STEP_JOB_FAILS,
	STEP_TTL,
	STEP_COLLECT,
	STEP_ADMIT,
	STEP_EVICT,
	STEP_DEFINE,
	STEP_DEADLINE,
	STEP_ACT, /* act, on version (attempt), slot or replica */
};

struct step {
	enum step_kind kind;
	enum act act;
	unsigned replica, version, slot, attempt;
	unsigned app; /* STEP_PLAN, STEP_PAUSE_OVER, STEP_CALL, ACT_REFUSE, ACT_LATE */
	unsigned room; /* STEP_PLAN: what the limit on running Jobs leaves */
	unsigned held; /* STEP_PLAN: others of the namespace go first */
	/* STEP_PLAN: a bit for each task that does not block, REFUSES, ADDS and ADDS_SINCE */
	unsigned policy;
};

struct model {
	struct bounds bounds;
	struct settings settings;
	const char *broken; /* the invariant that the last step broke, with text; NULL: none */
	bool beyond; /* the last step would have left the bounds, and was not taken */
	bool settling; /* settle.h: one Job more of each task and attempt may be created */
};

unsigned app_count(const struct model *m);
unsigned app_of(const struct model *m, unsigned version);
bool model_adds(const struct model *m);
/* Claims matter only where Jobs may be given back, and terms also where one may end. */
bool model_has_claims(const struct model *m);
bool model_has_terms(const struct model *m);

void model_init(struct model *m, const struct bounds *b);
void model_start(const struct model *m, struct state *s);

unsigned slot_of(
	const struct model *m, unsigned version, unsigned task, unsigned attempt, unsigned created);
struct slot_name {
	unsigned version, task, attempt, created;
};
struct slot_name slot_name(const struct model *m, unsigned slot);
unsigned slot_count(const struct model *m);
/* Notes a broken invariant, unless another one is hunted. */
void model_break(struct model *m, const char *broken);

/* Calls fn with each step that is possible. */
typedef void step_fn(void *ctx, const struct step *step);
void model_steps(const struct model *m, const struct state *s, step_fn *fn, void *ctx);
/* Takes a step; m->broken and m->beyond have the result. */
void model_take(struct model *m, struct state *s, const struct step *step);
/* STEP_PLAN; hooks: calls.h. */
struct calls_hooks;
void model_plan(const struct model *m, struct replica *r, const struct step *step,
	const struct calls_hooks *hooks, void *ctx);
/* Describes the step from s in one line, without a newline. */
void model_say(const struct model *m, const struct state *s, const struct step *step, char *to,
	size_t size);

/* In world.c: the steps of everything except the replicas. */
void world_steps(const struct model *m, const struct state *s, step_fn *fn, void *ctx);
void world_take(struct model *m, struct state *s, const struct step *step);
/* A version was written: all resourceVersions in views and lists are outdated. */
void world_wrote(const struct model *m, struct state *s, unsigned version);
uint8_t job_as_seen(uint8_t state);
bool job_exists(uint8_t state);
/* What is left of one that is deleted. */
uint8_t job_deleted(uint8_t state);
bool job_is_queued(uint8_t state);
bool has_queue(const struct model *m, unsigned slot);
/* The last attempt that was committed or given up; 0: none. */
unsigned last_attempt(const struct model *m, const struct version *v);

bool has_own_tasks(const struct model *m, unsigned version);
/* It has tasks of its own, is enrolled, or was committed. */
bool takes_part(const struct model *m, const struct objects *is, unsigned version);
/* Policies add tasks to it, and it has none of its own. */
bool may_enrol(const struct model *m, unsigned version);

bool act_is_on_job(enum act act);
bool act_is_on_replica(enum act act);

/* In invariants.c: the invariant that this world breaks; NULL: none. */
const char *world_broken(const struct model *m, const struct world *w);

#endif
