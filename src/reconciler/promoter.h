/*
 * promoter - reconciles every application when one of its objects has changed: stores fill apps and
 * cache, a work queue holds the applications that are due, plan() decides for one at a time, and
 * execute() executes several plans at once.
 *
 * Nothing is reconciled before every list is complete; nothing is polled. On the client's thread
 * alone (controller/env.h), except promoter_ready().
 */
#ifndef PROMOGATE_RECONCILER_PROMOTER_H
#define PROMOGATE_RECONCILER_PROMOTER_H

#include "base/buf.h"
#include "base/mem.h"
#include "controller/env.h"
#include "job/definition.h"
#include "reconciler/snapshot.h"

struct promoter;

struct promoter_config {
	const struct env *env; /* borrowed */
	const char *keptn_namespace; /* borrowed */
	struct snapshot_config snapshot;
	unsigned max_running_jobs, max_running_jobs_per_namespace; /* 0: any number */
	const char *images[RUNTIME_COUNT]; /* borrowed; NULL: none */
	/* Asked before each reconciliation: a process that was stopped may have lost the Lease. */
	bool (*may_act)(void *ctx);
	void *may_act_ctx;
};

/* Starts the informers: on the client's thread, while the Lease is held. */
struct promoter *promoter_new(const struct promoter_config *config);
/*
 * Reconciles nothing any more. idle is called once, maybe at once, when all plans have been
 * executed. On the client's thread.
 */
typedef void promoter_idle_fn(void *ctx);
void promoter_stop(struct promoter *p, promoter_idle_fn *idle, void *ctx);
/* After api_free(). */
void promoter_free(struct promoter *p);

/* As cache_ready(), of all kinds. Any thread. */
int promoter_ready(const struct promoter *p, struct buf *reasons);

#endif
