/*
 * acceptor - the one thread beside the workers: accepts connections, holds the silent ones at the
 * filter, cuts those that take too long, and looks whether the certificate's files have changed.
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

enum { ACCEPTOR_PORTS = 2 };

struct acceptor_port {
	struct http *http; /* NULL: not in use; set before the start */
	int fd; /* it listens on this one; -1: it does not */
	const char *name;
	struct accept_filter filter;
	bool full; /* not listening for a moment */
};

struct acceptor {
	/* Set before the start. */
	const struct server_limits *limits;
	int64_t cert_poll_ms;
	struct tls_store *tls;
	struct acceptor_port ports[ACCEPTOR_PORTS];

	struct thread *thread;
	int epoll_fd, wake;
	unsigned crowd; /* most connections at once, lately; its own thread's */
	_Atomic unsigned waiting; /* in the filters */
	_Atomic bool closed, done;
};

/* For acceptor_stop(), which is then safe at any time. */
void acceptor_init(struct acceptor *k);
int acceptor_start(struct acceptor *k, struct err *err);
/* Stops listening; who has connected by then is served on. */
void acceptor_close(struct acceptor *k);
/* How many have connected and said nothing. */
unsigned acceptor_waiting(struct acceptor *k);
/* Ends the thread, before the workers end. */
void acceptor_stop(struct acceptor *k);

#endif
