#include "client/transfer.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "kube/status.h"

static int status_of(const struct transfer *t)
{
	long code = 0;

	(void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &code);
	return (int)code;
}

static bool is_success(int status)
{
	return status >= 200 && status <= 299;
}

static size_t on_header(char *data, size_t size, size_t n, void *ctx)
{
	struct transfer *t = ctx;

	(void)data;
	t->header_bytes += size * n;
	if (t->header_bytes <= LIMIT_HEADER_BYTES)
		return size * n;
	(void)err_set(
		&t->failed, ERR_TOO_LARGE, "response headers over %d bytes", LIMIT_HEADER_BYTES);
	return 0;
}

static size_t on_body(char *data, size_t size, size_t n, void *ctx)
{
	struct transfer *t = ctx;
	const struct transfer_request *r = t->request;

	n *= size;
	if (!is_success(status_of(t))) {
		t->body.max = LIMIT_STATUS_BYTES;
		return buf_addn(&t->body, data, n) < 0 ? CURL_WRITEFUNC_ERROR : n;
	}
	if (r->line) {
		if (watch_lines_feed(&t->lines, data, n, r->line, r->line_ctx, &t->failed) == 0)
			return n;
		return CURL_WRITEFUNC_ERROR;
	}
	if (buf_addn(&t->body, data, n) == 0)
		return n;
	t->cut = r->may_be_cut;
	if (t->cut)
		return CURL_WRITEFUNC_ERROR; /* the rest is not needed */
	(void)err_set(&t->failed, ERR_TOO_LARGE, "response over %zu bytes", t->body.max);
	return CURL_WRITEFUNC_ERROR;
}

/*
 * libcurl resends a request on a new connection if a kept one ends before any byte of a response.
 * The first may still have been a write, and the second would fail with "already exists" or
 * "conflict". So that is an error, and only a read is resent.
 */
static int on_send(void *ctx, char *remote_ip, char *local_ip, int remote_port, int local_port)
{
	struct transfer *t = ctx;

	(void)remote_ip;
	(void)local_ip;
	(void)remote_port;
	(void)local_port;
	if (!t->sent++ || str_eq(t->request->method, "GET"))
		return CURL_PREREQFUNC_OK;
	(void)err_set(&t->failed, ERR_IO, "the connection ended before a response came");
	return CURL_PREREQFUNC_ABORT;
}

static bool add_header(struct transfer *t, const char *line)
{
	struct curl_slist *headers = curl_slist_append(t->headers, line);

	if (headers)
		t->headers = headers;
	return headers;
}

static bool add_headers(struct transfer *t, const char *token)
{
	const struct transfer_request *r = t->request;
	CLEANUP(free_p) char *bearer = token ? xasprintf("Authorization: Bearer %s", token) : NULL;
	CLEANUP(free_p) char *type = xasprintf("Content-Type: %s", r->content_type);

	/* "Expect:" stops libcurl from waiting for "100 Continue" before a large body. */
	return add_header(t, "Accept: application/json") && (!r->body || add_header(t, type)) &&
	       (!r->body || add_header(t, "Expect:")) && (!token || add_header(t, bearer)) &&
	       (!t->endpoint->host_header || add_header(t, t->endpoint->host_header));
}

static CURLcode set_request(struct transfer *t, long timeout_ms)
{
	const struct transfer_request *r = t->request;
	CLEANUP(free_p) char *url = xasprintf("%s%s", t->endpoint->url, r->path);
	CURLcode rc = curl_easy_setopt(t->easy, CURLOPT_URL, url);

	if (!rc && r->body) {
		rc = curl_easy_setopt(
			t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body_len);
		if (!rc)
			rc = curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, r->body);
	}
	if (!rc)
		rc = curl_easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, r->method);
	if (!rc)
		rc = curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
	if (!rc)
		rc = curl_easy_setopt(t->easy, CURLOPT_USERAGENT, r->user_agent);
	if (!rc)
		rc = curl_easy_setopt(t->easy, CURLOPT_TIMEOUT_MS, timeout_ms);
	return rc;
}

