/*
 * acceptor - the one thread beside the workers: accepts connections, holds the silent ones at the
 * gate, cuts those that take too long, and looks whether the certificate's files have changed.
 */
#ifndef PROMOGATE_SERVER_ACCEPTOR_H
#define PROMOGATE_SERVER_ACCEPTOR_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "server/accept_filter.h"
#include "server/http.h"
#include "server/tls.h"

enum { KEEPER_PORTS = 2 };

struct keeper_port {
	struct http *http; /* NULL: not in use; set before the start */
	int fd; /* it listens on this one; -1: it does not */
	const char *name;
	struct gate gate;
	bool full; /* not listening for a moment */
};

struct keeper {
	/* Set before the start. */
	const struct server_limits *limits;
	int64_t cert_poll_ms;
	struct tls_store *tls;
	struct keeper_port ports[KEEPER_PORTS];

	struct thread *thread;
	int epoll_fd, wake;
	unsigned crowd; /* most connections at once, lately; its own thread's */
	_Atomic unsigned waiting; /* at the gates */
	_Atomic bool closed, done;
};

/* For keeper_stop(), which is then safe at any time. */
void keeper_init(struct keeper *k);
int keeper_start(struct keeper *k, struct err *err);
/* Stops listening; who has connected by then is served on. */
void keeper_close(struct keeper *k);
/* How many have connected and said nothing. */
unsigned keeper_waiting(struct keeper *k);
/* Ends the thread, before the workers end. */
void keeper_stop(struct keeper *k);

#endif
