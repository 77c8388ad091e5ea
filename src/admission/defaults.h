/*
 * defaults - what /mutate writes into a KeptnAppContext: only Promogate's own keys, and only where
 * they change, so that it is idempotent.
 */
#ifndef PROMOGATE_ADMISSION_DEFAULTS_H
#define PROMOGATE_ADMISSION_DEFAULTS_H

#include "admission/lookup.h"
#include "keptn/appcontext.h"
#include "kube/patch.h"

/*
 * promogate.dev/resolved-on-failure: the blocking policy as of this write, for people to see.
 * Metadata or annotations of a wrong type are left to /validate. False, and no patch: with it, the
 * annotations would be more than the API server accepts.
 */
bool defaults_patch(const struct json *object, const struct known *k, struct patch *to);

#endif
