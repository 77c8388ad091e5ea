/*
 * discovery - asks the API server whether it serves a kind of a CRD (Kubernetes: "API discovery").
 *
 * A 404 is never the answer, since a proxy gives it too: the group must be missing from the
 * APIGroupList of /apis, or the kind from the APIResourceList of its group and version.
 */
#ifndef PROMOGATE_CONTROLLER_DISCOVERY_H
#define PROMOGATE_CONTROLLER_DISCOVERY_H

#include "base/err.h"
#include "controller/env.h"
#include "kube/url.h"

enum discovery { DISCOVERY_FAILED, DISCOVERY_ABSENT, DISCOVERY_SERVED };

/* With DISCOVERY_FAILED: err, for which api_cancelled() may be true. */
typedef void discovery_fn(void *ctx, enum discovery found, const struct err *err);

/* fn is called exactly once, later, on the client's thread. Borrows env and kind until then. */
void discovery_ask(const struct env *env, const struct url *kind, discovery_fn *fn, void *ctx);

#endif
