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
	for (int i = 0; i < CONN_LISTS; i++)
		TAILQ_INIT(&t->lists[i]);
	lock_init(&t->lock);
}

void conns_release(struct conns *t)
{
	for (int i = 0; i < CONN_LISTS; i++)
		assert(TAILQ_EMPTY(&t->lists[i]));
	lock_destroy(&t->lock);
}

unsigned conns_count(struct conns *t)
{
	unsigned n = 0;
	LOCK_SCOPE(&t->lock);

	for (int i = 0; i < CONN_LISTS; i++)
		n += t->counts[i];
	return n;
}

unsigned conns_unproven(struct conns *t)
{
	struct conn *c;
	unsigned n = 0;
	LOCK_SCOPE(&t->lock);

	for (int i = 0; i < CONNS_CUT; i++)
		TAILQ_FOREACH (c, &t->lists[i], link)
			n += !c->proven;
	return n;
}

static void leave_list(struct conn *c)
{
	TAILQ_REMOVE(&c->table->lists[c->list], c, link);
	c->table->counts[c->list]--;
}

static void enter_list(struct conn *c, enum conn_list list, int64_t now_ms)
{
	c->list = list;
	c->listed_ms = now_ms;
	TAILQ_INSERT_TAIL(&c->table->lists[list], c, link);
	c->table->counts[list]++;
}

static enum conn_list list_of(enum conn_stage stage)
{
	switch (stage) {
	case CONN_DECIDING:
		return CONNS_DECIDING;
	case CONN_IDLE:
		return CONNS_IDLE;
	default:
		return CONNS_UNFINISHED;
	}
}

static void set_stage(struct conn *c, enum conn_stage stage, int64_t now_ms)
{
	enum conn_list list = list_of(stage);

	lock_assert_held(&c->table->lock);
	assert(c->magic == CONN_MAGIC);
	c->stage = stage;
	if (c->list == list || c->cut)
		return;
	leave_list(c);
	enter_list(c, list, now_ms);
}

struct conn *conn_new(struct conns *t, int fd, struct worker *worker, int64_t accepted_ms)
{
	struct conn *c = xcalloc(1, sizeof(*c));

	c->magic = CONN_MAGIC;
	c->table = t;
	c->fd = fd;
	c->worker = worker;
	c->accepted_ms = accepted_ms;
	metric_add(t->gauge, 1);
	LOCK_SCOPE(&t->lock);
	enter_list(c, CONNS_UNFINISHED, accepted_ms);
	return c;
}

void conn_free(struct conn *c)
{
	if (!c)
		return;
	assert(c->magic == CONN_MAGIC && !c->exchange);
	lock_lock(&c->table->lock);
	leave_list(c);
	lock_unlock(&c->table->lock);
	metric_add(c->table->gauge, -1);
	tls_io_release(&c->tls_io);
	c->magic = 0;
	free(c);
}

void conn_begin(struct conn *c, struct exchange *x, int64_t now_ms)
{
	LOCK_SCOPE(&c->table->lock);

	assert(!c->exchange);
	c->exchange = x;
	/* If its first bytes were seen earlier, the time starts there. */
	c->since_ms = c->partial_ms ? c->partial_ms : now_ms;
	set_stage(c, CONN_READING, now_ms);
}

void conn_decide(struct conn *c, int64_t now_ms)
{
	LOCK_SCOPE(&c->table->lock);

	set_stage(c, CONN_DECIDING, now_ms);
}

void conn_end(struct conn *c, bool complete, int64_t now_ms)
{
	LOCK_SCOPE(&c->table->lock);

	c->exchange = NULL;
	c->since_ms = now_ms;
	c->idle_bytes = 0;
	c->partial_ms = 0;
	if (complete)
		c->proven = true;
	set_stage(c, c->proven ? CONN_IDLE : CONN_NEW, now_ms);
}

static void cut(struct conn *c, const char *why)
{
	lock_assert_held(&c->table->lock);
	leave_list(c);
	enter_list(c, CONNS_CUT, 0);
	c->cut = true;
	metric_add(metric_at(&cut_total, why), 1);
	/* A failure means that the connection is over already. */
	(void)shutdown(c->fd, SHUT_RDWR);
}

void conn_give_up(struct conn *c, const char *why)
{
	LOCK_SCOPE(&c->table->lock);

	if (!c->cut)
		cut(c, why);
}

