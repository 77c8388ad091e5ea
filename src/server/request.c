#include "server/request.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/limits.h"
#include "base/str.h"
#include "kube/duration.h"
#include "server/conn.h"

/* Headers that decide where the body ends, and its type. */
struct head {
	unsigned lengths, encodings;
	const char *length, *encoding, *type;
};

static enum MHD_Result note_header(
	void *cls, enum MHD_ValueKind kind, const char *key, const char *value)
{
	struct head *head = cls;

	(void)kind;
	if (!value)
		value = "";
	if (!strcasecmp(key, "Content-Length")) {
		head->lengths++;
		head->length = value;
	} else if (!strcasecmp(key, "Transfer-Encoding")) {
		head->encodings++;
		head->encoding = value;
	} else if (!strcasecmp(key, "Content-Type")) {
		head->type = value;
	}
	return MHD_YES;
}

static bool refuse(struct exchange *x, int status, const char *reason, const char *message)
{
	exchange_refuse(x, status, reason, message);
	return true;
}

static void too_large(struct exchange *x, size_t max)
{
	char message[80];

	(void)snprintf(message, sizeof(message), "the body is over %zu bytes", max);
	exchange_refuse(x, MHD_HTTP_CONTENT_TOO_LARGE, "RequestEntityTooLarge", message);
}

/* Of these a body has no meaning (RFC 9110, 9.3.1), and nobody should wait for it. */
static bool takes_no_body(const struct exchange *x)
{
	return str_eq(x->method, "GET") || str_eq(x->method, "HEAD");
}

/* RFC 9112, 6.3: ambiguous framing allows request smuggling. True: rejected. */
static bool check_framing(struct exchange *x, const struct head *head, size_t max)
{
	int64_t length = 0;

	if (head->lengths + head->encodings > 1)
		return refuse(x, MHD_HTTP_BAD_REQUEST, "BadRequest",
			"more than one of Content-Length and Transfer-Encoding");
	if (head->encodings && strcasecmp(head->encoding, "chunked") != 0)
		return refuse(x, MHD_HTTP_BAD_REQUEST, "BadRequest",
			"a Transfer-Encoding other than chunked");
	if (head->encodings && takes_no_body(x))
		return refuse(x, MHD_HTTP_BAD_REQUEST, "BadRequest", "unexpected body");
	if (!head->lengths)
		return false;
	/* Its syntax is checked already; a number that overflows int64_t is too large. */
	if (str_to_int64(head->length, &length) < 0 || length < 0 || (uint64_t)length > max) {
		too_large(x, max);
		return true;
	}
	if (length && takes_no_body(x))
		return refuse(x, MHD_HTTP_BAD_REQUEST, "BadRequest", "unexpected body");
	/* Larger ones grow as they arrive. */
	if (length <= LIMIT_SERVER_SMALL_BODY_BYTES)
		(void)buf_reserve(&x->body, (size_t)length);
	return false;
}

/* The media type alone, in any case: RFC 9110, 8.3.1. */
static bool type_is(const char *type, const char *want)
{
	size_t len = strcspn(type, "; \t");

	return len == strlen(want) && !strncasecmp(type, want, len);
}

static bool method_fits(const struct route *r, const char *method)
{
	return str_eq(r->method, method) || (str_eq(r->method, "GET") && str_eq(method, "HEAD"));
}

static void check_route(struct exchange *x, const struct route *r, const struct head *head)
{
	char message[128];

	if (!method_fits(r, x->method)) {
		(void)snprintf(message, sizeof(message), "%s accepts %s", r->path, r->method);
		exchange_refuse(x, MHD_HTTP_METHOD_NOT_ALLOWED, "MethodNotAllowed", message);
		x->allow = str_eq(r->method, "GET") ? "GET, HEAD" : r->method;
	} else if (r->content_type && (!head->type || !type_is(head->type, r->content_type))) {
		(void)snprintf(message, sizeof(message), "%s accepts a body of type %s", r->path,
			r->content_type);
		exchange_refuse(
			x, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType", message);
	}
}

static int64_t timeout_ms(struct MHD_Connection *mhd, int64_t max_ms)
{
	const char *text = MHD_lookup_connection_value(mhd, MHD_GET_ARGUMENT_KIND, "timeout");
	int64_t ns;

	if (!text || duration_parse(text, &ns) < 0)
		return max_ms;
	return ns >= 1000000 && ns / 1000000 < max_ms ? ns / 1000000 : max_ms;
}

bool request_begin(struct exchange *x, const struct route *routes, size_t route_count,
	const struct server_limits *limits, const char *path)
{
	struct head head = {0};

	buf_init(&x->body, limits->body_bytes);
	x->deadline_ms = x->started_ns / 1000000 + timeout_ms(x->mhd, limits->request_ms);
	(void)MHD_get_connection_values(x->mhd, MHD_HEADER_KIND, note_header, &head);
	for (size_t i = 0; i < route_count && !x->route; i++)
		if (str_eq(routes[i].path, path))
			x->route = &routes[i];
	if (check_framing(x, &head, limits->body_bytes))
		return true;
	if (x->route)
		check_route(x, x->route, &head);
	else
		exchange_refuse(x, MHD_HTTP_NOT_FOUND, "NotFound", "no such path");
	return false;
}

int request_body(
	struct exchange *x, const char *data, size_t len, const struct server_limits *limits)
{
	x->body_seen += len;
	if (x->body_seen > limits->body_bytes && x->status != MHD_HTTP_CONTENT_TOO_LARGE)
		too_large(x, limits->body_bytes);
	if (x->refused)
		return x->body_seen > limits->body_bytes + LIMIT_SERVER_DISCARD_BYTES ? -1 : 0;
	while (exchange_body_add(x, data, len, limits->bodies_bytes) < 0) {
		if (conn_displace_body(x->conn))
			continue;
		exchange_refuse(x, MHD_HTTP_SERVICE_UNAVAILABLE, "ServiceUnavailable",
			"too many bytes of requests are in flight; try again");
		break;
	}
	return 0;
}
