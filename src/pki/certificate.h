/*
 * certificate - makes and reads keys and certificates in PEM: ECDSA with P-256, by OpenSSL, which
 * draws their randomness. It opens, logs and asks nothing else: the time is an argument.
 *
 * What is read may come from anybody who can write the Secret or a webhook configuration: what
 * can't be used is left out, and never an error.
 */
#ifndef PROMOGATE_PKI_CERTIFICATE_H
#define PROMOGATE_PKI_CERTIFICATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "pki/renewal.h"

/* How the subject of each CA begins, also of one that certs/make made. */
#define CERTIFICATE_CA_NAME "promogate webhook CA "

/* A certificate and its key. Owns both; NULL: none. */
struct key_pair {
	char *cert, *key;
};

#define KEY_PAIR_INIT {.cert = NULL}

void key_pair_release(struct key_pair *p); /* overwrites the key; for CLEANUP() too */

/* CAs, the newest first. Owns the PEM, which is as OpenSSL writes it: equal CAs are equal text. */
struct authorities {
	char *pem[RENEWAL_CAS];
	struct validity validity[RENEWAL_CAS];
	size_t count;
};

void authorities_release(struct authorities *a);

/* ERR_INTERNAL: OpenSSL failed. */
int certificate_make_ca(const struct validity *v, struct key_pair *ret, struct err *err);
/*
 * Signed by the CA, whose end it does not outlive. names: DNS names and IP addresses; NULL ends
 * them. ERR_INVALID if the CA can't be read or its key is not the one of its certificate.
 */
int certificate_make_serving(const struct key_pair *ca, const struct validity *v,
	const char *const *names, struct key_pair *ret, struct err *err);

/* Adds those CAs of a bundle whose subject begins with CERTIFICATE_CA_NAME, as far as they fit. */
void certificate_add_authorities(const char *bundle, struct authorities *to);
/* Adds their PEM. */
void certificate_write_authorities(const struct authorities *a, struct buf *to);
/* Whether there is a certificate in it. */
bool certificate_in(const char *bundle);
bool certificate_has_key(const char *cert, const char *key);
/*
 * Whether TLS servers can use the pair for these names. *issuer: the one of the CAs that signed it,
 * or their count.
 */
bool certificate_serves(const struct key_pair *p, const char *const *names,
	const struct authorities *cas, struct validity *validity, size_t *issuer);

#endif
