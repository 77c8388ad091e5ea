#include "server/http.h"

#include <stdio.h>
#include <string.h>

#include <gnutls/abstract.h>
#include <microhttpd.h>

#include "run/clock.h"
#include "run/log.h"
#include "run/metrics.h"
#include "server/exchange_internal.h"
#include "server/request.h"
#include "server/worker.h"

METRIC_COUNTER(requests, "promogate_http_requests_total",
	"Requests answered, by path and status code.", "path", "code");
METRIC_HISTOGRAM(durations, metric_call_bounds, "promogate_http_request_duration_seconds",
	"Request duration, from the headers of the request to the last byte of the response.",
	"path");
METRIC_GAUGE(in_flight, "promogate_http_requests_in_flight",
	"Requests in flight: headers received, response not sent yet.");
METRIC_GAUGE(connections, "promogate_http_connections", "Open connections.", "port");

static struct conn *conn_of(struct MHD_Connection *mhd)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info->socket_context;
}

/* MHD_ContentReaderCallback */
static ssize_t read_reply(void *cls, uint64_t at, char *to, size_t max)
{
	ssize_t n = exchange_reply_read(cls, at, to, max);

	return n < 0 ? MHD_CONTENT_READER_END_WITH_ERROR : n;
}

/* A large one stays with the exchange, which can drop it; libmicrohttpd frees the others. */
static struct MHD_Response *response_with_body(struct exchange *x)
{
	size_t len = x->reply.len;

	if (x->reply_counted)
		return MHD_create_response_from_callback(
			len, LIMIT_SERVER_CORK_BYTES, read_reply, x, NULL);
	return MHD_create_response_from_buffer(len, buf_steal(&x->reply), MHD_RESPMEM_MUST_FREE);
}

static struct MHD_Response *make_response(struct http *h, struct exchange *x)
{
	struct MHD_Response *r = response_with_body(x);
	bool ok = r && MHD_add_response_header(r, "Content-Type", x->content_type) == MHD_YES;

	if (ok && x->allow)
		ok = MHD_add_response_header(r, "Allow", x->allow) == MHD_YES;
	if (ok && atomic_load_explicit(&h->draining, memory_order_relaxed))
		ok = MHD_add_response_header(r, "Connection", "close") == MHD_YES;
	if (!ok && r) {
		MHD_destroy_response(r);
		r = NULL;
	}
	return r;
}

static enum MHD_Result answer(struct http *h, struct exchange *x)
{
	struct MHD_Response *r;
	enum MHD_Result ret;

	if (!exchange_sending(x))
		return MHD_NO;
	tls_io_hold(&x->conn->tls_io, x->reply.len);
	r = make_response(h, x);
	if (!r)
		return MHD_NO;
	conn_send(x->conn, clock_mono_ms());
	ret = MHD_queue_response(x->mhd, (unsigned)x->status, r);
	MHD_destroy_response(r);
	return ret;
}

static enum MHD_Result begin(struct http *h, struct MHD_Connection *mhd, const char *url,
	const char *method, struct exchange **ret)
{
	struct conn *c = conn_of(mhd);
	struct exchange *x = exchange_new(mhd, c, method);

	*ret = x;
	atomic_fetch_add(&h->in_flight, 1);
	metric_add(metric_at(&in_flight), 1);
	conn_begin(c, x, x->started_ns / 1000000);
	x->early = request_begin(x, h->routes, h->route_count, h->limits, url);
	return x->early ? answer(h, x) : MHD_YES;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *mhd, const char *url,
	const char *method, const char *version, const char *data, size_t *len, void **ctx)
{
	struct http *h = cls;
	struct exchange *x = *ctx;

	(void)version;
	if (!x)
		return begin(h, mhd, url, method, (struct exchange **)ctx);
	if (*len) {
		int ret = request_body(x, data, *len, h->limits);

		*len = 0;
		return ret < 0 ? MHD_NO : MHD_YES;
	}
	/* The whole request has arrived; or its connection was resumed, which needs a response. */
	if (!x->refused) {
		conn_decide(x->conn, clock_mono_ms());
		if (!exchange_run(x, &h->stopping))
			return MHD_YES;
	}
	return answer(h, x);
}

static void count(const struct exchange *x, bool complete, int64_t now_ns)
{
	const char *path = x->route ? x->route->path : "other";
	char code[12] = "aborted";

	if (complete)
		(void)snprintf(code, sizeof(code), "%d", x->status);
	metric_add(metric_at(&requests, path, code), 1);
	metric_observe_ns(metric_at(&durations, path), now_ns - x->started_ns);
	metric_add(metric_at(&in_flight), -1);
}

static void on_completed(
	void *cls, struct MHD_Connection *mhd, void **ctx, enum MHD_RequestTerminationCode why)
{
	bool complete = why == MHD_REQUEST_TERMINATED_COMPLETED_OK;
	struct exchange *x = *ctx;
	struct http *h = cls;
	struct conn *c;
	int64_t now_ns;

	(void)mhd;
	if (!x)
		return;
	*ctx = NULL;
	c = x->conn;
	if (complete) {
		int flushed = tls_io_flush(&c->tls_io);

		complete = flushed == 0;
		if (flushed > 0)
			conn_give_up(c, "slow_reader");
	}
	now_ns = clock_mono_ns();
	if (complete && x->early)
		lingering_close_add(&h->lingering, c->fd, now_ns / 1000000);
	conn_end(c, complete, now_ns / 1000000);
	count(x, complete, now_ns);
	exchange_over(x);
	atomic_fetch_sub(&h->in_flight, 1);
}

