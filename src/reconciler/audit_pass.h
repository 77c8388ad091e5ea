/*
 * audit_pass - one look at all policies and all stored contexts, in steps, so that promotions do
 * not wait for it. It keeps the policies of its beginning; a context, definition or namespace is
 * seen as it is at its step. What changes meanwhile is due again (reconciler/auditor.h).
 *
 * On the client's thread alone (controller/env.h).
 */
#ifndef PROMOGATE_RECONCILER_AUDIT_PASS_H
#define PROMOGATE_RECONCILER_AUDIT_PASS_H

#include "policy/audit.h"
#include "policy/status.h"
#include "reconciler/cache.h"

struct audit_target {
	struct policy *policy; /* a reference; NULL: it is not valid */
	char *name, *version; /* resourceVersion */
	char *fault; /* of one that is not valid */
	char *conflict;
	struct audit audit;
	struct policy_findings findings; /* of all these */
};

struct audit_pass {
	const struct cache *cache;
	struct audit_target *targets; /* the valid ones first, in the order in which they speak */
	size_t ntargets, capacity;
	struct policies valid;
	char **contexts; /* "namespace/name", in byte order */
	size_t ncontexts, contexts_capacity;
	size_t compared, audited; /* of valid and contexts: these are done */
};

#define AUDIT_PASS_INIT {.ntargets = 0}

/* All policies, and all contexts that are stored. */
void audit_pass_begin(struct audit_pass *pass, const struct cache *cache);
/*
 * Only the policies whose status does not say, of exactly the tasks that they add, since when these
 * count; no contexts, and nothing to step through.
 */
void audit_pass_begin_added(struct audit_pass *pass, const struct cache *cache);
/* The next policy or context. About how many comparisons it took; 0: there is none. */
size_t audit_pass_step(struct audit_pass *pass);
void audit_pass_release(struct audit_pass *pass);

#endif
