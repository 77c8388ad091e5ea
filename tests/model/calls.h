/*
 * calls - the calls of a replica: the list that plan() makes from a view (calls.c), and the effect
 * of a call on the API server (server.c).
 */
#ifndef PROMOGATE_TESTS_MODEL_CALLS_H
#define PROMOGATE_TESTS_MODEL_CALLS_H

#include "model.h"

enum ends { ENDS_NOT, ENDS_OK, ENDS_FAILED, ENDS_MISSING };

/* An action of a plan, as far as the API server sees it. */
struct call {
	uint8_t kind; /* enum plan_kind + 1; 0: no call */
	uint8_t version;
	uint8_t slot; /* of the Job; PLAN_CREATE_JOB: with created 0 */
	uint8_t attempt; /* PLAN_COMMIT */
	uint8_t created[TASKS_MAX]; /* PLAN_COMMIT, for each task: + 1; 0: it is not opened */
	uint8_t ends[TASKS_MAX]; /* PLAN_RECORD, for each task: enum ends */
	uint8_t promotion; /* PLAN_RECORD: enum view_state */
	uint8_t warns; /* PLAN_CREATE_JOB: what the Job carries */
	uint8_t left_over; /* PLAN_DELETE: to clean up, not to abort */
	uint8_t term, nonce; /* PLAN_CLAIM, PLAN_CREATE_JOB, once it is sent */
	uint8_t other; /* PLAN_DEPRECATE, PLAN_SUPERSEDE: the newer version */
	uint8_t waiting, outcome; /* PLAN_ANNOTATE, PLAN_SUPERSEDE: + 1; 0: it stays */
};

/* Numbers of the texts that versions are annotated with: from 1 on. */
enum { TEXTS_MAX = 32 };

/*
 * The number of the list that plan() makes from r's view by this step; 0 is the empty list. prepare,
 * unless it is NULL, may change the view, and planned the plan.
 */
struct calls_hooks {
	void (*prepare)(void *ctx, struct view *view);
	void (*planned)(void *ctx, struct plan *plan);
};
uint32_t calls_plan(const struct model *m, const struct replica *r, const struct step *step,
	const struct calls_hooks *hooks, void *ctx);
/* The first call, NULL if it is empty, and the list without it. */
const struct call *calls_first(uint32_t list);
uint32_t calls_rest(uint32_t list);
/* The list of this call alone. */
uint32_t calls_one(const struct call *call);
/* Whether a call in it writes this version. */
bool calls_write(uint32_t list, unsigned version);
/* Forgets all lists: before another model. */
void calls_reset(void);

/* Executes the first call of r's list for an application. False: it was refused. */
bool server_take(struct model *m, struct state *s, unsigned r, unsigned app);
/* Sends it, to be carried out by server_land(). */
void server_send_late(struct model *m, struct state *s, unsigned r, unsigned app);
/* The first call is a create, and a webhook changes what it makes. */
void server_change(struct model *m, struct state *s, unsigned r, unsigned app, bool unlocks);
void server_land(struct model *m, struct state *s, unsigned r);
/* In say.c: in words. */
void server_say(const struct model *m, const struct call *call, char *to, size_t size);

#endif
