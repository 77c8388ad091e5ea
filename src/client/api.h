/*
 * api - calls and watches to one API server. The only user of libcurl.
 *
 * A struct api owns one thread, "api-client", which drives every transfer through libcurl's multi
 * interface. Calls, watches and timers may be started and cancelled from any thread; every callback
 * runs on that one thread, so what only callbacks touch needs no lock, and a callback must not
 * block: it delays all others. A callback may start and cancel whatever it likes.
 *
 * Whatever was started ends in exactly one call of its done function, also when it was cancelled or
 * when the client is freed: that is the moment to free what ctx points to. Strings in a request are
 * copied; what a callback is handed lives until it returns.
 *
 * Waiting: at most api_options.calls calls are on their way at once, each on a connection that is
 * kept for the next; the others queue in order. Watches have connections of their own and don't
 * queue. Timeouts count from the start, the wait included.
 *
 * Throttling: on a 429 the API server has done nothing yet (it is flow control, or storage that is
 * not ready) and says when to come again. Until then no call and no watch of this client starts:
 * one that is told to wait is not the only one that should. The call itself is made again behind
 * that gate, up to API_THROTTLED_TRIES times, whatever its method; only where its own timeout comes
 * before the gate opens does it end, at once, with ERR_THROTTLED. A watch is never made again by
 * itself: its owner has a backoff. On a 401 a token file is read again, and if it has changed the
 * call is made once more. Everything else is the caller's to judge by err.kind; ERR_IO and
 * ERR_TIMEOUT do not say whether a write happened.
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
	const char *path; /* with its query, built by kube/url.h */
	const void *body; /* NULL: none */
	size_t body_len;
	const char *content_type; /* of the body; NULL: application/json */
	unsigned timeout_ms; /* 0: LIMIT_API_CALL_MS, for a watch LIMIT_API_WATCH_MS */
	/*
	 * Goes before whatever waits, and needs no connection to be free: for the few small calls
	 * on whose time others rely, such as the renewal of a Lease in a flood of writes.
	 */
	bool urgent;
	/* of the answer, for a watch of a line; 0: LIMIT_OBJECT_BYTES, LIMIT_WATCH_LINE_BYTES */
	size_t max_bytes;
};

struct api_response {
	int status; /* 200 to 299 */
	const char *body; /* never NULL, with a NUL behind it */
	size_t len;
};

/*
 * A call: response if it succeeded, err otherwise. A watch: both NULL when the server ended the
 * stream in good order, err otherwise. A timer: both NULL when it fired, err if it was cancelled.
 */
typedef void api_done_fn(void *ctx, const struct api_response *response, const struct err *err);
/* One line of a watch (kube/watch.h). Below 0 ends the watch, and done gets this error. */
typedef int api_line_fn(void *ctx, const char *line, size_t len, struct err *err);

/*
 * Names a call, a watch or a timer; never used twice, so cancelling one that is over is harmless.
 */
typedef uint64_t api_id;

/* The credentials are copied. Nothing is sent yet. */
int api_new(const struct credentials *credentials, const struct api_options *options,
	struct api **ret, struct err *err);
/*
 * Cancels everything, waits for the thread. Nothing may be started from other threads from here on;
 * a callback that starts something gets it cancelled. Not from a callback.
 */
void api_free(struct api *api);
DEFINE_CLEANUP(struct api, api_free)

api_id api_call(struct api *api, const struct api_request *request, api_done_fn *done, void *ctx);
api_id api_watch(struct api *api, const struct api_request *request, api_line_fn *line,
	api_done_fn *done, void *ctx);
api_id api_timer(struct api *api, unsigned delay_ms, api_done_fn *done, void *ctx);

/*
 * Makes it end soon, with an error for which api_cancelled() is true, unless it is over. From a
 * callback, no line of it is handed over any more.
 */
void api_cancel(struct api *api, api_id id);
/* Whether this error means that api_cancel() or api_free() ended it. */
bool api_cancelled(const struct err *err);

#endif
