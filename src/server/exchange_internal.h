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
	/* The body: the connection's thread until RUNNING, the handler's afterwards. */
	struct buf body;
	size_t body_seen; /* bytes received, kept or not */
	bool early; /* answered before its body arrived */

	struct lock lock; /* guards the rest */
	enum exchange_state state;
	bool refused; /* by the server itself: no handler runs */
	bool replied; /* the handler has */
	int status;
	const char *content_type, *allow;
	struct buf reply;
};

struct exchange *exchange_new(struct MHD_Connection *mhd, struct conn *conn, const char *method);

/* The server's own response, in place of the handler's; before the handler runs. */
void exchange_refuse(struct exchange *x, int status, const char *reason, const char *message);

/*
 * Adds to the body; -1 if all bodies together are over max_total, a quarter of which is for bodies
 * of at most LIMIT_SERVER_SMALL_BODY_BYTES.
 */
int exchange_body_add(struct exchange *x, const char *data, size_t len, int64_t max_total);

/*
 * Calls the handler, the first time. True: there is a response to send. False: the connection is
 * suspended, and resumed when there is. stopping: nothing may be suspended.
 */
bool exchange_run(struct exchange *x, const _Atomic bool *stopping);

/*
 * If it waits for its handler: true, and the wait ends once its deadline has passed. False: it does
 * not wait. From any thread.
 */
bool exchange_expire(struct exchange *x, int64_t now_ms);

/* Before the response is sent; makes it a 504 if the wait was ended. */
void exchange_sending(struct exchange *x);

/* libmicrohttpd has finished with it: releases the connection's ownership. */
void exchange_over(struct exchange *x);

#endif
