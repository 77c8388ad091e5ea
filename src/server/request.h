/*
 * request - from the headers of a request to its route, and its body. Called on the connection's
 * own thread, before the handler.
 */
#ifndef PROMOGATE_SERVER_REQUEST_H
#define PROMOGATE_SERVER_REQUEST_H

#include "server/exchange_internal.h"

/*
 * Finds the route and the deadline, and refuses what can't be served. True: refused so that the
 * answer goes out at once and the connection ends, since no body could be told from a next request
 * or it is too large to be read.
 */
bool request_begin(struct exchange *x, const struct route *routes, size_t route_count,
	const struct server_limits *limits, const char *path);

/* A piece of the body. -1: there is no end to it, cut the connection. */
int request_body(
	struct exchange *x, const char *data, size_t len, const struct server_limits *limits);

#endif
