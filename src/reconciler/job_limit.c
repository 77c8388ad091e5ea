#include "reconciler/job_limit.h"

#include <stdlib.h>
#include <string.h>

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

static char *namespace_of(const char *key)
{
	return xstrndup(key, strcspn(key, "/"));
}

void job_limit_count(
	struct job_limit *l, struct job_limit_state *app, const char *key, unsigned open)
{
	CLEANUP(free_p) char *ns = namespace_of(key);

	app->used = open;
	limiter_use(l->limiter, key, ns, app->used);
}

void job_limit_take(struct job_limit *l, struct job_limit_state *app, const char *key,
	unsigned open, const struct plan *plan)
{
	CLEANUP(free_p) char *ns = namespace_of(key);
	const struct job_limit_state before = *app;

	app->waits = plan->wait.reason == PLAN_LIMIT_REACHED;
	app->used = open + plan->start.jobs;
	limiter_use(l->limiter, key, ns, app->used);
	if (app->waits)
		limiter_wait(l->limiter, key, ns, plan->wait.needed);
	else
		limiter_leave(l->limiter, key);
	/* A new waiter, or one that needs another number, may change the answer for others. */
	if (app->waits || before.waits || app->used < before.used)
		limiter_ready(l->limiter, l->due, l->ctx);
}

void job_limit_give_back(
	struct job_limit *l, struct job_limit_state *app, const char *key, unsigned open)
{
	job_limit_count(l, app, key, open);
	limiter_ready(l->limiter, l->due, l->ctx);
}

void job_limit_leave(struct job_limit *l, const char *key)
{
	CLEANUP(free_p) char *ns = namespace_of(key);

	limiter_use(l->limiter, key, ns, 0);
	limiter_leave(l->limiter, key);
	limiter_ready(l->limiter, l->due, l->ctx);
}
