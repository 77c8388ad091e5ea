/*
 * conn - a record of each connection, the limits on its time, and which one is cut to make room.
 *
 * libmicrohttpd times out only inactive connections: one that sends a byte every few seconds would
 * stay open. So the limits are here, and its own are off. A connection is cut by shutdown(2), after
 * which libmicrohttpd closes it as if the client had.
 *
 *	NEW        no request yet: cut some time after the accept
 *	READING    a request is arriving: cut when it falls behind a rate, or after the total time
 *	DECIDING   its handler has it: never cut, but answered in time (exchange_expire())
 *	SENDING    the response is being sent: cut after the request's total time
 *	IDLE       answered: cut after a long while; or once a part of a request came and the rest
 *	           did not within the request's total time
 *
 * Until the first response has been sent, a limit on all of it counts from the accept.
 *
 * A record is created when libmicrohttpd has accepted a connection, and removed, under the table's
 * lock, before it closes the descriptor: so shutdown(2) of a record in the table never hits another
 * file with the same number. Locks: the table's before an exchange's.
 */
#ifndef PROMOGATE_SERVER_CONN_H
#define PROMOGATE_SERVER_CONN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "run/lock.h"
#include "run/metrics.h"
#include "server/crowd.h"
#include "server/tls_io.h"

struct exchange;
struct server_limits;
struct worker;

enum conn_stage { CONN_NEW, CONN_READING, CONN_DECIDING, CONN_SENDING, CONN_IDLE };

/* Each in the order in which its connections came in, which is the order in which they go. */
enum conn_list { CONNS_UNFINISHED, CONNS_DECIDING, CONNS_IDLE, CONNS_CUT, CONN_LISTS };

struct conns {
	const struct server_limits *limits;
	struct metric_series *gauge;
	/* Bytes of large responses that have not been sent: see exchange_reply(). */
	_Atomic int64_t reply_bytes;

	struct lock lock; /* guards the rest */
	TAILQ_HEAD(, conn) lists[CONN_LISTS];
	unsigned counts[CONN_LISTS];
};

struct conn {
	unsigned magic;
	struct conns *table;
	struct worker *worker; /* outlives it */
	int fd;
	int64_t accepted_ms;
	_Atomic bool cut; /* shut down already; the close will follow */
	struct tls_io tls_io; /* only for the thread that serves the connection */

	/* The rest is guarded by the table's lock. */
	TAILQ_ENTRY(conn) link;
	enum conn_list list;
	int64_t listed_ms; /* when it came into this list */
	enum conn_stage stage;
	struct exchange *exchange; /* the request in progress */
	int64_t since_ms; /* IDLE: since the last response; else since the request's start */
	bool proven; /* it has had a response */
	/* What TCP had received when the sweep first saw the connection idle; 0: not yet. */
	uint64_t idle_bytes;
	/* When the sweep saw more than that; 0: never. */
	int64_t partial_ms;
};

/* limits is borrowed. */
void conns_init(struct conns *t, const struct server_limits *limits, struct metric_series *gauge);
void conns_release(struct conns *t);
unsigned conns_count(struct conns *t);
/* How many have not had a response yet, and have not been cut. */
unsigned conns_unproven(struct conns *t);

struct conn *conn_new(struct conns *t, int fd, struct worker *worker, int64_t accepted_ms);
/* Removes it from the table first. */
void conn_free(struct conn *c);

/* A request's headers have arrived; x stays valid until conn_end(). */
void conn_begin(struct conn *c, struct exchange *x, int64_t now_ms);
/* Its handler gets it. */
void conn_decide(struct conn *c, int64_t now_ms);
/*
 * Its response goes out. If too many bytes of responses are unsent, cuts the oldest other
 * connections that hold some.
 */
void conn_send(struct conn *c, int64_t now_ms);
/* Its exchange is over; complete: the response was sent. */
void conn_end(struct conn *c, bool complete, int64_t now_ms);

/* Cuts it, for a reason that only its own thread knows. */
void conn_give_up(struct conn *c, const char *why);

/*
 * To make room for bytes of c's request: cuts the oldest other connection whose request is still
 * arriving, and frees what has arrived of it. False if there is none.
 */
bool conn_displace_body(struct conn *c);

/* Cuts connections over their time, and ends waits over theirs by exchange_expire(). */
void conns_sweep(struct conns *t, int64_t now_ms);
/* What crowd_choose() asks about these; the rest stays as it is. */
void conns_describe(struct conns *t, struct crowd *ret);
/* To make room: cuts the oldest of the unfinished or the idle. Does nothing if there is none. */
void conns_cut_oldest(struct conns *t, enum conn_list list);
/* Ends every wait for a handler, whatever its age. */
void conns_expire_all(struct conns *t);

#endif
