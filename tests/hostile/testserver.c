/*
 * testserver - the server with handlers that do nothing of use, for tests/hostile/ and for measuring:
 *
 *	testserver TLS-ADDRESS PLAIN-ADDRESS CERT KEY [THREADS
 *		[FIRST_MS REQUEST_MS IDLE_MS [CONNECTIONS]]]
 *
 * POST /echo answers with the body. POST /later does the same from another thread after 50 ms. POST
 * /never does not answer in time. Prints "TLS-PORT PLAIN-PORT" once it listens; SIGTERM drains for
 * 3 s: a busy machine takes long from one request of a test to the next.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/str.h"
#include "run/lock.h"
#include "run/log.h"
#include "run/signal.h"
#include "server/server.h"

static struct lock kept_lock = LOCK_INIT;
static struct exchange *kept[1000];
static size_t kept_count;

static void reply_body(struct exchange *x)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT(LIMIT_REVIEW_BYTES);
	const char *body;
	size_t len;

	body = exchange_body(x, &len);
	(void)buf_addn(&b, body, len);
	exchange_reply(x, 200, "application/json", &b);
}

static void echo(void *ctx, struct exchange *x)
{
	(void)ctx;
	reply_body(x);
}

static void *reply_later(void *arg)
{
	(void)usleep(50000);
	reply_body(arg);
	return NULL;
}

static void later(void *ctx, struct exchange *x)
{
	pthread_t t;

	(void)ctx;
	if (pthread_create(&t, NULL, reply_later, x) || pthread_detach(t))
		abort();
}

/* Holds the exchange until the server has stopped: replies may come that late. */
static void never(void *ctx, struct exchange *x)
{
	(void)ctx;
	lock_lock(&kept_lock);
	if (kept_count == ARRAY_SIZE(kept))
		abort();
	kept[kept_count++] = x;
	lock_unlock(&kept_lock);
}

static int64_t number(int argc, char **argv, int i, int64_t otherwise)
{
	int64_t n;

	return i < argc && str_to_int64(argv[i], &n) == 0 ? n : otherwise;
}

int main(int argc, char **argv)
{
	static const struct route routes[] = {
		{"/echo", "POST", "application/json", echo, NULL},
		{"/later", "POST", "application/json", later, NULL},
		{"/never", "POST", "application/json", never, NULL},
	};
	struct server_config config = {.limits = SERVER_LIMITS_INIT};
	struct err err = ERR_INIT;
	struct server *s;

	if (argc < 5)
		return 2;
	config.tls = (struct server_port){argv[1], routes, ARRAY_SIZE(routes), 2};
	config.plain = (struct server_port){argv[2], routes, ARRAY_SIZE(routes), 1};
	config.cert_file = argv[3];
	config.key_file = argv[4];
	config.cert_poll_ms = 100;
	config.tls.threads = (unsigned)number(argc, argv, 5, 2);
	config.limits.first_request_ms = number(argc, argv, 6, config.limits.first_request_ms);
	config.limits.request_ms = number(argc, argv, 7, config.limits.request_ms);
	config.limits.idle_ms = number(argc, argv, 8, config.limits.idle_ms);
	config.limits.body_ms = config.limits.request_ms;
	config.limits.connections = (unsigned)number(argc, argv, 9, config.limits.connections);
	if (argc > 6)
		config.limits.sweep_ms = 50;
	log_set_level(getenv("TESTSERVER_DEBUG") ? LOG_DEBUG : LOG_WARN);
	signal_setup();
	if (server_start(&config, &s, &err) < 0) {
		log_event(LOG_ERROR, "failed to start", LOG_ERR(&err), LOG_END);
		return 1;
	}
	(void)printf("%u %u\n", server_tls_port(s), server_plain_port(s));
	(void)fflush(stdout);
	(void)signal_wait(-1);
	server_drain(s);
	(void)signal_wait(3000);
	server_stop(s);
	server_free(s);
	while (kept_count)
		exchange_fail(kept[--kept_count], 500, "InternalError", "far too late");
	return 0;
}