static void on_connection(void *cls, struct MHD_Connection *mhd, void **socket_context,
	enum MHD_ConnectionNotificationCode code)
{
	struct http *h = cls;
	struct conn *c;
	int fd;

	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		conn_free(*socket_context);
		*socket_context = NULL;
		return;
	}
	fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	c = conn_new(&h->conns, fd, worker_self(), worker_accepted_ms(fd));
	tls_io_init(&c->tls_io, mhd, c->fd, &c->cut,
		h->tls ? MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION)
				 ->tls_session
		       : NULL,
		h->tls ? tls_current(h->tls) : NULL);
	*socket_context = c;
}

__attribute__((format(printf, 2, 0))) static void on_log(void *cls, const char *fmt, va_list ap)
{
	char line[512];
	size_t len;

	(void)cls;
	/* It reports what clients do, which needs nobody's attention. */
	if (!log_wants(LOG_DEBUG))
		return;
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	len = strlen(line);
	while (len && line[len - 1] == '\n')
		line[--len] = '\0';
	log_event(LOG_DEBUG, "libmicrohttpd", LOG_STR("says", line), LOG_END);
}

/* Each session gets its credentials when its connection is accepted: this is never called. */
static int no_certificate(gnutls_session_t session, const struct gnutls_cert_retr_st *info,
	gnutls_pcert_st **certs, unsigned *count_, gnutls_ocsp_data_st **ocsp, unsigned *ocsp_count,
	gnutls_privkey_t *key, unsigned *flags)
{
	(void)session, (void)info, (void)certs, (void)count_;
	(void)ocsp, (void)ocsp_count, (void)key, (void)flags;
	return -1;
}

static struct MHD_Daemon *make_daemon(struct http *h)
{
	unsigned flags = MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME |
			 MHD_USE_ERROR_LOG | (h->tls ? MHD_USE_TLS : 0);
	struct MHD_OptionItem tls[] = {
		{MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)TLS_PRIORITIES},
		{MHD_OPTION_HTTPS_CERT_CALLBACK2, 0, (void *)no_certificate},
		{MHD_OPTION_END, 0, NULL},
	};
	struct MHD_OptionItem options[] = {
		{MHD_OPTION_EXTERNAL_LOGGER, (intptr_t)on_log, NULL},
		{MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)on_completed, h},
		{MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)on_connection, h},
		{MHD_OPTION_CONNECTION_MEMORY_LIMIT, LIMIT_SERVER_CONNECTION_BYTES, NULL},
		/* Our own is called first. */
		{MHD_OPTION_CONNECTION_LIMIT,
			(intptr_t)h->limits->connections + LIMIT_SERVER_CLOSING + 64, NULL},
		{MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL},
		{h->tls ? MHD_OPTION_ARRAY : MHD_OPTION_END, 0, tls},
		{MHD_OPTION_END, 0, NULL},
	};

	return MHD_start_daemon(
		flags, 0, NULL, NULL, on_request, h, MHD_OPTION_ARRAY, options, MHD_OPTION_END);
}

static int start_worker(struct http *h, struct err *err)
{
	struct MHD_Daemon *daemon = make_daemon(h);
	char name[16];

	if (!daemon)
		return err_set(err, ERR_INTERNAL, "libmicrohttpd failed to start");
	(void)snprintf(name, sizeof(name), "server-%s-%u", h->tls ? "tls" : "plain",
		h->worker_count % 100);
	if (worker_start(daemon, name, &h->workers[h->worker_count], err) < 0)
		return -1;
	h->worker_count++;
	return 0;
}

int http_start(struct http *h, const struct server_port *port, const struct server_limits *limits,
	struct tls_store *tls, struct err *err)
{
	unsigned count = port->threads ? port->threads : 1;

	if (count > HTTP_WORKERS)
		count = HTTP_WORKERS;
	*h = (struct http){
		.routes = port->routes,
		.route_count = port->route_count,
		.limits = limits,
		.tls = tls,
		.started = true,
	};
	lingering_close_init(&h->lingering);
	conns_init(&h->conns, limits, metric_at(&connections, tls ? "tls" : "plain"));
	while (h->worker_count < count) {
		if (start_worker(h, err) < 0) {
			http_stop(h);
			return -1;
		}
	}
	return 0;
}

void http_serve(struct http *h, int fd_take, int64_t accepted_ms)
{
	worker_serve(h->workers[h->next_worker], fd_take, accepted_ms);
	h->next_worker = (h->next_worker + 1) % h->worker_count;
}

void http_describe(struct http *h, struct crowd *ret)
{
	ret->limit = h->limits->connections;
	ret->arriving = 0;
	for (unsigned i = 0; i < h->worker_count; i++)
		ret->arriving += worker_arriving(h->workers[i]);
	conns_describe(&h->conns, ret);
}

void http_stop(struct http *h)
{
	if (!h->started)
		return;
	h->started = false;
	while (h->worker_count)
		worker_stop(h->workers[--h->worker_count]);
	conns_release(&h->conns);
	lingering_close_release(&h->lingering);
}
