/*
 * api - calls and watches to one API server. The only user of libcurl.
 *
 * A struct api owns one thread, "api-client", which drives every transfer through libcurl's multi
 * interface. Calls, watches and timers may be started and cancelled from any thread; every callback
 * runs on that one thread, so what only callbacks touch needs no lock, and a callback must not
 * block: it delays all others. A callback may start and cancel anything.
 *
 * Everything started ends in exactly one call of its done function, also when it was cancelled or
 * the client is freed: that is the moment to free what ctx points to. Strings in a request are
 * copied; arguments of a callback are valid until it returns.
 *
 * Waiting: at most api_options.calls calls run at once, each on a connection that is kept for the
 * next. The others wait, in order among those of one fair_key; the keys take turns, and one key
 * never gets all connections (client/turns.h). Watches and urgent calls have their own connections
 * and don't wait. Timeouts include the time of waiting.
 *
 * Throttling: a 429 says that nothing was done, and when to retry. It need not mean that the API
 * server is busy: storage of one kind that is not ready answers so, and any admission webhook may.
 * So it delays only the call itself and those of its fair_key with the same method on the same
 * collection. The call is retried up to API_THROTTLED_TRIES times, whatever its method; if its own
 * timeout ends earlier, it fails at once with ERR_THROTTLED. A watch is not retried: its owner has
 * a backoff.
 *
 * On a 401 the token file is read again, and if it has changed the call is retried once. The caller
 * handles all else by err.kind; after ERR_IO and ERR_TIMEOUT it is unknown whether a write
 * happened. A write is never sent again without a response.
 */
#ifndef PROMOGATE_CLIENT_API_H
#define PROMOGATE_CLIENT_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"
#include "client/credentials.h"

enum { API_THROTTLED_TRIES = 3 };

struct api;

struct api_options {
	const char *user_agent; /* "promogate-webhook/1.2.3" */
	unsigned calls; /* at once; 0: LIMIT_API_CALLS; at most LIMIT_API_CALLS_MOST */
};

struct api_request {
	const char *method; /* NULL: GET */
	const char *path; /* with its query, from kube/url.h */
	const void *body; /* NULL: none */
	size_t body_len;
	const char *content_type; /* of the body; NULL: application/json */
	unsigned timeout_ms; /* 0: LIMIT_API_CALL_MS, for a watch LIMIT_API_WATCH_MS */
	/*
	 * For whom it is sent: usually a namespace, so that one can't take the connections from the
	 * others. NULL: "".
	 */
	const char *fair_key;
	/*
	 * Waits for no other call, and does not count to the limit on connections: for the few that
	 * all else depends on, such as the renewal of a Lease, or the list of an informer.
	 */
	bool urgent;
	/* of the response, for a watch of a line; 0: LIMIT_OBJECT_BYTES, LIMIT_WATCH_LINE_BYTES */
	size_t max_bytes;
	bool may_be_cut; /* of a call: a response over max_bytes is cut, and no error */
};

struct api_response {
	int status; /* 200 to 299 */
	const char *body; /* never NULL, followed by a NUL */
	size_t len;
	bool cut; /* there was more: see api_request.may_be_cut */
};

/*
 * A call: response if it succeeded, err otherwise. A watch: response, without a body, if the server
 * accepted it, and err unless it ended the stream properly. A timer: both NULL when it fired, err
 * if it was cancelled.
 */
typedef void api_done_fn(void *ctx, const struct api_response *response, const struct err *err);
/* One line of a watch, maybe cut (kube/watch.h). Below 0 ends the watch, and done gets this error. */
typedef int api_line_fn(void *ctx, const char *line, size_t len, struct err *err);

/* Names a call, a watch or a timer; never reused, so cancelling one that is over is harmless. */
typedef uint64_t api_id;

/* The credentials are copied. Nothing is sent yet. */
int api_new(const struct credentials *credentials, const struct api_options *options,
	struct api **ret, struct err *err);
/*
 * Cancels everything, waits for the thread. Nothing may be started from other threads from here on;
 * what a callback starts is cancelled. Not from a callback.
 */
void api_free(struct api *api);
DEFINE_CLEANUP(struct api, api_free)

api_id api_call(struct api *api, const struct api_request *request, api_done_fn *done, void *ctx);
api_id api_watch(struct api *api, const struct api_request *request, api_line_fn *line,
	api_done_fn *done, void *ctx);
api_id api_timer(struct api *api, unsigned delay_ms, api_done_fn *done, void *ctx);

/*
 * Makes it end soon, with an error for which api_cancelled() is true, unless it is over. If called
 * from a callback, no more lines follow.
 */
void api_cancel(struct api *api, api_id id);
/* Whether the cause of this error is api_cancel() or api_free(). */
bool api_cancelled(const struct err *err);

#endif
