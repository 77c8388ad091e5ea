/*
 * play - an elector in a world that the test plays (world.h), and what it said.
 */
#ifndef PROMOGATE_TESTS_CONTROLLER_PLAY_H
#define PROMOGATE_TESTS_CONTROLLER_PLAY_H

#include "base/buf.h"
#include "controller/elector.h"
#include "run/log.h"

#include "world.h"

#define LEASES "/apis/coordination.k8s.io/v1/namespaces/ns/leases"
#define LEASE  LEASES "/promogate"

/* An elector, what it said, and the world around it. */
struct play {
	struct world world;
	struct env env;
	struct elector *elector;
	struct buf said;
	int released;
};

static inline void leading(void *ctx)
{
	struct play *p = ctx;

	(void)buf_add(&p->said, "leading ");
}

static inline void lost(void *ctx, const struct err *why)
{
	struct play *p = ctx;

	(void)buf_addf(&p->said, "lost:%s ", err_kind_name(why->kind));
}

static inline void standing_by(void *ctx, const char *holder)
{
	struct play *p = ctx;

	(void)buf_addf(&p->said, "standing-by:%s ", holder);
}

static inline void released(void *ctx)
{
	struct play *p = ctx;

	p->released++;
}

static const struct elector_config config = {
	.namespace = "ns",
	.name = "promogate",
	.identity = "me",
	.lease_duration_ms = 15000,
	.renew_deadline_ms = 10000,
	.retry_period_ms = 2000,
	.leading = leading,
	.lost = lost,
	.standing_by = standing_by,
};

static inline void begin(struct play *p)
{
	struct elector_config c = config;

	*p = (struct play){
		.world = {.mono_ms = 1000000, .wall_ms = 1795482123004}, .said = BUF_INIT(1000)};
	p->env = world_outside(&p->world);
	c.env = &p->env;
	c.ctx = p;
	p->elector = elector_new(&c);
	assert_int_equal(p->world.call_count, 0);
	world_pass(&p->world, 0);
}

static inline void end(struct play *p, const char *said)
{
	world_end(&p->world);
	elector_free(p->elector);
	assert_string_equal(buf_str(&p->said), said);
	buf_release(&p->said);
}

#endif
