#include "reconciler/job_limit.h"

#include <stdlib.h>
#include <string.h>

struct job_limit {
	struct limiter *room;
	limiter_visit_fn *due;
	void *ctx;
};

struct job_limit *job_limit_new(
	unsigned total, unsigned per_namespace, limiter_visit_fn *due, void *ctx)
{
	struct job_limit *c = xcalloc(1, sizeof(*c));

	*c = (struct job_limit){limiter_new(total, per_namespace), due, ctx};
	return c;
}

void job_limit_free(struct job_limit *c)
{
	if (!c)
		return;
	limiter_free(c->room);
	free(c);
}

const struct limiter *job_limit_limiter(const struct job_limit *c)
{
	return c->room;
}

static char *namespace_of(const char *key)
{
	return xstrndup(key, strcspn(key, "/"));
}

void job_limit_count(void *cap, struct app *app)
{
	CLEANUP(free_p) char *ns = namespace_of(app->key);
	const struct job_limit *c = cap;

	app->limiter_used = 0;
	for (size_t i = 0; i < app->versions.count; i++) {
		const struct appversion *v = app->versions.at[i];

		app->limiter_used += view_open_items(&v->view);
	}
	limiter_use(c->room, app->key, ns, app->limiter_used);
}

void job_limit_take(
	struct job_limit *c, struct app *app, const struct snapshot *s, const struct plan *plan)
{
	unsigned before = app->limiter_used;
	bool waited = app->waits_for_room;
	bool waits = plan->wait.reason == PLAN_LIMIT_REACHED;

	app->limiter_used = view_open_jobs(&s->view) + plan->start.jobs;
	app->waits_for_room = waits;
	limiter_use(c->room, app->key, s->namespace, app->limiter_used);
	if (waits)
		limiter_wait(c->room, app->key, s->namespace, plan->wait.needed);
	else
		limiter_leave(c->room, app->key);
	/*
	 * Who begins to wait, or waits for another number, may be answered otherwise than before.
	 */
	if (waits || waited || app->limiter_used < before)
		limiter_ready(c->room, c->due, c->ctx);
}

void job_limit_give_back(struct job_limit *c, struct app *app)
{
	job_limit_count(c, app);
	limiter_ready(c->room, c->due, c->ctx);
}

void job_limit_leave(struct job_limit *c, const char *key)
{
	CLEANUP(free_p) char *ns = namespace_of(key);

	limiter_use(c->room, key, ns, 0);
	limiter_leave(c->room, key);
	limiter_ready(c->room, c->due, c->ctx);
}
