/*
 * reconciler - takes turns with its replicas: stands by until it holds the Lease, promotes while it
 * holds it, and stands by again when it has lost it.
 *
 * A term is everything from one start to one loss: an API client of its own, an elector and, once
 * the Lease is held and the past is known (reconciler/since.h), a promoter. So every list that is
 * judged was taken with the lease in hand, and nothing of one term is left in the next.
 */
#ifndef PROMOGATE_RECONCILER_RECONCILER_H
#define PROMOGATE_RECONCILER_RECONCILER_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "client/api.h"
#include "client/credentials.h"
#include "kube/lease.h"
#include "reconciler/promoter.h"

struct reconciler;

/* Everything is borrowed. */
struct reconciler_config {
	const struct credentials *credentials;
	const char *user_agent;
	struct lease_config lease;
	int64_t since; /* seconds since 1970; INT64_MIN: what the ConfigMap says */
	struct promoter_config promoter; /* api and sight.since are filled in */
};

struct reconciler *reconciler_new(const struct reconciler_config *config);
void reconciler_free(struct reconciler *r);
DEFINE_CLEANUP(struct reconciler, reconciler_free)

/*
 * One term. Returns 0 after a signal that asked for the end, the Lease released; 1 where the Lease
 * was lost: a next term may begin; -1 where the configuration is wrong. On the main thread.
 */
int reconciler_term(struct reconciler *r, struct err *err);

/*
 * 0 while it leads and every list was taken, or while another holds the Lease; else -1, with a line
 * in reasons for each thing that is missing. Any thread.
 */
int reconciler_ready(void *reconciler, struct buf *reasons);

#endif
