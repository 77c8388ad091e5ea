/*
 * certificate_keeper - keeps the webhook's certificates: it makes them, renews them, and repairs
 * what somebody deleted or changed. What to do next is decided in pki/renewal.h; here it is read
 * and written, one call at a time, and looked at again every ten seconds.
 *
 * On the client's thread alone (controller/env.h).
 */
#ifndef PROMOGATE_RECONCILER_CERTIFICATE_KEEPER_H
#define PROMOGATE_RECONCILER_CERTIFICATE_KEEPER_H

#include <stdbool.h>

#include "controller/env.h"
#include "pki/renewal.h"

struct certificate_keeper;

/* Everything is borrowed. */
struct certificate_config {
	const char *namespace, *secret;
	const char *const *names; /* of the certificate; NULL ends them */
	struct renewal_config lifetimes;
};

/* Starts at once. may_act is asked before each write, as in reconciler/promoter.h. */
struct certificate_keeper *certificate_keeper_new(const struct env *env,
	const struct certificate_config *config, bool (*may_act)(void *ctx), void *may_act_ctx);
/* After api_free(). */
void certificate_keeper_free(struct certificate_keeper *k);

#endif
