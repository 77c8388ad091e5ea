/*
 * renewal - decides the next step in keeping the webhook's certificates: a CA, a serving
 * certificate that it signs, both in one Secret, and the caBundle of the webhook configurations.
 * Pure: it sees times only, no keys.
 *
 * The first CA of the Secret signs; the others are still trusted. A CA signs nothing before both
 * configurations trust it, and is trusted until everything that it signed has expired. So each
 * state can be seen from what is stored, and a new leader continues where the last one stopped.
 *
 *	RENEWAL_CA       store a new CA before the others; the serving certificate stays, or is
 *	                 made with it where no configuration trusts anything yet
 *	RENEWAL_TRUST    write the stored CAs to the configurations that have others
 *	RENEWAL_SERVING  store a new serving certificate of the first CA
 *	RENEWAL_FORGET   store the first `keep` CAs only
 */
#ifndef PROMOGATE_PKI_RENEWAL_H
#define PROMOGATE_PKI_RENEWAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* CAs in a caBundle. Each needs a renewal or a deletion of the Secret within one lifetime. */
enum { RENEWAL_CAS = 4 };

/* Seconds since 1970: from <= now < until. */
struct validity {
	int64_t from_s, until_s;
};

struct renewal_config {
	int64_t serving_ms, ca_ms; /* lifetimes */
};

/* The Secret. What is missing or can't be used is 0. */
struct renewal_stored {
	struct validity cas[RENEWAL_CAS]; /* the newest first */
	size_t ca_count;
	bool has_ca_key; /* of the first CA */
	bool has_serving; /* with its key, and for the names that are asked for */
	size_t issuer; /* the CA that signed it; ca_count: none of them */
	struct validity serving;
};

/* The configurations, all of them as one; those that don't exist are left out. */
struct renewal_trust {
	bool trusts_any; /* some caBundle has a certificate */
	bool complete; /* each caBundle has the stored CAs, and nothing else */
	int64_t complete_ms; /* for how long this leader has seen it so */
};

enum renewal_step {
	RENEWAL_WAIT,
	RENEWAL_CA,
	RENEWAL_TRUST,
	RENEWAL_SERVING,
	RENEWAL_FORGET,
};

struct renewal {
	enum renewal_step step;
	size_t keep; /* CAs of those that are stored, after RENEWAL_CA and RENEWAL_FORGET */
	bool with_serving; /* RENEWAL_CA: the serving certificate too */
	int64_t wait_ms; /* RENEWAL_WAIT: look again after this */
};

struct renewal renewal_decide(const struct renewal_config *config,
	const struct renewal_stored *stored, const struct renewal_trust *trust, int64_t now_ms);

/* What a certificate that is made now gets: it begins a little earlier, for clocks that are slow. */
struct validity renewal_validity(int64_t lifetime_ms, int64_t now_ms);

#endif
