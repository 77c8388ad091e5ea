/*
 * tls_io - how a TLS connection reads and writes, with as few system calls as possible.
 *
 * GnuTLS reads a record in two steps, its 5 bytes of header and the rest, and Go writes a request
 * in records of one TCP segment each: a review of 8 KiB costs a dozen reads. Here one read takes
 * all that the socket has. libmicrohttpd writes headers and body one after the other: two records,
 * two writes. Here both are held back until the response is complete, and sent as one. GnuTLS writes
 * a ServerHello, and then the rest of that flight: here the former waits for the latter.
 *
 * Belongs to the thread that serves the connection.
 */
#ifndef PROMOGATE_SERVER_TLS_IO_H
#define PROMOGATE_SERVER_TLS_IO_H

#include <stdbool.h>
#include <stddef.h>

#include <gnutls/gnutls.h>

#include "server/tls.h"
#include "server/worker.h"

struct tls_io {
	int fd;
	const _Atomic bool *cut; /* borrowed: reads nothing more, not even what has arrived */
	gnutls_session_t session; /* NULL: plain */
	struct tls_pair *pair; /* a reference */
	/* Bytes read from the socket and not consumed yet; allocated only then. */
	char *ahead;
	size_t ahead_at, ahead_len;
	/* A ServerHello that waits for what follows it; allocated only then. */
	char *hello;
	size_t hello_len;
	bool greeted; /* the client's part of the handshake is done */
	struct parking parking;
	bool held; /* a response is held back */
	bool uncorked; /* TCP_CORK is off: see tls_io_flush() */
};

/* If pair_take is NULL the handshake fails. */
void tls_io_init(struct tls_io *t, struct MHD_Connection *mhd, int fd, const _Atomic bool *cut,
	gnutls_session_t session, struct tls_pair *pair_take);
void tls_io_release(struct tls_io *t);

/* Holds back a response with a body of this size, if it is small enough. */
void tls_io_hold(struct tls_io *t, size_t body_bytes);
/*
 * Sends what was held back: 0; below 0: the connection is gone; 1: the client does not read, and
 * the socket is full.
 */
int tls_io_flush(struct tls_io *t);

#endif
