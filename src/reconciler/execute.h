/*
 * execute - carries out a plan: its actions in order, as calls to the API server.
 *
 * Neighbours of one kind are in flight together (they touch different objects); between kinds it
 * waits for all. After a 404, a conflict, or a reply that is lost or not understood the rest is
 * dropped, and whoever called judges again (promotion/plan.h, rule 1). What an own write returned
 * is noted in the application as awaited: it is not judged again before the watches have brought
 * it.
 *
 * On the client's thread alone.
 */
#ifndef PROMOGATE_RECONCILER_EXECUTE_H
#define PROMOGATE_RECONCILER_EXECUTE_H

#include "job/function.h"
#include "job/spec.h"
#include "reconciler/apps.h"
#include "reconciler/cache.h"
#include "reconciler/reports.h"
#include "reconciler/snapshot.h"

/*
 * How long a Job that was refused as invalid is not tried again, unless its definition changes:
 * what refused it may be an admission policy, and nobody tells when that is lifted.
 */
enum { REFUSED_FOR_MS = 60 * 1000 };

struct executor {
	const struct env *env;
	const struct cache *cache;
	struct reports *reports;
	const char *images[RUNTIME_COUNT];
};

/*
 * Called once, and maybe before execute() returns. err: what made it drop the rest; NULL if nothing
 * did. again: something was learnt that no watch will bring, so judge at once.
 */
typedef void execute_done_fn(void *ctx, struct app *app, bool again, const struct err *err);

/* app is held by the caller until done; x must outlive it. */
void execute(const struct executor *x, struct app *app, struct snapshot *snapshot_take,
	struct plan *plan_take, execute_done_fn *done, void *ctx);

#endif
