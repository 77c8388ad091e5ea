/*
 * shadow - a KeptnTaskDefinition that would hide what a policy takes from the Keptn namespace.
 */
#ifndef PROMOGATE_ADMISSION_SHADOW_H
#define PROMOGATE_ADMISSION_SHADOW_H

#include "admission/findings.h"
#include "admission/lookup.h"

/*
 * Reports each policy that takes the task of this name for an application of the namespace; its own
 * actions say what that means (admission/policing.h).
 */
void shadow(const struct known *k, const char *ns, const char *name, struct findings *to);

#endif
