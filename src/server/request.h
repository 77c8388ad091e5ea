/*
 * request - from the headers of a request to its route, and its body. Called on the connection's
 * own thread, before the handler.
 */
#ifndef PROMOGATE_SERVER_REQUEST_H
#define PROMOGATE_SERVER_REQUEST_H

#include "server/exchange_internal.h"

/*
 * Finds the route and the deadline, and rejects requests that can't be served. True: rejected, with
 * the response sent at once and the connection closed, since the end of the body is unknown or it
 * is too large to be read.
 */
bool request_begin(struct exchange *x, const struct route *routes, size_t route_count,
	const struct server_limits *limits, const char *path);

/* A piece of the body. -1: far too large; close the connection. */
int request_body(
	struct exchange *x, const char *data, size_t len, const struct server_limits *limits);

#endif
