/*
 * cache - what a promotion rests on besides its version and its Jobs: the task definitions, whole;
 * what applications and Keptn's configuration say of failures.
 *
 * On the client's thread alone (client/api.h), but for basis_ready().
 */
#ifndef PROMOGATE_RECONCILER_CACHE_H
#define PROMOGATE_RECONCILER_CACHE_H

#include "base/buf.h"
#include "base/limits.h"
#include "client/api.h"
#include "json/json.h"
#include "keptn/onfailure.h"

struct basis;

/* The task definitions of this namespace have changed; NULL: of any. */
typedef void basis_changed_fn(void *ctx, const char *ns);
/* basis_synced() may say something else than before. */
typedef void basis_progressed_fn(void *ctx);

/* Starts the informers. keptn_namespace is borrowed; api must outlive them. */
struct basis *basis_new(struct api *api, const char *keptn_namespace, basis_changed_fn *changed,
	basis_progressed_fn *progressed, void *ctx);
/* After api_free(). */
void basis_free(struct basis *b);
DEFINE_CLEANUP(struct basis, basis_free)

/*
 * The definition of a task and those that its functionRefs lead to, each from the application's
 * namespace or else from Keptn's.
 */
struct chain {
	struct json *definitions[LIMIT_FUNCTION_REF_DEPTH + 1];
	size_t count;
};

void chain_release(struct chain *c); /* for CLEANUP() too */

/*
 * ERR_NOT_FOUND if the task has no definition, ERR_INVALID if what there is can't run; the message
 * names it and the mend.
 */
int basis_chain(const struct basis *b, const char *ns, const char *task, struct chain *ret,
	struct err *err);

/* Another number after each change of a definition. */
unsigned basis_round(const struct basis *b);

/* What a failed task of this application means. */
struct on_failure_decision basis_on_failure(
	const struct basis *b, const char *ns, const char *application);

bool basis_synced(const struct basis *b);
/*
 * 0 once every list was taken; else -1, with a line in reasons for each that was not. Any thread.
 */
int basis_ready(const struct basis *b, struct buf *reasons);

#endif
