/*
 * exchange - one request and its response.
 *
 * The server calls a route's handler on one of its threads, once the whole request has arrived. The
 * handler calls exchange_reply() exactly once: before it returns, or later from any thread. If it
 * returns without a reply, the connection is suspended: no thread waits for the response. Handlers
 * must not block.
 *
 * The exchange, and what its accessors return, belongs to the handler until it replies, and not
 * after. That holds even if the client disconnects meanwhile, or the server has responded because
 * the request timed out: the reply is then dropped.
 */
#ifndef PROMOGATE_SERVER_EXCHANGE_H
#define PROMOGATE_SERVER_EXCHANGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct exchange;

typedef void server_handler(void *ctx, struct exchange *x);

/* The body, followed by a NUL that *ret_len does not count. Never NULL. */
const char *exchange_body(const struct exchange *x, size_t *ret_len);
/*
 * When the client stops waiting, by clock_mono_ms(): `?timeout=3s` counted from the request's first
 * header, at most the server's limit for a request, which is also the default. At that moment the
 * server responds with 504. A look-up on behalf of the request must end earlier.
 */
int64_t exchange_deadline_ms(const struct exchange *x);

/*
 * Responds, and ends the handler's ownership. content_type is never freed (a literal); the body's
 * bytes are taken, and the buf is empty afterwards.
 */
void exchange_reply(
	struct exchange *x, int status, const char *content_type, struct buf *body_steal);
/*
 * Responds with a Kubernetes Status that describes the error. reason is one of the API's, such as
 * "BadRequest" or "Timeout".
 */
void exchange_fail(struct exchange *x, int status, const char *reason, const char *message);

#endif
