#include "server/exchange.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "kube/status.h"
#include "run/clock.h"
#include "run/metrics.h"
#include "server/conn.h"
#include "server/exchange_internal.h"
#include "server/worker.h"

METRIC_GAUGE(bodies, "promogate_http_request_body_bytes", "Bytes of request bodies in memory.");
METRIC_GAUGE(replies, "promogate_http_response_body_bytes",
	"Bytes of large response bodies in memory, not sent yet.");

enum { EXCHANGE_MAGIC = 0x78636867 };

struct exchange *exchange_new(struct MHD_Connection *mhd, struct conn *conn, const char *method)
{
	struct exchange *x = xcalloc(1, sizeof(*x));

	x->magic = EXCHANGE_MAGIC;
	atomic_init(&x->owners, 1);
	x->mhd = mhd;
	x->conn = conn;
	(void)snprintf(x->method, sizeof(x->method), "%s", method);
	x->started_ns = clock_mono_ns();
	lock_init(&x->lock);
	buf_init(&x->reply, LIMIT_RESPONSE_BYTES);
	return x;
}

static void drop_body(struct exchange *x)
{
	if (x->body.len)
		metric_add(metric_at(&bodies), -(int64_t)x->body.len);
	buf_release(&x->body);
}

/* Large ones are counted: small ones are sent at once, or never (tls_io_flush()). */
static void count_reply(struct exchange *x)
{
	lock_assert_held(&x->lock);
	if (!x->conn || x->reply.len <= LIMIT_SERVER_CORK_BYTES)
		return;
	x->reply_counted = x->reply.len;
	atomic_fetch_add(&x->conn->table->reply_bytes, (int64_t)x->reply_counted);
	metric_add(metric_at(&replies), (int64_t)x->reply_counted);
}

static void drop_reply(struct exchange *x)
{
	lock_assert_held(&x->lock);
	buf_release(&x->reply);
	if (!x->reply_counted)
		return;
	atomic_fetch_sub(&x->conn->table->reply_bytes, (int64_t)x->reply_counted);
	metric_add(metric_at(&replies), -(int64_t)x->reply_counted);
	x->reply_counted = 0;
}

static void unref(struct exchange *x)
{
	if (atomic_fetch_sub(&x->owners, 1) != 1)
		return;
	drop_body(x);
	buf_release(&x->reply);
	lock_destroy(&x->lock);
	x->magic = 0;
	free(x);
}

/* An own response, in place of the handler's. */
static void set_own_reply(struct exchange *x, int status, const char *reason, const char *message)
{
	x->status = status;
	x->content_type = STATUS_CONTENT_TYPE;
	buf_reset(&x->reply);
	status_encode(&x->reply, status, reason, message);
}

void exchange_refuse(struct exchange *x, int status, const char *reason, const char *message)
{
	LOCK_SCOPE(&x->lock);

	assert(x->state == EXCHANGE_READING || x->state == EXCHANGE_DROPPED);
	drop_body(x);
	x->refused = true;
	set_own_reply(x, status, reason, message);
}

int exchange_body_add(struct exchange *x, const char *data, size_t len, int64_t max_total)
{
	struct metric_series *total = metric_at(&bodies);
	LOCK_SCOPE(&x->lock);

	if (x->state == EXCHANGE_DROPPED)
		return 0;
	if (x->body.len + len > LIMIT_SERVER_SMALL_BODY_BYTES)
		max_total -= max_total / 4;
	if (metric_value(total) + (int64_t)len > max_total)
		return -1;
	if (buf_addn(&x->body, data, len) < 0)
		return -1;
	metric_add(total, (int64_t)len);
	return 0;
}

int64_t exchange_body_ms(const struct exchange *x)
{
	return (int64_t)(atomic_load(&x->body_seen) / LIMIT_SERVER_BODY_BYTES_PER_MS);
}

bool exchange_drop_body(struct exchange *x)
{
	LOCK_SCOPE(&x->lock);

	if (x->state != EXCHANGE_READING || !x->body.len)
		return false;
	drop_body(x);
	x->state = EXCHANGE_DROPPED;
	return true;
}

bool exchange_drop_reply(struct exchange *x)
{
	LOCK_SCOPE(&x->lock);

	if (x->state != EXCHANGE_SENT || !x->reply_counted)
		return false;
	drop_reply(x);
	x->state = EXCHANGE_DROPPED;
	return true;
}

