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

struct cap;

/* due: this application waited, and may start now. The caps: 0 for any number. */
struct cap *cap_new(unsigned total, unsigned per_namespace, limiter_visit_fn *due, void *ctx);
void cap_free(struct cap *c);
DEFINE_CLEANUP(struct cap, cap_free)

const struct limiter *cap_room(const struct cap *c);

/* What runs, and nothing that is about to; an apps_visit_fn, for a term's start. */
void cap_count(void *cap, struct app *app);
/* What runs, and what this plan is about to start; or that it waits for room. */
void cap_take(struct cap *c, struct app *app, const struct sight *s, const struct plan *plan);
/* The plan was dropped: others may go first meanwhile. */
void cap_give_back(struct cap *c, struct app *app);
/* The application is no more. */
void cap_leave(struct cap *c, const char *key);

#endif
