/*
 * context - what one context of a kubeconfig means: its cluster, user and namespace as credentials.
 * No state.
 */
#ifndef PROMOGATE_CLIENT_CONTEXT_H
#define PROMOGATE_CLIENT_CONTEXT_H

#include "base/err.h"
#include "client/credentials.h"
#include "client/kubeconfig.h"

/* Fills c, which the caller releases after an error, too. */
int context_read(
	const struct kubeconfig *k, const char *name, struct credentials *c, struct err *err);

#endif
