/*
 * defaults - what /mutate writes into a KeptnAppContext: the promotion tasks that a policy gives to
 * an application that names none, and, for people, what a failed task means. The reconciler resolves
 * the latter again when it creates a Job.
 *
 * A list that Promogate wrote stays its own: the annotation promogate.dev/defaulted-tasks says so,
 * with the name of the policy, and each later write that leaves list and annotation alone gets the
 * default of then. Only the stored annotation counts, so that nobody can claim it; a list that is
 * exactly today's default, with today's annotation, is what Promogate would write anyway, and may be
 * its own from an earlier call in the same request.
 */
#ifndef PROMOGATE_ADMISSION_DEFAULTS_H
#define PROMOGATE_ADMISSION_DEFAULTS_H

#include <stdbool.h>

#include "admission/applied.h"
#include "kube/patch.h"

/*
 * Adds to the patch what is not as it has to be; nothing if all is there. Returns false, and adds
 * nothing, where the annotations would become longer than the API server accepts.
 *
 * While the namespace's labels are not known, a list that a default wrote is left as it is.
 */
bool defaults_patch(
	const struct review *r, const struct known *k, const struct applied *a, struct patch *to);

/* Whether a policy gives this context its promotion tasks, and /mutate has not written them. */
bool defaults_missing(const struct review *r, const struct known *k, const struct applied *a);

#endif