/* The oldest unfinished connection in this stage that held something, which drop() has freed. */
static bool displace(struct conn *except, enum conn_stage stage, bool drop(struct exchange *x))
{
	struct conn *c;

	lock_assert_held(&except->table->lock);
	TAILQ_FOREACH (c, &except->table->lists[CONNS_UNFINISHED], link) {
		if (c == except || c->stage != stage || !drop(c->exchange))
			continue;
		cut(c, stage == CONN_READING ? "bodies_full" : "responses_full");
		return true;
	}
	return false;
}

bool conn_displace_body(struct conn *c)
{
	LOCK_SCOPE(&c->table->lock);

	return displace(c, CONN_READING, exchange_drop_body);
}

void conn_send(struct conn *c, int64_t now_ms)
{
	struct conns *t = c->table;
	LOCK_SCOPE(&t->lock);

	set_stage(c, CONN_SENDING, now_ms);
	while (atomic_load(&t->reply_bytes) > t->limits->replies_bytes &&
		displace(c, CONN_SENDING, exchange_drop_reply))
		;
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

/* When the first bytes of a request have come; 0: not yet. */
static int64_t partial_since(struct conn *c, int64_t now_ms)
{
	uint64_t bytes;

	if (c->partial_ms)
		return c->partial_ms;
	bytes = received_bytes(c->fd);
	if (!c->idle_bytes)
		c->idle_bytes = bytes;
	else if (bytes > c->idle_bytes)
		c->partial_ms = now_ms;
	return c->partial_ms;
}

/* Why it has to go; NULL: it may stay. */
static const char *overdue(struct conn *c, const struct server_limits *limits, int64_t now_ms)
{
	int64_t age = now_ms - c->since_ms;
	int64_t partial_ms;

	if (!c->proven && now_ms - c->accepted_ms > limits->first_request_ms)
		return "no_request";
	switch (c->stage) {
	case CONN_READING:
		if (age > limits->body_ms + exchange_body_ms(c->exchange))
			return "slow_body";
		return age > limits->request_ms ? "slow_request" : NULL;
	case CONN_SENDING:
		return age > limits->request_ms ? "slow_request" : NULL;
	case CONN_IDLE:
		if (age > limits->idle_ms)
			return "idle";
		partial_ms = partial_since(c, now_ms);
		return partial_ms && now_ms - partial_ms > limits->request_ms ? "slow_headers"
									      : NULL;
	default:
		return NULL;
	}
}

static void expire_waits(struct conns *t, int64_t now_ms)
{
	struct conn *c;

	lock_assert_held(&t->lock);
	TAILQ_FOREACH (c, &t->lists[CONNS_DECIDING], link)
		exchange_expire(c->exchange, now_ms);
}

void conns_sweep(struct conns *t, int64_t now_ms)
{
	static const enum conn_list swept[] = {CONNS_UNFINISHED, CONNS_IDLE};
	LOCK_SCOPE(&t->lock);

	expire_waits(t, now_ms);
	for (size_t i = 0; i < ARRAY_SIZE(swept); i++) {
		for (struct conn *c = TAILQ_FIRST(&t->lists[swept[i]]), *next; c; c = next) {
			const char *why = overdue(c, t->limits, now_ms);

			next = TAILQ_NEXT(c, link);
			if (why)
				cut(c, why);
		}
	}
}

void conns_describe(struct conns *t, struct crowd *ret)
{
	const struct conn *oldest;
	LOCK_SCOPE(&t->lock);

	oldest = TAILQ_FIRST(&t->lists[CONNS_UNFINISHED]);
	ret->unfinished = t->counts[CONNS_UNFINISHED];
	ret->unfinished_ms = oldest ? oldest->listed_ms : 0;
	ret->deciding = t->counts[CONNS_DECIDING];
	ret->idle = t->counts[CONNS_IDLE];
	ret->closing = t->counts[CONNS_CUT];
}

void conns_cut_oldest(struct conns *t, enum conn_list list)
{
	struct conn *c;
	LOCK_SCOPE(&t->lock);

	c = TAILQ_FIRST(&t->lists[list]);
	/* A request that arrives now is lost: its client retries. */
	if (c)
		cut(c, "full");
}

void conns_expire_all(struct conns *t)
{
	LOCK_SCOPE(&t->lock);

	expire_waits(t, INT64_MAX);
}
