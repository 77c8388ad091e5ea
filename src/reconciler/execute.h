/*
 * execute - executes a plan: its actions in order, as requests to the API server.
 *
 * Consecutive actions of one kind are in flight together, since they touch different objects;
 * before the next kind it waits for all of them. After a 404, a conflict, or a reply that is lost
 * or invalid, the rest is dropped, and the caller reconciles again (promotion/plan.h, rule 1). Only
 * an annotation that fails is no error, since nothing depends on it. The application awaits the
 * resourceVersions that its writes returned: it is not reconciled before the stores have them.
 *
 * On the client's thread alone.
 */
#ifndef PROMOGATE_RECONCILER_EXECUTE_H
#define PROMOGATE_RECONCILER_EXECUTE_H

#include "job/definition.h"
#include "job/spec.h"
#include "reconciler/cache.h"
#include "reconciler/reports.h"
#include "reconciler/snapshot.h"

/*
 * After this time a Job that was refused as invalid is retried even if its definition has not
 * changed: an admission policy may have refused it, and no watch shows when that is removed.
 */
enum { REFUSED_FOR_MS = 60 * 1000 };

struct app;

struct executor {
	const struct env *env;
	const struct cache *cache;
	struct reports *reports;
	const char *images[RUNTIME_COUNT];
};

enum execute_commit {
	EXECUTE_NOT_COMMITTED,
	EXECUTE_COMMITTED,
	EXECUTE_MAYBE_COMMITTED, /* the reply was lost */
};

enum execute_create {
	EXECUTE_NONE_FAILED,
	EXECUTE_REFUSED, /* by a quota, an admission policy or a missing right */
	EXECUTE_CREATE_FAILED, /* by a webhook that does not answer, say */
};

struct execute_result {
	const struct err *err; /* why actions failed, or the rest was dropped; NULL: none did */
	bool again; /* reconcile at once, since no watch will deliver what was learned */
	bool annotate_later; /* an annotation failed: reconcile in a while */
	bool wrote; /* an action succeeded */
	enum execute_commit commit;
	enum execute_create create;
};

/* Called once, maybe before execute() returns. */
typedef void execute_done_fn(void *ctx, struct app *app, const struct execute_result *result);

/* The caller keeps a reference to app until done; x must outlive it. */
void execute(const struct executor *x, struct app *app, struct snapshot *snapshot_take,
	struct plan *plan_take, execute_done_fn *done, void *ctx);

#endif
