#include "server/health.h"

#include "run/metrics.h"

#define TEXT "text/plain; charset=utf-8"

/* A few lines of reasons. */
enum { TEXT_BYTES = 16 * 1024 };

static void healthz(void *ctx, struct exchange *x)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT(TEXT_BYTES);

	(void)ctx;
	(void)buf_add(&b, "ok\n");
	exchange_reply(x, 200, TEXT, &b);
}

static void readyz(void *ctx, struct exchange *x)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT(TEXT_BYTES);
	struct health *h = ctx;
	int status = 200;

	if (h->ready(h->ctx, &b) < 0)
		status = 503;
	else
		buf_reset(&b);
	if (!b.len)
		(void)buf_add(&b, status == 200 ? "ok\n" : "not ready\n");
	exchange_reply(x, status, TEXT, &b);
}

static void metrics(void *ctx, struct exchange *x)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT(LIMIT_METRICS_BYTES);

	(void)ctx;
	metrics_render(&b);
	exchange_reply(x, 200, METRICS_CONTENT_TYPE, &b);
}

void health_init(struct health *h, server_ready *ready, void *ctx)
{
	*h = (struct health){
		.ready = ready,
		.ctx = ctx,
		.routes = {{"/healthz", "GET", NULL, healthz, NULL},
			{"/readyz", "GET", NULL, readyz, h},
			{"/metrics", "GET", NULL, metrics, NULL}},
	};
}