bool exchange_run(struct exchange *x, const _Atomic bool *stopping)
{
	bool first;

	assert(x->magic == EXCHANGE_MAGIC && x->route);
	lock_lock(&x->lock);
	first = x->state == EXCHANGE_READING;
	if (first)
		x->state = EXCHANGE_RUNNING;
	lock_unlock(&x->lock);
	if (!first)
		return true;
	atomic_fetch_add(&x->owners, 1);
	x->route->handler(x->route->ctx, x);

	LOCK_SCOPE(&x->lock);
	if (x->state == EXCHANGE_READY)
		return true;
	if (atomic_load(stopping)) {
		x->state = EXCHANGE_EXPIRED;
		return true;
	}
	/* Under the lock: a reply from another thread resumes only a suspended connection. */
	x->state = EXCHANGE_WAITING;
	MHD_suspend_connection(x->mhd);
	return false;
}

static void resume(struct exchange *x)
{
	lock_assert_held(&x->lock);
	MHD_resume_connection(x->mhd);
	worker_poke(x->conn->worker);
}

static void set_reply(
	struct exchange *x, int status, const char *content_type, struct buf *body_steal)
{
	x->status = status;
	x->content_type = content_type;
	buf_release(&x->reply);
	x->reply = *body_steal;
	*body_steal = (struct buf)BUF_INIT(x->reply.max);
}

/* Twice the limit for those being sent: as much again may have to wait for its thread. */
static bool reply_fits(const struct exchange *x, size_t len)
{
	return !x->conn || len <= LIMIT_SERVER_CORK_BYTES ||
	       atomic_load(&x->conn->table->reply_bytes) + (int64_t)len <=
		       2 * x->conn->table->limits->replies_bytes;
}

void exchange_reply(
	struct exchange *x, int status, const char *content_type, struct buf *body_steal)
{
	assert(x->magic == EXCHANGE_MAGIC);
	lock_lock(&x->lock);
	drop_body(x);
	assert(!x->replied);
	x->replied = true;
	if (x->state == EXCHANGE_RUNNING || x->state == EXCHANGE_WAITING) {
		if (reply_fits(x, body_steal->len))
			set_reply(x, status, content_type, body_steal);
		else
			set_own_reply(x, MHD_HTTP_SERVICE_UNAVAILABLE, "ServiceUnavailable",
				"too many bytes of responses are unsent; try again");
		count_reply(x);
		if (x->state == EXCHANGE_WAITING)
			resume(x);
		x->state = EXCHANGE_READY;
	}
	lock_unlock(&x->lock);
	buf_release(body_steal);
	unref(x);
}

void exchange_fail(struct exchange *x, int status, const char *reason, const char *message)
{
	CLEANUP(buf_release) struct buf body = BUF_INIT(LIMIT_RESPONSE_BYTES);

	status_encode(&body, status, reason, message);
	exchange_reply(x, status, STATUS_CONTENT_TYPE, &body);
}

void exchange_expire(struct exchange *x, int64_t now_ms)
{
	LOCK_SCOPE(&x->lock);

	if (x->state == EXCHANGE_WAITING && now_ms >= x->deadline_ms) {
		x->state = EXCHANGE_EXPIRED;
		resume(x);
	}
}

bool exchange_sending(struct exchange *x)
{
	LOCK_SCOPE(&x->lock);

	if (x->state == EXCHANGE_DROPPED)
		return false;
	if (x->state == EXCHANGE_EXPIRED)
		set_own_reply(x, MHD_HTTP_GATEWAY_TIMEOUT, "Timeout", "request timed out");
	x->state = EXCHANGE_SENT;
	return true;
}

ssize_t exchange_reply_read(struct exchange *x, uint64_t at, char *to, size_t max)
{
	LOCK_SCOPE(&x->lock);

	if (x->state != EXCHANGE_SENT || at >= x->reply.len)
		return -1;
	if (max > x->reply.len - at)
		max = x->reply.len - at;
	memcpy(to, x->reply.data + at, max);
	return (ssize_t)max;
}

void exchange_over(struct exchange *x)
{
	lock_lock(&x->lock);
	drop_reply(x);
	x->state = EXCHANGE_OVER;
	x->mhd = NULL;
	x->conn = NULL;
	lock_unlock(&x->lock);
	unref(x);
}

const char *exchange_body(const struct exchange *x, size_t *ret_len)
{
	*ret_len = x->body.len;
	return buf_str(&x->body);
}

int64_t exchange_deadline_ms(const struct exchange *x)
{
	return x->deadline_ms;
}