static CURLcode set_callbacks(struct transfer *t)
{
	CURLcode rc = curl_easy_setopt(t->easy, CURLOPT_ERRORBUFFER, t->curl_says);

	if (!rc)
		rc = curl_easy_setopt(t->easy, CURLOPT_HEADERFUNCTION, on_header);
	if (!rc)
		rc = curl_easy_setopt(t->easy, CURLOPT_HEADERDATA, t);
	if (!rc)
		rc = curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, on_body);
	if (!rc)
		rc = curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
	if (!rc)
		rc = curl_easy_setopt(t->easy, CURLOPT_PREREQFUNCTION, on_send);
	if (!rc)
		rc = curl_easy_setopt(t->easy, CURLOPT_PREREQDATA, t);
	return rc;
}

int transfer_new(const struct endpoint *endpoint, const struct transfer_request *request,
	const char *token, long timeout_ms, struct transfer **ret, struct err *err)
{
	struct transfer *t = xcalloc(1, sizeof(*t));
	CURLcode rc = CURLE_OUT_OF_MEMORY;

	t->request = request;
	t->endpoint = endpoint;
	buf_init(&t->body, request->max_bytes);
	buf_init(&t->lines.partial, request->max_bytes);
	t->easy = curl_easy_init();
	if (t->easy && add_headers(t, token))
		rc = endpoint_apply(endpoint, t->easy);
	if (!rc)
		rc = set_request(t, timeout_ms);
	if (!rc)
		rc = set_callbacks(t);
	if (rc) {
		transfer_free(t);
		return err_set(err, ERR_INTERNAL, "libcurl: %s", curl_easy_strerror(rc));
	}
	*ret = t;
	return 0;
}

void transfer_free(struct transfer *t)
{
	if (!t)
		return;
	curl_easy_cleanup(t->easy);
	curl_slist_free_all(t->headers);
	buf_release(&t->body);
	watch_lines_release(&t->lines);
	free(t);
}

static enum err_kind kind_of(CURLcode code)
{
	switch (code) {
	case CURLE_OPERATION_TIMEDOUT:
		return ERR_TIMEOUT;
	case CURLE_SSL_CERTPROBLEM:
		return ERR_AUTH;
	case CURLE_URL_MALFORMAT:
		return ERR_INVALID;
	case CURLE_OUT_OF_MEMORY:
	case CURLE_FAILED_INIT:
	case CURLE_NOT_BUILT_IN:
	case CURLE_BAD_FUNCTION_ARGUMENT:
		return ERR_INTERNAL;
	default:
		return ERR_IO;
	}
}

static int curl_failed(const struct transfer *t, CURLcode code, struct err *err)
{
	const char *says = *t->curl_says ? t->curl_says : curl_easy_strerror(code);
	long os_errno = 0;

	(void)curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &os_errno);
	if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST)
		(void)err_set(err, ERR_IO, "the API server can't be reached: %s", says);
	else
		(void)err_set(err, kind_of(code), "%s", says);
	if (err)
		err->os_errno = (int)os_errno;
	return -1;
}

static int answer_failed(const struct transfer *t, int status, struct err *err)
{
	curl_off_t seconds = 0;

	(void)curl_easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &seconds);
	if (seconds > LIMIT_RETRY_AFTER_MS / 1000)
		seconds = LIMIT_RETRY_AFTER_MS / 1000;
	return status_error(status, t->request->path, t->body.data, t->body.len,
		seconds > 0 ? (unsigned)seconds * 1000 : 0, err);
}

static int outcome_of(const struct transfer *t, CURLcode code, int *ret_status, struct err *err)
{
	int status = status_of(t);

	if (t->failed.kind != ERR_NONE) {
		if (err)
			*err = t->failed;
		return -1;
	}
	if (t->cut) {
		*ret_status = status;
		return 0;
	}
	/* The error response counts, even if it is incomplete. */
	if (status && !is_success(status) && (!code || t->body.overflowed))
		return answer_failed(t, status, err);
	if (code)
		return curl_failed(t, code, err);
	if (t->lines.partial.len)
		return err_set(err, ERR_IO, "the watch ended in the middle of an event");
	*ret_status = status;
	return 0;
}

bool transfer_accepted(const struct transfer *t)
{
	return is_success(status_of(t));
}

int transfer_result(const struct transfer *t, CURLcode code, int *ret_status, struct err *err)
{
	const char *path = t->request->path;

	if (outcome_of(t, code, ret_status, err) == 0)
		return 0;
	return err_wrap(err, "%s %s%.*s", t->request->method, t->endpoint->server,
		(int)strcspn(path, "?"), path);
}
