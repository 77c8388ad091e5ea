/*
 * exchange - one request and its answer.
 *
 * The server calls a route's handler on one of its threads, once the whole request is there. The
 * handler calls exchange_reply() exactly once: at once, before it returns, or later from any
 * thread. Where it returns without having replied, the connection is suspended: no thread waits
 * for the answer. Handlers must not block.
 *
 * The exchange belongs to the handler until it replies, and with it what the accessors return; not
 * a moment longer. That holds even if the client goes away meanwhile, or the server has answered
 * for the handler because the request's time was over: the reply is then dropped.
 */
#ifndef PROMOGATE_SERVER_EXCHANGE_H
#define PROMOGATE_SERVER_EXCHANGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct exchange;

typedef void server_handler(void *ctx, struct exchange *x);

/* The body, with a NUL behind it that *ret_len does not count. Never NULL. */
const char *exchange_body(const struct exchange *x, size_t *ret_len);
/*
 * When the client stops waiting, by clock_mono_ms(): `?timeout=3s` counted from the request's first
 * header, at most the server's limit for a request, which is also what holds without the parameter.
 * At that moment the server answers 504 by itself. A look-up on behalf of the request must end
 * earlier.
 */
int64_t exchange_deadline_ms(const struct exchange *x);

/*
 * Answers, and ends the handler's ownership. content_type is borrowed for ever (a literal); the
 * body's bytes are taken, and the buf is empty afterwards.
 */
void exchange_reply(
	struct exchange *x, int status, const char *content_type, struct buf *body_steal);
/*
 * Answers with a Kubernetes Status that says what went wrong. reason is a word from the API, such
 * as "BadRequest" or "Timeout".
 */
void exchange_fail(struct exchange *x, int status, const char *reason, const char *message);

#endif
