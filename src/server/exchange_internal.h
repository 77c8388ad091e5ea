/*
 * exchange_internal - the server's side of an exchange.
 *
 * An exchange has two owners: the connection, until libmicrohttpd has ended the request, and the
 * handler, until it replies. It is freed when both have released it. Its lock guards its state, and
 * so orders a reply from another thread and the suspension of the connection:
 *
 *	READING ──► RUNNING ──────────────► READY ──► SENT ──► OVER
 *	   │           └─► WAITING ─┬─► READY ▲
 *	   │      (suspended)       └─► EXPIRED: the server answers for the handler
 *	   └─► SENT: refused by the server itself
 *	READING or SENT ─► DROPPED ─► OVER: others needed its bytes, and its connection is cut
 *
 * libmicrohttpd's functions are called on the connection's own thread only, except
 * MHD_resume_connection(), which any thread may call.
 */
#ifndef PROMOGATE_SERVER_EXCHANGE_INTERNAL_H
#define PROMOGATE_SERVER_EXCHANGE_INTERNAL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <microhttpd.h>

#include "base/buf.h"
#include "run/lock.h"
#include "server/exchange.h"
#include "server/server.h"

struct conn;

enum exchange_state {
	EXCHANGE_READING,
	EXCHANGE_RUNNING,
	EXCHANGE_WAITING,
	EXCHANGE_READY,
	EXCHANGE_EXPIRED,
	EXCHANGE_SENT,
	EXCHANGE_DROPPED,
	EXCHANGE_OVER,
};

struct exchange {
	unsigned magic;
	_Atomic unsigned owners;
	/* Set at the start. */
	struct MHD_Connection *mhd; /* valid until OVER */
	struct conn *conn;
	const struct route *route; /* NULL: rejected */
	char method[12];
	int64_t started_ns, deadline_ms;
	_Atomic size_t body_seen; /* bytes received, kept or not */
	/* Only for the connection's thread. */
	bool early; /* answered before its body arrived */
	bool refused; /* by the server itself: no handler runs */

	struct lock lock; /* guards the rest */
	enum exchange_state state;
	struct buf body; /* the handler's, once it runs */
	bool replied; /* the handler has */
	int status;
	const char *content_type, *allow;
	struct buf reply;
	size_t reply_counted; /* in the reply_bytes of its connection's table */
};

struct exchange *exchange_new(struct MHD_Connection *mhd, struct conn *conn, const char *method);

/* The server's own response, in place of the handler's; before the handler runs. */
void exchange_refuse(struct exchange *x, int status, const char *reason, const char *message);

/*
 * Adds to the body; -1 if all bodies together would be over max_total, a quarter of which is for
 * bodies of at most LIMIT_SERVER_SMALL_BODY_BYTES.
 */
int exchange_body_add(struct exchange *x, const char *data, size_t len, int64_t max_total);

/*
 * Calls the handler, the first time. True: there is a response to send. False: the connection is
 * suspended, and resumed when there is. stopping: nothing may be suspended.
 */
bool exchange_run(struct exchange *x, const _Atomic bool *stopping);

/* Ends its wait for its handler, if it waits and its deadline has passed. From any thread. */
void exchange_expire(struct exchange *x, int64_t now_ms);

/*
 * Before the response is sent; makes it a 504 if the wait was ended. False: it was dropped, and
 * there is none.
 */
bool exchange_sending(struct exchange *x);
/* Copies from its response, while that is sent; -1: it was dropped. */
ssize_t exchange_reply_read(struct exchange *x, uint64_t at, char *to, size_t max);

/* How long the body has been allowed to take for what has arrived of it. Any thread. */
int64_t exchange_body_ms(const struct exchange *x);
/*
 * Frees the body of a request that is still arriving, or the large response that is being sent; the
 * caller cuts the connection. False if there is none. From any thread.
 */
bool exchange_drop_body(struct exchange *x);
bool exchange_drop_reply(struct exchange *x);

/* libmicrohttpd has finished with it: releases the connection's ownership. */
void exchange_over(struct exchange *x);

#endif
