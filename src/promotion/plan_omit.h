/*
 * plan_omit - rules that tests/model leaves out of plan(), one at a time, to show that it notices.
 * In the programs OMITTED() is false, and the compiler removes it.
 */
#ifndef PROMOGATE_PROMOTION_PLAN_OMIT_H
#define PROMOGATE_PROMOTION_PLAN_OMIT_H

#include <stdbool.h>

enum plan_omit {
	OMIT_NOTHING,
	OMIT_FENCE_UNDELIVERED, /* rule 4: a sibling that is not delivered needs no fence */
	OMIT_FENCE_MARK, /* rule 4: one that ended Failed or Warning needs no mark */
	OMIT_ACTIVE_BY_ITEMS, /* active is what promotionStatus says */
	OMIT_EXPIRE_LATER, /* rule 9, second half */
	OMIT_CLEAN_UP_FACTS, /* rule 10: delete Jobs that no visible commit names */
	OMIT_OWN, /* rule 6: a commit may name a Job that another term, or somebody else, created */
	OMIT_CLAIM, /* rule 14: uncommitted Jobs are deleted without a claim */
	OMIT_CLAIM_NONCE, /* rule 14: any claim of this term will do */
	OMIT_CLAIM_TERM, /* rule 14: a former leader does not yield to a later one */
	OMIT_ABORT_DELETES, /* rule 11: record "aborted" at once */
	OMIT_CARRIED, /* rule 8: what a failed task means is decided when the phase ends */
	OMIT_CARRIED_LOOK, /* rule 8: a Job that is not in the view carries nothing */
	OMIT_CARRIED_KEPT, /* rule 9: a failed Job gets its TTL before the phase ends */
	OMIT_ENROL, /* rule 15: what is added in the own view decides who takes part */
	OMIT_FORMER, /* rule 15: what is added no longer is not run again */
	OMIT_GIVE_BACK, /* rule 14: what was created before a refusal is kept */
	OMIT_QUEUE, /* rule 7: a Job with a queue is resumed as the others */
};

#ifdef PLAN_OMITTABLE
extern enum plan_omit plan_omitted;
#define OMITTED(rule) (plan_omitted == (rule))
#else
#define OMITTED(rule) false
#endif

#endif
