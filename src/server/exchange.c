#include "server/exchange.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "kube/status.h"
#include "run/clock.h"
#include "run/metrics.h"
#include "server/conn.h"
#include "server/exchange_internal.h"
#include "server/worker.h"

METRIC_GAUGE(bodies, "promogate_http_request_body_bytes", "Bytes of request bodies in memory.");

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

void exchange_refuse(struct exchange *x, int status, const char *reason, const char *message)
{
	drop_body(x);
	LOCK_SCOPE(&x->lock);

	assert(x->state == EXCHANGE_READING);
	x->refused = true;
	x->status = status;
	x->content_type = STATUS_CONTENT_TYPE;
	buf_reset(&x->reply);
	status_encode(&x->reply, status, reason, message);
}

int exchange_body_add(struct exchange *x, const char *data, size_t len, int64_t max_total)
{
	struct metric_series *total = metric_at(&bodies);

	if (x->body.len + len > LIMIT_SERVER_SMALL_BODY_BYTES)
		max_total -= max_total / 4;
	if (metric_value(total) + (int64_t)len > max_total)
		return -1;
	if (buf_addn(&x->body, data, len) < 0)
		return -1;
	metric_add(total, (int64_t)len);
	return 0;
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

void exchange_reply(
	struct exchange *x, int status, const char *content_type, struct buf *body_steal)
{
	assert(x->magic == EXCHANGE_MAGIC);
	drop_body(x);
	lock_lock(&x->lock);
	assert(!x->replied);
	x->replied = true;
	if (x->state == EXCHANGE_RUNNING || x->state == EXCHANGE_WAITING) {
		x->status = status;
		x->content_type = content_type;
		buf_release(&x->reply);
		x->reply = *body_steal;
		*body_steal = (struct buf)BUF_INIT(x->reply.max);
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

bool exchange_expire(struct exchange *x, int64_t now_ms)
{
	LOCK_SCOPE(&x->lock);

	if (x->state == EXCHANGE_WAITING && now_ms >= x->deadline_ms) {
		x->state = EXCHANGE_EXPIRED;
		resume(x);
	}
	return x->state == EXCHANGE_WAITING || x->state == EXCHANGE_EXPIRED;
}

void exchange_sending(struct exchange *x)
{
	LOCK_SCOPE(&x->lock);

	if (x->state == EXCHANGE_EXPIRED) {
		x->status = MHD_HTTP_GATEWAY_TIMEOUT;
		x->content_type = STATUS_CONTENT_TYPE;
		buf_reset(&x->reply);
		status_encode(&x->reply, x->status, "Timeout", "request timed out");
	}
	x->state = EXCHANGE_SENT;
}

void exchange_over(struct exchange *x)
{
	lock_lock(&x->lock);
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
