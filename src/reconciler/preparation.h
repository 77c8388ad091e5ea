/*
 * preparation - who may create the Jobs of an attempt, and when: applications of one namespace take
 * turns once a create has failed there (promotion/pacer.h), and one whose Job the API server has
 * refused, because of a quota or an admission policy, pauses, longer each time until it commits.
 * So does one whose Jobs somebody else takes away, or changes, again and again before the commit.
 *
 * On the client's thread alone.
 */
#ifndef PROMOGATE_RECONCILER_PREPARATION_H
#define PROMOGATE_RECONCILER_PREPARATION_H

#include <stdbool.h>
#include <stdint.h>

#include "kube/backoff.h"
#include "promotion/pacer.h"
#include "promotion/plan.h"

struct execute_result;
struct preparation;

/* Of an application. Only preparation writes it. */
struct preparation_state {
	char *version; /* the last one that began to prepare, until it commits; or NULL */
	struct backoff backoff;
	bool refused; /* so it pauses for a refusal */
	struct backoff repeats; /* of plans that create Jobs though an earlier one had */
	bool created; /* Jobs of this version were created */
	bool again; /* and so they are by the plan that is executed, once more */
	int64_t until_ms; /* the end of the pause; 0: none */
};

void preparation_state_release(struct preparation_state *s);

/* due: this application waited for its turn, and has it now. */
struct preparation *preparation_new(pacer_visit_fn *due, void *ctx);
void preparation_free(struct preparation *p);

/* Before a plan is made. Returns when the pause ends; 0: there is none, or it has ended. */
int64_t preparation_pause(struct preparation_state *s, int64_t now_ms);
/* Something has changed that may have been the cause. True if this ends a pause. */
bool preparation_resume(struct preparation_state *s);
/* Its Jobs were refused, and the pause is not over. */
bool preparation_pauses(const struct preparation_state *s, const char *version);

/* For view.held. */
bool preparation_is_held(const struct preparation *p, const char *key);
/*
 * Takes its turn, waits for it, or leaves it to others. Where its Jobs vanish, it removes from the
 * plan what must wait for the end of the pause.
 */
void preparation_planned(
	struct preparation *p, struct preparation_state *s, const char *key, struct plan *plan);
/* The plan was executed. */
void preparation_ended(struct preparation *p, struct preparation_state *s, const char *key,
	const struct execute_result *result, int64_t now_ms, uint32_t random);
/* The application does not exist any more. */
void preparation_leave(struct preparation *p, const char *key);

#endif
