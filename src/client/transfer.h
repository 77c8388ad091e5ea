/*
 * transfer - one HTTP request and its response on a libcurl easy handle, with its limits on size.
 * It does not wait: client/api.c adds the handle to its multi handle. Owned by the client's thread.
 */
#ifndef PROMOGATE_CLIENT_TRANSFER_H
#define PROMOGATE_CLIENT_TRANSFER_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "client/endpoint.h"
#include "kube/watch.h"

/* What is sent; all borrowed for the time of the transfer. */
struct transfer_request {
	const char *method;
	const char *path;
	const void *body; /* NULL: none */
	size_t body_len;
	const char *content_type;
	const char *user_agent;
	size_t max_bytes; /* of the response, or of a line */
	bool may_be_cut; /* a response over max_bytes is cut, and no error */
	watch_line_fn *line; /* NULL: not a watch */
	void *line_ctx;
};

struct transfer {
	const struct transfer_request *request;
	const struct endpoint *endpoint;
	CURL *easy;
	struct curl_slist *headers;
	struct buf body; /* the response; for a watch, only an error */
	bool cut; /* there was more of it */
	struct watch_lines lines;
	size_t header_bytes;
	int sent; /* how often it was sent */
	struct err failed; /* an error of our own callback */
	char curl_says[CURL_ERROR_SIZE];
};

/* Prepares the handle. token NULL: none. */
int transfer_new(const struct endpoint *endpoint, const struct transfer_request *request,
	const char *token, long timeout_ms, struct transfer **ret, struct err *err);
void transfer_free(struct transfer *t);

/* Whether the server has answered, and with a 2xx. */
bool transfer_accepted(const struct transfer *t);

/* After libcurl has finished with this code: 0 and *ret_status (2xx), or the error. */
int transfer_result(const struct transfer *t, CURLcode code, int *ret_status, struct err *err);

#endif
