/*
 * app_policy - what the policies say of one application, while its snapshot is made. Borrows from
 * the cache.
 */
#ifndef PROMOGATE_RECONCILER_APP_POLICY_H
#define PROMOGATE_RECONCILER_APP_POLICY_H

#include "policy/decide.h"
#include "promotion/view.h"
#include "reconciler/cache.h"

struct app_policy {
	const struct cache *cache;
	struct subject subject;
	struct policy_match match;
	bool known; /* which policies match */
};

void app_policy_init(
	struct app_policy *p, const struct cache *cache, const char *ns, const char *app);
void app_policy_release(struct app_policy *p); /* for CLEANUP() too */

/*
 * The namespace that a task is resolved for: the application's, or, for a Shared task, Keptn's, so
 * that nothing shadows it.
 */
const char *app_policy_namespace(const struct app_policy *p, const char *task);
/* What a failed task means; appends who decided it. */
enum on_failure app_policy_on_failure(
	const struct app_policy *p, const char *task, struct buf *decided_by);
/*
 * Which policies forbid that a version with these tasks starts, and what to change. For free();
 * NULL: none does.
 */
char *app_policy_refusal(const struct app_policy *p, const struct view_task *tasks, size_t ntasks);

#endif
