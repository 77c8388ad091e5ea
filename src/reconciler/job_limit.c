#include "reconciler/job_limit.h"

#include <stdlib.h>

#include "kube/names.h"

struct job_limit {
	struct limiter *limiter;
	limiter_visit_fn *due;
	void *ctx;
};

struct job_limit *job_limit_new(
	unsigned total, unsigned per_namespace, limiter_visit_fn *due, void *ctx)
{
	struct job_limit *l = xcalloc(1, sizeof(*l));

	*l = (struct job_limit){limiter_new(total, per_namespace), due, ctx};
	return l;
}

void job_limit_free(struct job_limit *l)
{
	if (!l)
		return;
	limiter_free(l->limiter);
	free(l);
}

const struct limiter *job_limit_limiter(const struct job_limit *l)
{
	return l->limiter;
}

/*
 * True if it has more or fewer than before: others may start. They may if it has more, because a
 * waiter that the limit of its namespace holds up reserves nothing overall.
 */
static bool use(struct job_limit *l, const char *key, struct limiter_jobs jobs)
{
	CLEANUP(free_p) char *ns = name_namespace(key);

	return jobs.run + jobs.start != limiter_use(l->limiter, key, ns, jobs);
}

static void wake(struct job_limit *l)
{
	limiter_ready(l->limiter, l->due, l->ctx);
}

void job_limit_count(struct job_limit *l, const char *key, unsigned open)
{
	(void)use(l, key, (struct limiter_jobs){.run = open});
}

/*
 * True if it may start, or let others start: it waits from now on, needs another number, or leaves.
 * Otherwise only use() may have changed anything: no walk over all waiters for each of them.
 */
static bool update_queue(struct job_limit *l, const char *key, const struct plan_wait *wait)
{
	CLEANUP(free_p) char *ns = name_namespace(key);

	if (wait->reason != PLAN_LIMIT_REACHED)
		return limiter_leave(l->limiter, key);
	return limiter_wait(l->limiter, key, ns, wait->needed);
}

void job_limit_take(struct job_limit *l, const char *key, unsigned open, const struct plan *plan)
{
	bool changed = use(l, key, (struct limiter_jobs){open, plan->start.jobs});

	if (update_queue(l, key, &plan->wait) || changed)
		wake(l);
}

void job_limit_give_back(struct job_limit *l, const char *key, unsigned open)
{
	if (use(l, key, (struct limiter_jobs){.run = open}))
		wake(l);
}

void job_limit_leave(struct job_limit *l, const char *key)
{
	bool changed = use(l, key, (struct limiter_jobs){0, 0});

	if (limiter_leave(l->limiter, key) || changed)
		wake(l);
}
