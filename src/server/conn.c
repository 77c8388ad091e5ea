#include "server/conn.h"

#include <assert.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "server/exchange_internal.h"

METRIC_COUNTER(cut_total, "promogate_http_connections_cut_total",
	"Connections closed by the server, by reason.", "why");

enum { CONN_MAGIC = 0x636f6e6e };

void conns_init(struct conns *t, const struct server_limits *limits, struct metric_series *gauge)
{
	*t = (struct conns){.limits = limits, .gauge = gauge};
	TAILQ_INIT(&t->list);
	lock_init(&t->lock);
}

void conns_release(struct conns *t)
{
	assert(TAILQ_EMPTY(&t->list));
	lock_destroy(&t->lock);
}

unsigned conns_count(struct conns *t)
{
	LOCK_SCOPE(&t->lock);

	return t->count;
}

unsigned conns_unproven(struct conns *t)
{
	struct conn *c;
	unsigned n = 0;
	LOCK_SCOPE(&t->lock);

	TAILQ_FOREACH (c, &t->list, link) {
		lock_lock(&c->lock);
		n += !c->proven && !c->cut;
		lock_unlock(&c->lock);
	}
	return n;
}

struct conn *conn_new(struct conns *t, int fd, struct worker *worker, int64_t accepted_ms)
{
	struct conn *c = xcalloc(1, sizeof(*c));

	c->magic = CONN_MAGIC;
	c->table = t;
	c->fd = fd;
	c->worker = worker;
	c->accepted_ms = accepted_ms;
	lock_init(&c->lock);
	metric_add(t->gauge, 1);

	lock_lock(&t->lock);
	TAILQ_INSERT_TAIL(&t->list, c, link);
	t->count++;
	lock_unlock(&t->lock);
	return c;
}

void conn_free(struct conn *c)
{
	struct conns *t;

	if (!c)
		return;
	assert(c->magic == CONN_MAGIC && !c->exchange);
	t = c->table;
	lock_lock(&t->lock);
	TAILQ_REMOVE(&t->list, c, link);
	t->count--;
	lock_unlock(&t->lock);

	metric_add(t->gauge, -1);
	tls_io_release(&c->tls_io);
	lock_destroy(&c->lock);
	c->magic = 0;
	free(c);
}

void conn_begin(struct conn *c, struct exchange *x, int64_t now_ms)
{
	LOCK_SCOPE(&c->lock);

	assert(c->magic == CONN_MAGIC && !c->exchange);
	c->exchange = x;
	/* If its first bytes were seen earlier, the time starts there. */
	c->since_ms = c->partial_ms ? c->partial_ms : now_ms;
}

void conn_end(struct conn *c, bool complete, int64_t now_ms)
{
	LOCK_SCOPE(&c->lock);

	c->exchange = NULL;
	c->since_ms = now_ms;
	c->idle_bytes = 0;
	c->partial_ms = 0;
	if (complete)
		c->proven = true;
}

static void cut(struct conn *c, const char *why)
{
	lock_assert_held(&c->lock);
	c->cut = true;
	metric_add(metric_at(&cut_total, why), 1);
	/* A failure means that the connection is over already. */
	(void)shutdown(c->fd, SHUT_RDWR);
}

void conn_give_up(struct conn *c, const char *why)
{
	LOCK_SCOPE(&c->lock);

	if (!c->cut)
		cut(c, why);
}

/* 0 if the kernel does not report it. */
static uint64_t received_bytes(int fd)
{
	struct tcp_info info = {0};
	socklen_t len = sizeof(info);

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) < 0 ||
		len < offsetof(struct tcp_info, tcpi_bytes_received) +
				sizeof(info.tcpi_bytes_received))
		return 0;
	return info.tcpi_bytes_received;
}

static void sweep_idle(struct conn *c, const struct server_limits *limits, int64_t now_ms)
{
	uint64_t bytes;

	if (now_ms - c->since_ms > limits->idle_ms) {
		cut(c, "idle");
		return;
	}
	if (c->partial_ms) {
		if (now_ms - c->partial_ms > limits->request_ms)
			cut(c, "slow_headers");
		return;
	}
	bytes = received_bytes(c->fd);
	if (!c->idle_bytes)
		c->idle_bytes = bytes;
	else if (bytes > c->idle_bytes)
		c->partial_ms = now_ms;
}

static void sweep_one(struct conn *c, const struct server_limits *limits, int64_t now_ms)
{
	LOCK_SCOPE(&c->lock);

	if (c->cut)
		return;
	if (c->exchange && exchange_expire(c->exchange, now_ms))
		return; /* it waits for its handler, or the wait was just ended */
	if (!c->proven && now_ms - c->accepted_ms > limits->first_request_ms)
		cut(c, "no_request");
	else if (c->exchange && now_ms - c->since_ms > limits->request_ms)
		cut(c, "slow_request");
	else if (c->proven && !c->exchange)
		sweep_idle(c, limits, now_ms);
}

void conns_sweep(struct conns *t, int64_t now_ms)
{
	struct conn *c;
	LOCK_SCOPE(&t->lock);

	TAILQ_FOREACH (c, &t->list, link)
		sweep_one(c, t->limits, now_ms);
}

/* Smaller goes first; INT64_MAX: must stay. */
static int64_t cut_rank(struct conn *c)
{
	LOCK_SCOPE(&c->lock);

	if (c->cut || c->exchange)
		return INT64_MAX;
	return c->proven ? c->since_ms : c->accepted_ms - INT64_MAX / 2;
}

bool conns_cut_one(struct conns *t)
{
	int64_t best = INT64_MAX;
	struct conn *victim = NULL, *c;
	LOCK_SCOPE(&t->lock);

	TAILQ_FOREACH (c, &t->list, link) {
		int64_t rank = cut_rank(c);

		if (rank < best) {
			best = rank;
			victim = c;
		}
	}
	if (!victim)
		return false;
	lock_lock(&victim->lock);
	/* A request that arrives now is lost: its client retries. */
	cut(victim, "full");
	lock_unlock(&victim->lock);
	return true;
}

void conns_expire_all(struct conns *t)
{
	struct conn *c;
	LOCK_SCOPE(&t->lock);

	TAILQ_FOREACH (c, &t->list, link) {
		lock_lock(&c->lock);
		if (c->exchange)
			(void)exchange_expire(c->exchange, INT64_MAX);
		lock_unlock(&c->lock);
	}
}
