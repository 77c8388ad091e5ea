/*
 * url - the paths of the Kubernetes API, with every part escaped. Pure: it writes into the caller's
 * buf and keeps nothing.
 */
#ifndef PROMOGATE_KUBE_URL_H
#define PROMOGATE_KUBE_URL_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

/* The parts of a path. One that is NULL or "" is left out. */
struct url {
	const char *group; /* none: the core group, /api instead of /apis */
	const char *version;
	const char *namespace; /* none: cluster-scoped, or all namespaces */
	const char *resource; /* the plural, "jobs" */
	const char *name; /* none: the collection */
	const char *subresource; /* "status" */
};

/*
 * Adds the path. ERR_INVALID for a part that the API server does not accept as a path segment (".",
 * "..", or a '/' or '%' in it: k8s.io/apimachinery, api/validation/path), for a missing version or
 * resource, and for a subresource without a name.
 */
int url_add(struct buf *to, const struct url *u, struct err *err);

/*
 * The length of what a path has in common with all objects of its kind in its namespace: up to the
 * resource, without a name, a subresource and a query. All but the query of a path that is not of
 * the API.
 */
size_t url_collection_len(const char *path);

/* Adds "?key=value", or "&key=value" after the first; the value is escaped, the key is not. */
void url_add_query(struct buf *to, const char *key, const char *value);
void url_add_query_int(struct buf *to, const char *key, long long value);

#endif
