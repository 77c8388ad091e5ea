/*
 * tls - the serving certificate, and how it is swapped.
 *
 * A pair is a certificate chain with its key, ready for GnuTLS, reference-counted and immutable: a
 * connection keeps the pair that was current when it was accepted, so a swap affects no connection.
 * The store has the current one. Any thread may call these, except tls_poll(): one thread.
 *
 * With a CA for clients, which belongs to the pair, the handshake of a client fails unless it has a
 * certificate of that CA: so only those who have one can send anything at all.
 */
#ifndef PROMOGATE_SERVER_TLS_H
#define PROMOGATE_SERVER_TLS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include <gnutls/gnutls.h>

#include "base/err.h"
#include "run/lock.h"

/* TLS 1.2 and 1.3, forward secrecy and AEAD only: Go, and so the API server, supports these. */
#define TLS_PRIORITIES                                                                             \
	"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-DHE-RSA:-CIPHER-ALL:+AES-128-GCM:"       \
	"+AES-256-GCM:+CHACHA20-POLY1305:-MAC-ALL:+AEAD"

struct tls_pair;

/* Identifies the files that were last read; every kind of swap changes it. */
struct tls_stamp {
	struct stat cert, key, client_ca;
};

struct tls_store {
	struct lock lock;
	struct tls_pair *current; /* guarded by lock; NULL until there is one */
	const char *cert_file, *key_file; /* borrowed; NULL: set by tls_set() */
	const char *client_ca_file; /* borrowed, PEM; NULL: clients need no certificate */
	/* only for the thread that polls */
	struct tls_stamp stamp;
	bool complained;
};

void tls_init(struct tls_store *store, const char *cert_file, const char *key_file,
	const char *client_ca_file);
void tls_release(struct tls_store *store);

/* Reads the files and makes them current. On an error the previous pair stays. */
int tls_load(struct tls_store *store, struct err *err);
/* The same from memory, with the file of the clients' CA. */
int tls_set(struct tls_store *store, const char *cert_pem, const char *key_pem, struct err *err);
/*
 * Loads the files if they changed. A pair that can't be used, such as a certificate whose key is
 * not yet there, is logged once and retried at the next call.
 */
void tls_poll(struct tls_store *store);

/* The current pair with a reference, for tls_pair_unref(); NULL if there is none. */
struct tls_pair *tls_current(struct tls_store *store);
void tls_pair_unref(struct tls_pair *pair);
/* Makes a server's session use the pair, which must outlive it. */
void tls_equip(gnutls_session_t session, const struct tls_pair *pair);
/*
 * Whether the leaf can be served at this time: 0; -1 without a pair, 1 once it has expired and
 * shortly before: a twentieth of its lifetime, at most a minute, in which its Service leaves out a
 * pod that is not ready.
 */
int tls_expired(struct tls_store *store, int64_t wall_ms);

#endif
