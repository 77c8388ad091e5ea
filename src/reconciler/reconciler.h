/*
 * reconciler - leader election around the promoter: it is a standby until it holds the Lease,
 * promotes while it holds it, and is a standby again when it has lost it.
 *
 * A term has an API client of its own, an elector and, once the Lease is held and `since` is known
 * (reconciler/since.h), a promoter; it ends when the Lease is lost. So every list was made while
 * the Lease was held, and nothing of one term is left in the next.
 */
#ifndef PROMOGATE_RECONCILER_RECONCILER_H
#define PROMOGATE_RECONCILER_RECONCILER_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "client/credentials.h"
#include "kube/lease.h"
#include "reconciler/certificate_keeper.h"
#include "reconciler/promoter.h"

struct reconciler;

/* Everything is borrowed. */
struct reconciler_config {
	const struct credentials *credentials;
	const char *user_agent;
	struct lease_config lease;
	int64_t since; /* seconds since 1970; INT64_MIN: that of the ConfigMap */
	struct promoter_config promoter; /* except env and snapshot.since */
	bool keeps_certificates;
	struct certificate_config certificates; /* used only then */
};

struct reconciler *reconciler_new(const struct reconciler_config *config);
void reconciler_free(struct reconciler *r);
DEFINE_CLEANUP(struct reconciler, reconciler_free)

/*
 * One term. Returns 0 after a signal, with the Lease released; 1 if the Lease was lost, and a new
 * term may begin; -1 if the configuration is wrong. On the main thread.
 */
int reconciler_term(struct reconciler *r, struct err *err);

/*
 * 0 while it leads, every list is complete and every kind is heard of, or while another replica
 * holds the Lease; else -1, with a line in reasons for each thing that is missing. Any thread.
 */
int reconciler_ready(void *reconciler, struct buf *reasons);

#endif
