/*
 * promoter - sees to it that every application is judged whenever something of it has changed, and
 * that what is judged is done: informers fill apps and basis, a work queue holds the applications
 * that are due, plan() judges them one at a time, execute() carries the plans out, several at once.
 *
 * Nothing is judged before every list was taken whole; nothing is polled. On the client's thread
 * alone (client/api.h), but for promoter_ready().
 */
#ifndef PROMOGATE_RECONCILER_PROMOTER_H
#define PROMOGATE_RECONCILER_PROMOTER_H

#include "base/buf.h"
#include "base/mem.h"
#include "controller/env.h"
#include "job/function.h"
#include "reconciler/snapshot.h"

struct promoter;

struct promoter_config {
	const struct env *env; /* borrowed */
	const char *keptn_namespace; /* borrowed */
	struct snapshot_config snapshot;
	unsigned max_running_jobs, max_running_jobs_per_namespace; /* 0: any number */
	const char *images[RUNTIME_COUNT]; /* borrowed; NULL: none */
	/* Asked before each judgement: after this process was stopped, it may lead no longer. */
	bool (*may_act)(void *ctx);
	void *may_act_ctx;
};

/* Starts the informers: on the client's thread, with the lease in hand. */
struct promoter *promoter_new(const struct promoter_config *config);
/*
 * Judges nothing any more; plans under way are carried out, and then idle is called, once, maybe at
 * once. On the client's thread.
 */
typedef void promoter_idle_fn(void *ctx);
void promoter_stop(struct promoter *p, promoter_idle_fn *idle, void *ctx);
/* After api_free(). */
void promoter_free(struct promoter *p);
DEFINE_CLEANUP(struct promoter, promoter_free)

/*
 * 0 once every list was taken; else -1, with a line in reasons for each that was not. Any thread.
 */
int promoter_ready(const struct promoter *p, struct buf *reasons);

#endif
