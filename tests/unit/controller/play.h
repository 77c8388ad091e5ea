/*
 * play - an elector in a fake environment (fake_env.h), and what it reported.
 */
#ifndef PROMOGATE_TESTS_CONTROLLER_PLAY_H
#define PROMOGATE_TESTS_CONTROLLER_PLAY_H

#include "base/buf.h"
#include "controller/elector.h"

#include "fake_env.h"

#define LEASES "/apis/coordination.k8s.io/v1/namespaces/ns/leases"
#define LEASE  LEASES "/promogate"

struct play {
	struct fake_env fake;
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
	.lease.namespace = "ns",
	.lease.name = "promogate",
	.lease.identity = "me",
	.lease.lease_duration_ms = 15000,
	.lease.renew_deadline_ms = 10000,
	.lease.retry_period_ms = 2000,
	.leading = leading,
	.lost = lost,
	.standing_by = standing_by,
};

static inline void begin(struct play *p)
{
	struct elector_config c = config;

	*p = (struct play){.said = BUF_INIT(1000)};
	fake_env_init(&p->fake);
	c.env = &p->fake.env;
	c.ctx = p;
	p->elector = elector_new(&c);
	assert_int_equal(fake_count(&p->fake, FAKE_CALL), 0);
	fake_env_run(&p->fake, 0);
}

static inline void end(struct play *p, const char *said)
{
	fake_env_release(&p->fake);
	elector_free(p->elector);
	assert_string_equal(buf_str(&p->said), said);
	buf_release(&p->said);
}

#endif
