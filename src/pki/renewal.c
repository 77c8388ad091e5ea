#include "pki/renewal.h"

enum {
	MS_PER_S = 1000,
	/* A certificate is valid this long before it is made, for clocks that are slow. */
	EARLY_MS = 60 * 60 * 1000,
	/* How long an API server may take to notice a changed configuration. */
	SETTLE_MS = 10 * 1000,
	/* How often to look, since anybody may change what is stored. */
	LOOK_MS = 10 * 1000,
	/* Short lifetimes, which tests use, make all of this shorter: to these parts of one. */
	EARLY_PART = 10,
	SETTLE_PART = 10,
	LOOK_PART = 40,
};

static int64_t at_most(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t early_ms(int64_t lifetime_ms)
{
	return at_most(EARLY_MS, lifetime_ms / EARLY_PART);
}

struct validity renewal_validity(int64_t lifetime_ms, int64_t now_ms)
{
	return (struct validity){.from_s = (now_ms - early_ms(lifetime_ms)) / MS_PER_S,
		.until_s = (now_ms + lifetime_ms) / MS_PER_S};
}

static bool valid(const struct validity *v, int64_t now_ms)
{
	return v->from_s * MS_PER_S <= now_ms && now_ms < v->until_s * MS_PER_S;
}

/* At two thirds of its lifetime, and at once if its time has not come: a clock was wrong. */
static bool due(const struct validity *v, int64_t now_ms)
{
	return !valid(v, now_ms) ||
	       now_ms >= (v->from_s + 2 * (v->until_s - v->from_s) / 3) * MS_PER_S;
}

static bool ca_due(const struct renewal_stored *s, int64_t now_ms)
{
	return !s->ca_count || !s->has_ca_key || due(&s->cas[0], now_ms);
}

static bool serving_due(const struct renewal_stored *s, int64_t now_ms)
{
	return !s->has_serving || s->issuer != 0 || due(&s->serving, now_ms);
}

/* Then every API server trusts it already. */
static bool has_signed(const struct renewal_stored *s)
{
	return s->has_serving && s->issuer == 0;
}

static size_t valid_cas(const struct renewal_stored *s, size_t most, int64_t now_ms)
{
	size_t n = 0;

	while (n < s->ca_count && n < most && now_ms < s->cas[n].until_s * MS_PER_S)
		n++;
	return n;
}

/* Everything that the others signed is older than the first CA. */
static bool others_over(
	const struct renewal_config *config, const struct renewal_stored *s, int64_t now_ms)
{
	int64_t made_ms = s->cas[0].from_s * MS_PER_S + early_ms(config->ca_ms);

	return s->ca_count > 1 && now_ms >= made_ms + config->serving_ms + MS_PER_S;
}

static struct renewal wait_for(const struct renewal_config *config, int64_t ms)
{
	int64_t look_ms = at_most(LOOK_MS, config->serving_ms / LOOK_PART);

	return (struct renewal){.step = RENEWAL_WAIT, .wait_ms = at_most(look_ms, ms)};
}

static struct renewal new_ca(
	const struct renewal_stored *s, const struct renewal_trust *trust, int64_t now_ms)
{
	return (struct renewal){.step = RENEWAL_CA,
		.keep = valid_cas(s, RENEWAL_CAS - 1, now_ms),
		.with_serving = !trust->trusts_any};
}

struct renewal renewal_decide(const struct renewal_config *config,
	const struct renewal_stored *stored, const struct renewal_trust *trust, int64_t now_ms)
{
	int64_t settle_ms = at_most(SETTLE_MS, config->serving_ms / SETTLE_PART);

	if (ca_due(stored, now_ms))
		return new_ca(stored, trust, now_ms);
	if (!trust->complete)
		return (struct renewal){.step = RENEWAL_TRUST};
	if (serving_due(stored, now_ms) && !has_signed(stored) && trust->complete_ms < settle_ms)
		return wait_for(config, settle_ms - trust->complete_ms);
	if (serving_due(stored, now_ms))
		return (struct renewal){.step = RENEWAL_SERVING};
	if (others_over(config, stored, now_ms))
		return (struct renewal){.step = RENEWAL_FORGET, .keep = 1};
	return wait_for(config, INT64_MAX);
}
