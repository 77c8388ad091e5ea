#include "reconciler/reconciler.h"

#include <stdlib.h>
#include <string.h>

#include "controller/elector.h"
#include "reconciler/since.h"
#include "run/lock.h"
#include "run/log.h"
#include "run/signal.h"

enum {
	/* How long after a signal the running plans and the release of the Lease may take. */
	LEAVE_MS = 5000,
	/*
	 * Requests at once: many versions are written as fast as the API server accepts. A single
	 * namespace gets 16 of them.
	 */
	CALLS = 24,
};

struct reconciler {
	struct reconciler_config config;

	/* Of this term. What the callbacks of the client use is freed after the client. */
	struct api *api;
	struct env env;
	struct elector *elector;
	struct since *since;
	struct certificate_keeper *certificates;
	bool leaving; /* on the client's thread */

	struct lock lock; /* protects the next two, and freeing them */
	struct promoter *promoter;
	bool over; /* lost, failed or released: the main thread must end the term */

	struct err why; /* on the client's thread until it is over; NONE: released */
};

static void end_term(struct reconciler *r, const struct err *why)
{
	LOCK_SCOPE(&r->lock);

	if (r->over)
		return;
	if (why)
		r->why = *why;
	r->over = true;
	signal_wake();
}

/* --- leading, on the client's thread ---------------------------------------------------------- */

static bool may_act(void *ctx)
{
	const struct reconciler *r = ctx;

	return elector_leading(r->elector);
}

static void promote(struct reconciler *r, int64_t since)
{
	struct promoter_config config = r->config.promoter;
	struct promoter *p;

	if (r->leaving)
		return;
	config.env = &r->env;
	config.may_act = may_act;
	config.may_act_ctx = r;
	config.snapshot.since = since;
	config.snapshot.term = elector_term(r->elector);
	p = promoter_new(&config);
	lock_lock(&r->lock);
	r->promoter = p;
	lock_unlock(&r->lock);
}

static void past_known(void *ctx, int64_t since_s, const struct err *err)
{
	if (err)
		end_term(ctx, err);
	else
		promote(ctx, since_s);
}

static bool may_write(void *ctx)
{
	const struct reconciler *r = ctx;

	return !r->leaving && elector_leading(r->elector);
}

static void leading(void *ctx)
{
	struct reconciler *r = ctx;

	if (r->config.keeps_certificates)
		r->certificates =
			certificate_keeper_new(&r->env, &r->config.certificates, may_write, r);
	if (r->config.since != INT64_MIN)
		promote(r, r->config.since);
	else
		r->since = since_new(
			&r->env, r->config.lease.namespace, r->config.lease.name, past_known, r);
}

static void lost(void *ctx, const struct err *why)
{
	end_term(ctx, why);
}

/* --- leaving, on the client's thread ---------------------------------------------------------- */

static void released(void *ctx)
{
	end_term(ctx, NULL);
}

static void idle(void *ctx)
{
	struct reconciler *r = ctx;

	elector_step_down(r->elector, released, r);
}

static void leave(void *ctx, const struct api_response *response, const struct err *err)
{
	struct reconciler *r = ctx;

	(void)response;
	if (err)
		return;
	r->leaving = true;
	if (r->promoter)
		promoter_stop(r->promoter, idle, r);
	else
		idle(r);
}

/* --- a term, on the main thread --------------------------------------------------------------- */

static int begin(struct reconciler *r, struct err *err)
{
	const struct api_options options = {.user_agent = r->config.user_agent, .calls = CALLS};
	const struct elector_config elector = {.env = &r->env,
		.lease = r->config.lease,
		.leading = leading,
		.lost = lost,
		.ctx = r};

	r->over = r->leaving = false;
	r->why = (struct err)ERR_INIT;
	if (api_new(r->config.credentials, &options, &r->api, err) < 0)
		return -1;
	r->env = env_of(r->api);
	lock_lock(&r->lock);
	r->elector = elector_new(&elector);
	lock_unlock(&r->lock);
	return 0;
}

static void end(struct reconciler *r)
{
	struct promoter *promoter;
	struct elector *elector;

	api_free(r->api);
	r->api = NULL;
	lock_lock(&r->lock);
	promoter = r->promoter;
	elector = r->elector;
	r->promoter = NULL;
	r->elector = NULL;
	lock_unlock(&r->lock);
	promoter_free(promoter);
	elector_free(elector);
	since_free(r->since);
	r->since = NULL;
	certificate_keeper_free(r->certificates);
	r->certificates = NULL;
}

static bool is_over(struct reconciler *r)
{
	LOCK_SCOPE(&r->lock);

	return r->over;
}

int reconciler_term(struct reconciler *r, struct err *err)
{
	int signal = SIGNAL_WOKEN;

	if (begin(r, err) < 0)
		return -1;
	while (!is_over(r) && signal == SIGNAL_WOKEN)
		signal = signal_wait(-1);
	if (!is_over(r)) {
		log_event(LOG_INFO, "leaving", LOG_STR("signal", strsignal(signal)), // NOLINT
			LOG_END);
		(void)env_timer(&r->env, 0, leave, r);
		while (!is_over(r) && signal_wait(LEAVE_MS) == SIGNAL_WOKEN)
			;
	}
	end(r);
	if (signal != SIGNAL_WOKEN)
		return 0;
	if (r->why.kind != ERR_INVALID)
		return 1;
	*err = r->why;
	return -1;
}

struct reconciler *reconciler_new(const struct reconciler_config *config)
{
	struct reconciler *r = xcalloc(1, sizeof(*r));

	r->config = *config;
	lock_init(&r->lock);
	return r;
}

void reconciler_free(struct reconciler *r)
{
	if (!r)
		return;
	lock_destroy(&r->lock);
	free(r);
}

int reconciler_ready(void *reconciler, struct buf *reasons)
{
	struct reconciler *r = reconciler;
	LOCK_SCOPE(&r->lock);

	if (r->promoter)
		return promoter_ready(r->promoter, reasons);
	if (r->elector && elector_reached(r->elector))
		return 0;
	(void)buf_add(reasons, "lease: not read yet\n");
	return -1;
}
