/*
 * job_limit - the places that applications have under the cap on running Jobs (promotion/limiter.h): taken
 * when a plan is about to start tasks, so that two plans don't take the same, given back when it
 * fails for a reason of its own, such as a quota, and free again as outcomes are recorded.
 *
 * On the client's thread alone.
 */
#ifndef PROMOGATE_RECONCILER_JOB_LIMIT_H
#define PROMOGATE_RECONCILER_JOB_LIMIT_H

#include "promotion/limiter.h"
#include "promotion/plan.h"
#include "reconciler/apps.h"
#include "reconciler/snapshot.h"

struct job_limit;

/* due: this application waited, and may start now. The caps: 0 for any number. */
struct job_limit *job_limit_new(
	unsigned total, unsigned per_namespace, limiter_visit_fn *due, void *ctx);
void job_limit_free(struct job_limit *c);
DEFINE_CLEANUP(struct job_limit, job_limit_free)

const struct limiter *job_limit_limiter(const struct job_limit *c);

/* What runs, and nothing that is about to; an apps_visit_fn, for a term's start. */
void job_limit_count(void *cap, struct app *app);
/* What runs, and what this plan is about to start; or that it waits for room. */
void job_limit_take(
	struct job_limit *c, struct app *app, const struct snapshot *s, const struct plan *plan);
/* The plan was dropped: others may go first meanwhile. */
void job_limit_give_back(struct job_limit *c, struct app *app);
/* The application is no more. */
void job_limit_leave(struct job_limit *c, const char *key);

#endif
