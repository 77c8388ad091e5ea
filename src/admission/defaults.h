/*
 * defaults - what /mutate writes into a KeptnAppContext: only keys that belong to Promogate, and
 * only where they change, so that writing twice is writing once.
 */
#ifndef PROMOGATE_ADMISSION_DEFAULTS_H
#define PROMOGATE_ADMISSION_DEFAULTS_H

#include "admission/lookup.h"
#include "keptn/appcontext.h"
#include "kube/patch.h"

/*
 * promogate.dev/resolved-on-failure: the blocking policy as of this write, for people to see. An
 * object whose metadata or annotations are of a wrong type is left to the validation.
 */
void defaults_patch(const struct json *object, const struct known *k, struct patch *to);

#endif
