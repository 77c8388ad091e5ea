#include "server/server.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <microhttpd.h>

#include "run/clock.h"
#include "server/acceptor.h"
#include "server/health.h"
#include "server/http.h"
#include "server/listen.h"
#include "server/mhd_version.h"

enum { TLS, PLAIN, PORTS };
enum { NEWCOMERS_MS = 50 };

struct server {
	struct server_config config;
	struct route *plain_routes; /* health's and the caller's */
	struct health health;
	struct tls_store tls;
	struct http http[PORTS];
	uint16_t numbers[PORTS]; /* 0: not in use */
	struct acceptor acceptor;
	_Atomic bool draining;
	bool running;
};

static int ready(void *ctx, struct buf *reasons)
{
	struct server *s = ctx;
	int ret = s->config.ready ? s->config.ready(s->config.ready_ctx, reasons) : 0;
	int expired = s->config.tls.address ? tls_expired(&s->tls, clock_wall_ms()) : 0;

	if (atomic_load(&s->draining)) {
		(void)buf_add(reasons, "shutting down\n");
		ret = -1;
	}
	if (expired) {
		(void)buf_add(reasons,
			expired < 0 ? "no serving certificate yet\n"
				    : "the serving certificate has expired, or is about to\n");
		ret = -1;
	}
	return ret;
}

/* File descriptors for all connections, as far as the hard limit allows. */
static void raise_file_limit(const struct server_limits *limits)
{
	rlim_t want = (rlim_t)(limits->connections + LIMIT_SERVER_CLOSING) * PORTS + 256;
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) < 0 || r.rlim_cur >= want)
		return;
	r.rlim_cur = want < r.rlim_max ? want : r.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &r);
}

static int start_port(struct server *s, int which, const struct server_port *config,
	struct tls_store *tls, struct err *err)
{
	struct acceptor_port *p = &s->acceptor.ports[which];

	if (!config->address)
		return 0;
	if (listen_open(config->address, &p->fd, &s->numbers[which], err) < 0)
		return -1;
	p->name = tls ? "tls" : "plain";
	p->http = &s->http[which];
	return http_start(p->http, config, &s->config.limits, tls, err);
}

/* The caller's routes on the plain port, after the built-in ones. */
static struct server_port plain_port(struct server *s)
{
	struct server_port plain = s->config.plain;

	health_init(&s->health, ready, s);
	s->plain_routes = xcalloc(HEALTH_ROUTES + plain.route_count, sizeof(*s->plain_routes));
	memcpy(s->plain_routes, s->health.routes, sizeof(s->health.routes));
	if (plain.route_count)
		memcpy(s->plain_routes + HEALTH_ROUTES, plain.routes,
			plain.route_count * sizeof(*plain.routes));
	plain.routes = s->plain_routes;
	plain.route_count += HEALTH_ROUTES;
	return plain;
}

static int start_all(struct server *s, struct err *err)
{
	struct server_port plain = plain_port(s);

	if (s->config.cert_file && tls_load(&s->tls, err) < 0)
		return -1;
	s->acceptor.limits = &s->config.limits;
	s->acceptor.cert_poll_ms = s->config.cert_poll_ms;
	s->acceptor.tls = &s->tls;
	if (start_port(s, TLS, &s->config.tls, &s->tls, err) < 0 ||
		start_port(s, PLAIN, &plain, NULL, err) < 0 ||
		acceptor_start(&s->acceptor, err) < 0)
		return -1;
	s->running = true;
	return 0;
}

int server_start(const struct server_config *config, struct server **ret, struct err *err)
{
	CLEANUP(server_free_p) struct server *s = xcalloc(1, sizeof(*s));

	s->config = *config;
	if (!s->config.cert_poll_ms)
		s->config.cert_poll_ms = 1000;
	acceptor_init(&s->acceptor);
	tls_init(&s->tls, config->cert_file, config->key_file, config->client_ca_file);
	if (!config->tls.address && !config->plain.address)
		return err_set(err, ERR_INVALID, "no address to listen on");
	if (!config->cert_file != !config->key_file)
		return err_set(err, ERR_INVALID, "a certificate file needs a key file");
	if (mhd_version_check(MHD_get_version(), err) < 0)
		return -1;
	raise_file_limit(&config->limits);
	if (start_all(s, err) < 0)
		return -1;
	*ret = STEAL(s);
	return 0;
}

uint16_t server_tls_port(const struct server *s)
{
	return s->numbers[TLS];
}

uint16_t server_plain_port(const struct server *s)
{
	return s->numbers[PLAIN];
}

int server_set_certificate(
	struct server *s, const char *cert_pem, const char *key_pem, struct err *err)
{
	return tls_set(&s->tls, cert_pem, key_pem, err);
}

void server_drain(struct server *s)
{
	atomic_store(&s->draining, true);
	for (int i = 0; i < PORTS; i++)
		atomic_store(&s->http[i].draining, true);
}

static unsigned in_flight(struct server *s)
{
	return atomic_load(&s->http[TLS].in_flight) + atomic_load(&s->http[PLAIN].in_flight);
}

static void wait_for_flights(struct server *s, int64_t limit_ms)
{
	int64_t deadline = clock_mono_ms() + limit_ms;

	while (in_flight(s) && clock_mono_ms() < deadline)
		(void)poll(NULL, 0, 5);
}

/*
 * A client that has just finished its handshake may have sent a request that the server has not
 * seen yet: new connections get a moment to become requests in flight.
 */
static void wait_for_newcomers(struct server *s, int64_t limit_ms)
{
	int64_t deadline = clock_mono_ms() + limit_ms;
	bool any = true;

	for (int64_t pause = NEWCOMERS_MS; any && clock_mono_ms() < deadline; pause = 5) {
		(void)poll(NULL, 0, (int)pause);
		any = acceptor_waiting(&s->acceptor) > 0;
		for (int i = 0; i < PORTS; i++)
			if (s->numbers[i])
				any |= conns_unproven(&s->http[i].conns) > 0;
	}
}

void server_stop(struct server *s)
{
	if (!s->running)
		return;
	s->running = false;
	server_drain(s);
	acceptor_close(&s->acceptor);
	wait_for_newcomers(s, s->config.limits.sweep_ms);
	wait_for_flights(s, s->config.limits.stop_ms);
	/* Every exchange that still waits for its handler gets a response; no new one waits. */
	for (int i = 0; i < PORTS; i++) {
		atomic_store(&s->http[i].stopping, true);
		if (s->numbers[i])
			conns_expire_all(&s->http[i].conns);
	}
	wait_for_flights(s, s->config.limits.sweep_ms);
	acceptor_stop(&s->acceptor);
	for (int i = 0; i < PORTS; i++)
		http_stop(&s->http[i]);
}

void server_free(struct server *s)
{
	if (!s)
		return;
	server_stop(s);
	/* After a start that failed halfway. */
	acceptor_stop(&s->acceptor);
	for (int i = 0; i < PORTS; i++)
		http_stop(&s->http[i]);
	tls_release(&s->tls);
	free(s->plain_routes);
	free(s);
}
