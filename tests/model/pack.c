#include "pack.h"

#include <string.h>

/* Fields go one after the other, the lowest bit first; reading and writing share one walk. */
struct bits {
	uint8_t *to; /* NULL: reading */
	const uint8_t *from;
	unsigned at;
};

static void field(struct bits *b, unsigned width, uint32_t *value)
{
	if (!b->to)
		*value = 0;
	for (unsigned i = 0; i < width;) {
		unsigned bit = b->at & 7, n = 8 - bit < width - i ? 8 - bit : width - i;
		uint32_t mask = (1u << n) - 1;

		if (b->to)
			b->to[b->at >> 3] |= (uint8_t)((*value >> i & mask) << bit);
		else
			*value |= ((uint32_t)b->from[b->at >> 3] >> bit & mask) << i;
		b->at += n;
		i += n;
	}
}

static void byte(struct bits *b, unsigned width, uint8_t *value)
{
	uint32_t v = *value;

	field(b, width, &v);
	*value = (uint8_t)v;
}

static void flag(struct bits *b, bool *value)
{
	uint32_t v = *value;

	field(b, 1, &v);
	*value = v;
}

static void walk_version(struct bits *b, const struct model *m, struct version *v)
{
	flag(b, &v->exists);
	flag(b, &v->delivered);
	flag(b, &v->marked);
	byte(b, 3, &v->promotion);
	if (m->bounds.acts[ACT_RETRY])
		byte(b, 2, &v->retry);
	if (m->bounds.acts[ACT_ABORT])
		byte(b, 2, &v->abort);
	if (model_adds(m))
		flag(b, &v->enrolled);
	if (model_has_claims(m)) {
		byte(b, 3, &v->claim_term);
		byte(b, 2, &v->claim);
	}
	if (m->bounds.explain) {
		byte(b, 5, &v->waiting);
		byte(b, 2, &v->outcome);
	}
	for (unsigned t = 0; t < m->bounds.tasks; t++) {
		byte(b, 3, &v->items[t].state);
		byte(b, 2, &v->items[t].attempt);
		byte(b, 3, &v->items[t].created);
	}
}

/* Used in settle.h alone. */
static bool is_spare(const struct model *m, unsigned slot)
{
	return slot_name(m, slot).created == m->bounds.created;
}

static void walk_objects(struct bits *b, const struct model *m, struct objects *o)
{
	for (unsigned v = 0; v < m->bounds.versions; v++)
		walk_version(b, m, &o->versions[v]);
	for (unsigned i = 0; i < slot_count(m); i++) {
		if (is_spare(m, i))
			continue;
		byte(b, 4, &o->jobs[i]);
		if (model_has_terms(m))
			byte(b, 3, &o->terms[i]);
		if (m->bounds.policies)
			flag(b, &o->warns[i]);
	}
	flag(b, &o->defined);
	flag(b, &o->late);
}

static void walk_world(struct bits *b, const struct model *m, struct world *w)
{
	walk_objects(b, m, &w->is);
	for (unsigned a = 0; a < ACTS; a++)
		if (m->bounds.acts[a])
			byte(b, 3, &w->left[a]);
	byte(b, 4, &w->left_total);
	if (model_has_terms(m)) {
		byte(b, 3, &w->terms);
		byte(b, 2, &w->claims);
	}
}

static void walk_app(struct bits *b, const struct model *m, struct replica *r, unsigned app)
{
	field(b, 20, &r->lists[app]);
	if (model_has_terms(m)) {
		byte(b, 2, &r->claims[app]);
		flag(b, &r->refused[app]);
	}
}

static void walk_replica(struct bits *b, const struct model *m, struct replica *r)
{
	walk_objects(b, m, &r->sees);
	for (unsigned v = 0; v < m->bounds.versions; v++) {
		flag(b, &r->fresh[v]);
		flag(b, &r->current[v]);
	}
	for (unsigned i = 0; i < slot_count(m); i++) {
		if (is_spare(m, i))
			continue;
		flag(b, &r->gone[i]);
		flag(b, &r->own[i]);
	}
	for (unsigned a = 0; a < app_count(m); a++)
		walk_app(b, m, r, a);
	if (model_has_terms(m)) {
		byte(b, 3, &r->term);
	}
	if (m->bounds.acts[ACT_LATE]) {
		field(b, 20, &r->late);
		flag(b, &r->late_current);
	}
}

size_t pack_world(const struct model *m, const struct world *w, uint8_t to[PACKED_MAX])
{
	struct world copy = *w;
	struct bits b = {.to = to};

	memset(to, 0, PACKED_MAX);
	walk_world(&b, m, &copy);
	return (b.at + 7) / 8;
}

size_t pack_replica(const struct model *m, const struct replica *r, uint8_t to[PACKED_MAX])
{
	struct replica copy = *r;
	struct bits b = {.to = to};

	memset(to, 0, PACKED_MAX);
	walk_replica(&b, m, &copy);
	return (b.at + 7) / 8;
}

void unpack_world(const struct model *m, const uint8_t *from, struct world *w)
{
	struct bits b = {.from = from};

	memset(w, 0, sizeof(*w));
	walk_world(&b, m, w);
}

void unpack_replica(const struct model *m, const uint8_t *from, struct replica *r)
{
	struct bits b = {.from = from};

	memset(r, 0, sizeof(*r));
	walk_replica(&b, m, r);
}
