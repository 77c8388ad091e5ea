/*
 * planning - a plan being made: what the parts of plan() share.
 */
#ifndef PROMOGATE_PROMOTION_PLANNING_H
#define PROMOGATE_PROMOTION_PLANNING_H

#include "promotion/plan_list.h"

struct planning {
	const struct view *view;
	int64_t now;
	uint64_t random; /* for the next name */
	struct plan *to;
};

/* How a phase ends. */
struct plan_end {
	enum view_state state; /* Succeeded, Warning or Failed */
	struct view_decision decision; /* unless it succeeded: the first that led to this state */
};

/*
 * All items of v have ended, with the changes from first on: how its phase ends, by what its failed
 * Jobs carry. False if that is not known yet: these Jobs are then looked for (plan_end.c).
 */
bool plan_find_end(
	struct planning *p, const struct view_version *v, size_t first, struct plan_end *ret);
/* A RECORD of the changes from first on, which ends the phase. */
void plan_record_end(struct planning *p, const struct view_version *v, size_t first,
	enum plan_reason reason, const struct plan_end *end);
/* The same of v, of whose tasks none has run: it ends as if all had failed. */
void plan_give_up(
	struct planning *p, const struct view_version *v, size_t first, enum plan_reason reason);
/* Rule 8: asks the API server for the Job of an item, which is not in the view (plan_run.c). */
void plan_look(struct planning *p, const struct view_version *v, const struct view_item *item);
/*
 * Rule 15, before the head is planned (plan_enrol.c): enrols a newer version, or lets the head go.
 * Then the head is not planned. head may be NULL.
 */
bool plan_enrol(struct planning *p, const struct view_version *head);
/* For the newest version that waits or has started: rules 2 to 6 and 12 (plan_start.c). */
void plan_head(struct planning *p, const struct view_version *head);
/*
 * For the head, whose next attempt can't go on: gives its uncommitted Jobs back, rule 14
 * (plan_discard.c).
 */
void plan_discard(struct planning *p, const struct view_version *head, unsigned attempt);
/* Rule 14: a later leader has claimed it. */
bool plan_claimed_later(const struct planning *p, const struct view_version *v);
/* For a version that is committed or waits: rules 7, 8, 11 and 13 (plan_run.c). */
void plan_version(struct planning *p, const struct view_version *v);
/* For a version: what a person asks for in vain (plan_request.c). head may be NULL. */
void plan_requests(
	struct planning *p, const struct view_version *v, const struct view_version *head);
/* For a Job: rules 9 and 10 (plan_run.c). */
void plan_job(struct planning *p, const struct view_job *job);
/* Last, for all versions: what their annotations say (plan_explain.c). */
void plan_explain(struct planning *p);

#endif
