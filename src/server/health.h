/*
 * health - the routes of the plain port: /healthz, /readyz, /metrics. They respond at once and read
 * no body.
 */
#ifndef PROMOGATE_SERVER_HEALTH_H
#define PROMOGATE_SERVER_HEALTH_H

#include "server/server.h"

enum { HEALTH_ROUTES = 3 };

/* ready is asked for /readyz, with ctx. */
struct health {
	server_ready *ready;
	void *ctx;
	struct route routes[HEALTH_ROUTES];
};

/* h must not be moved. */
void health_init(struct health *h, server_ready *ready, void *ctx);

#endif
