/*
 * server - HTTPS and plain HTTP, with a limit on everything a client can do.
 *
 *	server_start()   listens; handlers run (server/exchange.h)
 *	server_drain()   on SIGTERM: /readyz fails at once, every response says Connection: close
 *	server_stop()    after the drain time: stops listening, finishes what is in flight, joins
 *	server_free()
 *
 * One thread calls these, in this order. The plain port, if there is one, answers GET and HEAD of
 * /healthz (200 while the process lives), /readyz (503 with the reasons, one a line, or 200) and
 * /metrics.
 *
 * Threads: `tls.threads` that do TLS, HTTP and the handlers, one for the plain port, and one that
 * accepts connections, closes those that take too long and reloads the certificate files when they
 * change. A slow or silent client holds one file descriptor and no thread.
 */
#ifndef PROMOGATE_SERVER_SERVER_H
#define PROMOGATE_SERVER_SERVER_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/mem.h"
#include "server/exchange.h"

struct route {
	const char *path; /* exact */
	const char *method; /* "GET" answers HEAD too */
	const char *content_type; /* of the body, without parameters; NULL: any */
	server_handler *handler;
	void *ctx;
};

struct server_port {
	/* "127.0.0.1:9443", "[::1]:9443", ":9443" (all addresses); port 0: any free one. NULL: none
	 */
	const char *address;
	const struct route *routes; /* borrowed until server_free() */
	size_t route_count;
	unsigned threads; /* 0: one */
};

struct server_limits {
	unsigned connections; /* of each port */
	size_t body_bytes; /* of one request */
	int64_t bodies_bytes; /* of all requests in flight */
	int64_t replies_bytes; /* of large responses being sent, of each port */
	int64_t first_request_ms, request_ms, idle_ms;
	int64_t body_ms; /* for the first byte of a body, and more as it arrives */
	int64_t sweep_ms; /* how often the time limits are checked */
	int64_t stop_ms; /* how long server_stop() waits for requests in flight */
};

#define SERVER_LIMITS_INIT                                                                         \
	{                                                                                          \
		.connections = LIMIT_SERVER_CONNECTIONS,                                           \
		.body_bytes = LIMIT_REVIEW_BYTES,                                                  \
		.bodies_bytes = LIMIT_SERVER_BODIES_BYTES,                                         \
		.replies_bytes = LIMIT_SERVER_REPLIES_BYTES,                                       \
		.first_request_ms = LIMIT_SERVER_FIRST_REQUEST_MS,                                 \
		.request_ms = LIMIT_SERVER_REQUEST_MS,                                             \
		.idle_ms = LIMIT_SERVER_IDLE_MS,                                                   \
		.body_ms = LIMIT_SERVER_BODY_MS,                                                   \
		.sweep_ms = 500,                                                                   \
		.stop_ms = LIMIT_SERVER_REQUEST_MS,                                                \
	}

/*
 * 0 if ready; else -1, with a line in reasons for each thing that is missing. What people should
 * know is a line too, also if it is ready. Must not block.
 */
typedef int server_ready(void *ctx, struct buf *reasons);

struct server_config {
	struct server_port tls, plain; /* at least one has an address */
	/* PEM files for the TLS port, watched; both NULL: see server_set_certificate() */
	const char *cert_file, *key_file;
	/* PEM, watched too: only clients with a certificate of this CA may connect; NULL: all may */
	const char *client_ca_file;
	int64_t cert_poll_ms; /* 0: every second */
	server_ready *ready; /* NULL: ready unless the server itself is not */
	void *ready_ctx;
	struct server_limits limits;
};

struct server;

/*
 * The strings of config are borrowed until server_free(). ERR_INVALID for a fault in the
 * configuration.
 */
int server_start(const struct server_config *config, struct server **ret, struct err *err);
/* The port numbers in use, 0 for none. */
uint16_t server_tls_port(const struct server *s);
uint16_t server_plain_port(const struct server *s);

/*
 * Replaces certificate (PEM, the chain in order) and key for new handshakes; connections stay open.
 * On an error the previous pair stays. For a server without cert_file; any thread. Until the first
 * call, handshakes fail and /readyz says so.
 */
int server_set_certificate(
	struct server *s, const char *cert_pem, const char *key_pem, struct err *err);

void server_drain(struct server *s);
void server_stop(struct server *s);
void server_free(struct server *s);
DEFINE_CLEANUP(struct server, server_free)

#endif
