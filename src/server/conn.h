/*
 * conn - a record of each connection, and the limits on its time.
 *
 * libmicrohttpd times out only inactive connections: one that sends a byte every few seconds would
 * stay open. So the limits are here, and its own are off. A connection is cut by shutdown(2), after
 * which libmicrohttpd closes it as if the client had.
 *
 *	unproven   no whole request yet: cut some time after the accept
 *	busy       a request is being read, decided or answered: cut after the request's total time;
 *	           one that waits for its handler is answered instead (exchange_expire())
 *	idle       proven, between requests: cut after a long while; or once a part of a request
 *	           came and the rest did not within the request's total time
 *
 * A record is created when libmicrohttpd has accepted a connection, and removed, under the table's
 * lock, before it closes the descriptor: so shutdown(2) of a record in the table never hits another
 * file with the same number. Locks: the table's before a connection's before an exchange's.
 */
#ifndef PROMOGATE_SERVER_CONN_H
#define PROMOGATE_SERVER_CONN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "run/lock.h"
#include "run/metrics.h"
#include "server/tls_io.h"

struct exchange;
struct server_limits;
struct worker;

struct conns {
	struct lock lock;
	TAILQ_HEAD(, conn) list; /* the oldest first; guarded by lock */
	unsigned count; /* guarded by lock */
	const struct server_limits *limits; /* of time */
	struct metric_series *gauge;
};

struct conn {
	unsigned magic;
	struct conns *table;
	TAILQ_ENTRY(conn) link; /* guarded by the table's lock */
	struct worker *worker; /* outlives it */
	int fd;
	int64_t accepted_ms;
	struct tls_io tls_io; /* only for the thread that serves the connection */

	struct lock lock; /* guards the rest */
	struct exchange *exchange; /* the request in progress */
	int64_t since_ms; /* busy: since its start; idle: since the last response */
	bool proven;
	bool cut; /* shut down already; the close will follow */
	/* What TCP had received when the sweep first saw the connection idle; 0: not yet. */
	uint64_t idle_bytes;
	/* When the sweep saw more than that; 0: never. */
	int64_t partial_ms;
};

/* limits is borrowed. */
void conns_init(struct conns *t, const struct server_limits *limits, struct metric_series *gauge);
void conns_release(struct conns *t);
unsigned conns_count(struct conns *t);
/* How many have not sent a whole request yet, and have not been cut. */
unsigned conns_unproven(struct conns *t);

struct conn *conn_new(struct conns *t, int fd, struct worker *worker, int64_t accepted_ms);
/* Removes it from the table first. */
void conn_free(struct conn *c);

/* A request's headers have arrived; x stays valid until conn_end(). */
void conn_begin(struct conn *c, struct exchange *x, int64_t now_ms);
/* Its exchange is over; complete: the response was sent. */
void conn_end(struct conn *c, bool complete, int64_t now_ms);

/* Cuts it, for a reason that only its own thread knows. */
void conn_give_up(struct conn *c, const char *why);

/* Cuts connections over their time, and ends waits over theirs by exchange_expire(). */
void conns_sweep(struct conns *t, int64_t now_ms);
/*
 * To make room: cuts the oldest unproven connection, or else the one that has been idle for
 * longest. False if there is none.
 */
bool conns_cut_one(struct conns *t);
/* Ends every wait for a handler, whatever its age. */
void conns_expire_all(struct conns *t);

#endif
