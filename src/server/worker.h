/*
 * worker - a thread with a libmicrohttpd of its own, which serves the connections that it is given.
 *
 * libmicrohttpd's own threads are not used. When 0.9.75 stops to listen, they can abort the
 * process: two of them may take the socket out of one epoll set. And while a TLS handshake waits
 * for its client, they spin, because the connection stays marked as ready: half a handshake and
 * silence would cost a core. Here such a connection is parked: suspended, with its descriptor in an
 * epoll set of ours, and resumed when the client continues. Suspension is documented for handlers
 * only; that it also works inside a handshake is tested.
 *
 * A thread that waits inside libmicrohttpd is woken by a file in its epoll set that has a NULL
 * pointer, which it takes for a wake-up and skips: an eventfd, and the set of those parked.
 *
 * 0.9.75 starts a connection in the call that adds it, 1.0 in the run after it.
 */
#ifndef PROMOGATE_SERVER_WORKER_H
#define PROMOGATE_SERVER_WORKER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include <microhttpd.h>

#include "base/err.h"

struct worker;

/* Takes the daemon (external polling, epoll), also on an error. */
int worker_start(
	struct MHD_Daemon *daemon_take, const char *name, struct worker **ret, struct err *err);
/* Ends its connections, joins and frees; NULL is fine. */
void worker_stop(struct worker *w);

/* Gives it a connection. Any thread; takes the descriptor. */
void worker_serve(struct worker *w, int fd_take, int64_t accepted_ms);
/* How many it was given that libmicrohttpd has not started yet. */
unsigned worker_arriving(const struct worker *w);
/* Makes it check for resumed connections. Any thread. */
void worker_poke(struct worker *w);

/* On a worker's thread: itself. */
struct worker *worker_self(void);
/* While libmicrohttpd starts a connection, on its worker's thread: when it was accepted. */
int64_t worker_accepted_ms(int fd);

/* A connection's place among the parked; zeroed at first. Its worker's thread only. */
struct parking {
	struct MHD_Connection *mhd;
	int fd;
	bool known; /* epoll knows the descriptor */
	LIST_ENTRY(parking) link;
};

/* On its worker's thread: suspends the connection until its descriptor can be read. */
void worker_park(struct parking *p);

#endif
