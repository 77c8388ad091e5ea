/*
 * acceptor - the one thread beside the workers: accepts connections, keeps silent ones in the
 * filter, closes those that take too long, and checks whether the certificate's files have changed.
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
	int fd; /* the listening socket; -1: none */
	const char *name;
	struct accept_filter filter;
	bool full; /* listening is paused */
};

struct acceptor {
	/* Set before the start. */
	const struct server_limits *limits;
	int64_t cert_poll_ms;
	struct tls_store *tls;
	struct acceptor_port ports[ACCEPTOR_PORTS];

	struct thread *thread;
	int epoll_fd, wake;
	unsigned crowd; /* most concurrent connections, lately; for its own thread */
	_Atomic unsigned waiting; /* in the filters */
	_Atomic bool closed, done;
};

/* For acceptor_stop(), which is then safe at any time. */
void acceptor_init(struct acceptor *k);
int acceptor_start(struct acceptor *k, struct err *err);
/* Stops listening; clients that have connected are still served. */
void acceptor_close(struct acceptor *k);
/* How many have connected and sent nothing. */
unsigned acceptor_waiting(struct acceptor *k);
/* Ends the thread, before the workers end. */
void acceptor_stop(struct acceptor *k);

#endif
