/*
 * job_limit - the places that applications take under the limit on running Jobs
 * (promotion/limiter.h). They are taken when a plan starts tasks, so that two plans do not take the
 * same, returned when the plan fails before its commit, and freed as outcomes are recorded.
 *
 * On the client's thread alone.
 */
#ifndef PROMOGATE_RECONCILER_JOB_LIMIT_H
#define PROMOGATE_RECONCILER_JOB_LIMIT_H

#include "promotion/limiter.h"
#include "promotion/plan.h"

struct job_limit;

/* due: this application waited, and may start now. The limits: 0 for any number. */
struct job_limit *job_limit_new(
	unsigned total, unsigned per_namespace, limiter_visit_fn *due, void *ctx);
void job_limit_free(struct job_limit *l);
DEFINE_CLEANUP(struct job_limit, job_limit_free)

const struct limiter *job_limit_limiter(const struct job_limit *l);

/* In each, open is app_open_jobs(). At the start of a term: takes places for what runs. */
void job_limit_count(struct job_limit *l, const char *key, unsigned open);
/* Takes places for what runs and what this plan starts, or lets the application wait for them. */
void job_limit_take(struct job_limit *l, const char *key, unsigned open, const struct plan *plan);
/* The plan was dropped before its commit: other applications may go first. */
void job_limit_give_back(struct job_limit *l, const char *key, unsigned open);
/* The application does not exist any more. */
void job_limit_leave(struct job_limit *l, const char *key);

#endif
