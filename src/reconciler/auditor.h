/*
 * auditor - keeps the status of each PromotionPolicy true: what the stored KeptnAppContexts
 * violate, whether the policy is valid and contradicts another one, and since when each task that
 * it adds counts.
 *
 * A change of a policy, context, definition, namespace or of Keptn's configuration makes an audit
 * due, which looks at everything again (reconciler/audit_pass.h). It runs in slices of a few milliseconds, and rests
 * for many times as long as it took, so it is a small part of the thread at any rate of changes.
 * Where there is no policy, it does nothing.
 *
 * On the client's thread alone (controller/env.h).
 */
#ifndef PROMOGATE_RECONCILER_AUDITOR_H
#define PROMOGATE_RECONCILER_AUDITOR_H

#include "controller/env.h"
#include "reconciler/cache.h"

struct auditor;

struct auditor_config {
	const struct env *env; /* both are borrowed */
	const struct cache *cache;
	/* Asked before each slice and each write, as in reconciler/promoter.h. */
	bool (*may_act)(void *ctx);
	void *may_act_ctx;
};

struct auditor *auditor_new(const struct auditor_config *config);
/* After api_free(). */
void auditor_free(struct auditor *a);

/* Something has changed that the audit looks at. */
void auditor_due(struct auditor *a);
/* A policy has. If it adds a task, or adds it no longer, its status says so at once. */
void auditor_policies_changed(struct auditor *a);
/* The caches may be complete now. */
void auditor_progressed(struct auditor *a);
/* It begins nothing any more. */
void auditor_stop(struct auditor *a);

#endif
