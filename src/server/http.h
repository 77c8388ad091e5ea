/*
 * http - one port: routes, limits and metrics over libmicrohttpd, on a few workers.
 *
 * Connections are accepted elsewhere and passed in. libmicrohttpd's own timeouts are off
 * (server/conn.h), and so are its threads (server/worker.h).
 */
#ifndef PROMOGATE_SERVER_HTTP_H
#define PROMOGATE_SERVER_HTTP_H

#include <stdatomic.h>
#include <stdbool.h>

#include "server/conn.h"
#include "server/lingering_close.h"
#include "server/server.h"
#include "server/tls.h"

/* The most threads that share the connections of a port. */
enum { HTTP_WORKERS = 64 };

struct http {
	const struct route *routes;
	size_t route_count;
	const struct server_limits *limits;
	struct tls_store *tls; /* NULL: plain */
	struct worker *workers[HTTP_WORKERS];
	unsigned worker_count, next_worker;
	bool started;
	struct conns conns;
	struct lingering_list lingering;
	_Atomic unsigned in_flight; /* exchanges that have begun and are not over */
	_Atomic bool draining; /* responses say Connection: close */
	_Atomic bool stopping; /* no handler may suspend any more */
};

/* routes and limits are borrowed, tls too. */
int http_start(struct http *h, const struct server_port *port, const struct server_limits *limits,
	struct tls_store *tls, struct err *err);
/* Serves a connection. Takes the descriptor; one thread at a time. */
void http_serve(struct http *h, int fd_take, int64_t accepted_ms);
/* What crowd_choose() asks about its connections; the silent ones are not among them. */
void http_describe(struct http *h, struct crowd *ret);
/*
 * Ends all connections and the threads; nothing if it did not start. Every wait for a handler must
 * have been ended before.
 */
void http_stop(struct http *h);

#endif
