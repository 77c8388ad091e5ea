/*
 * lookup - what is known besides the request, and what must be confirmed before it denies.
 *
 * The informer's cache lags: `kubectl apply -f` may create a definition and its context
 * milliseconds apart. So a cache miss is never trusted to deny a request: the names go to a list of
 * needs, the caller looks them up live, and judges again with the answers as `confirmed`. The same
 * goes for a hit in a cache that the API server has not updated for long.
 *
 * Some needs decide whether the request is allowed. The others only word its findings: they are
 * optional, and a request is never refused because their look-ups failed.
 */
#ifndef PROMOGATE_ADMISSION_LOOKUP_H
#define PROMOGATE_ADMISSION_LOOKUP_H

#include "admission/definitions.h"
#include "keptn/onfailure.h"
#include "keptn/resolve.h"
#include "policy/policies.h"

/* A Namespace, as the API server has just reported it. Owns its labels. */
struct namespace_state {
	bool terminating;
	struct labels *labels;
};

void namespace_state_free(void *state); /* a strmap_free_fn */

typedef bool known_visit_fn(void *ctx, const struct subject *s);

/* What the cache has besides definitions. Functions, as the cache is not one of the pure rooms. */
struct surroundings {
	const struct policies *policies;
	/* NULL: the namespace is not known. */
	const struct labels *(*labels)(const void *ctx, const char *ns);
	/* Each KeptnAppContext of a namespace, or of all (NULL), in byte order; false ends it. */
	void (*contexts)(const void *ctx, const char *ns, known_visit_fn *visit, void *visit_ctx);
	const void *ctx;
};

/* Borrowed. */
struct known {
	const char *keptn_namespace;
	const struct definitions *cached;
	bool unheard; /* the cache may be outdated: what it has is not trusted either */
	const struct definitions *confirmed; /* live answers; never NULL */
	/* Live answers, too: names to struct namespace_state, "namespace/name" to struct subject. */
	const struct strmap *confirmed_namespaces, *confirmed_contexts; /* NULL inside: absent */
	const struct surroundings *around; /* NULL: there are no policies, and no contexts */
	const struct strmap *lenient_managers, *lenient_users;
	enum block_deployment block_deployment;
	size_t max_promotion_tasks; /* 0: no limit */
	bool ask_wording; /* list optional needs too */
};

/* Of what is confirmed, else of the cache. NULL: the namespace is not known, or does not exist. */
const struct labels *lookup_labels(const struct known *k, const char *ns);
/* Looks into what is confirmed, then into the cache. Borrows k and app_ns. */
struct resolver lookup_resolver(const struct known *k, const char *app_ns);

/*
 * What must be confirmed: "namespace/name" is a definition, "namespace" a Namespace, and
 * "namespace/keptnappcontexts/name" a context. At most LIMIT_LOOKUPS_PER_ROUND at a time, and at
 * most LIMIT_WORDING_LOOKUPS optional ones.
 */
struct needs {
	struct strmap names; /* the value: NULL if it is optional */
	size_t optional;
};

#define NEEDS_INIT {.names = STRMAP_INIT(NULL)}

void needs_release(struct needs *n); /* for CLEANUP() too */

/* Adds what r depends on and is not confirmed. What decides must be added before what does not. */
void needs_add(struct needs *n, const struct resolution *r, bool decides);
void needs_add_namespace(struct needs *n, const char *ns, bool decides);
void needs_add_context(struct needs *n, const char *ns, const char *name, bool decides);
void needs_add_all(struct needs *n, const struct needs *other, bool decides);
/* Whether it takes no more needs of this kind. */
bool needs_full(const struct needs *n, bool decides);
/* Whether the verdict depends on this name. */
bool needs_decide(const struct needs *n, const char *key);
/* Whether it depends on one of these. */
bool needs_decide_any(const struct needs *n, const struct strmap *keys);

#endif
