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
	CLEANUP(buf_release) struct buf reasons = BUF_INIT(TEXT_BYTES);
	bool ready = h->ready(h->ctx, &reasons) == 0;

	if (ready)
		(void)buf_add(&b, "ok\n");
	else if (!reasons.len)
		(void)buf_add(&b, "not ready\n");
	(void)buf_addn(&b, reasons.data, reasons.len);
	exchange_reply(x, ready ? 200 : 503, TEXT, &b);
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
