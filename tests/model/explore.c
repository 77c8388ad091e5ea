#include "explore.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "intern.h"
#include "pack.h"
#include "settle.h"

/* A state is the numbers of its world and its replicas, these in order. */
struct key {
	uint32_t world, replicas[REPLICAS_MAX];
};

struct search {
	struct model *m;
	struct intern worlds, replicas, states;
	uint32_t *parents;
	size_t parents_cap;
	bool settles;
	/* The state that is being expanded. */
	uint32_t number;
	struct key key;
	struct state state;
	const char *broken;
	/* broken by settle() from the newest state, not by a step from number */
	bool broken_at_rest;
};

static size_t key_width(const struct model *m)
{
	return sizeof(uint32_t) * (1 + m->bounds.replicas);
}

static void sort_replicas(const struct model *m, struct key *key)
{
	for (unsigned i = 1; i < m->bounds.replicas; i++)
		for (unsigned j = i; j > 0 && key->replicas[j] < key->replicas[j - 1]; j--) {
			uint32_t swap = key->replicas[j];

			key->replicas[j] = key->replicas[j - 1];
			key->replicas[j - 1] = swap;
		}
}

static uint32_t number_of_world(struct search *x, const struct world *w)
{
	uint8_t packed[PACKED_MAX];
	bool isnew;
	uint32_t n;

	(void)pack_world(x->m, w, packed);
	n = intern_put(&x->worlds, packed, &isnew);
	if (isnew && x->settles && !x->broken) {
		x->broken = settle(x->m, w);
		x->broken_at_rest = x->broken != NULL;
	}
	return n;
}

static uint32_t number_of_replica(struct search *x, const struct replica *r)
{
	uint8_t packed[PACKED_MAX];
	bool isnew;

	(void)pack_replica(x->m, r, packed);
	return intern_put(&x->replicas, packed, &isnew);
}

/* The key of next, which differs a little from x->state. */
static struct key key_of(struct search *x, const struct state *next)
{
	struct key key = x->key;

	if (memcmp(&next->world, &x->state.world, sizeof(next->world)) != 0)
		key.world = number_of_world(x, &next->world);
	for (unsigned r = 0; r < x->m->bounds.replicas; r++)
		if (memcmp(&next->replicas[r], &x->state.replicas[r], sizeof(*next->replicas)) != 0)
			key.replicas[r] = number_of_replica(x, &next->replicas[r]);
	sort_replicas(x->m, &key);
	return key;
}

static void add_state(struct search *x, const struct key *key)
{
	bool isnew;
	uint32_t n = intern_put(&x->states, key, &isnew);

	if (!isnew)
		return;
	if (n >= x->parents_cap) {
		x->parents_cap = x->parents_cap ? x->parents_cap + x->parents_cap / 2 : 1024;
		x->parents = xreallocarray(x->parents, x->parents_cap, sizeof(*x->parents));
	}
	x->parents[n] = x->number;
}

static void try_step(void *ctx, const struct step *step)
{
	struct search *x = ctx;
	struct state next = x->state;
	struct key key;

	if (x->broken)
		return;
	model_take(x->m, &next, step);
	x->broken = x->m->broken;
	if (x->broken || x->m->beyond)
		return;
	key = key_of(x, &next);
	add_state(x, &key);
}

static void load(struct search *x, uint32_t number)
{
	x->number = number;
	memcpy(&x->key, intern_get(&x->states, number), x->states.width);
	unpack_world(x->m, intern_get(&x->worlds, x->key.world), &x->state.world);
	for (unsigned r = 0; r < x->m->bounds.replicas; r++)
		unpack_replica(
			x->m, intern_get(&x->replicas, x->key.replicas[r]), &x->state.replicas[r]);
}

/* --- traces ----------------------------------------------------------------------------------- */

/* Keys exchange replicas; the trace identifies them by following their steps. */
struct follow {
	struct search *x;
	struct key want; /* the next state; unused at the last step */
	bool last; /* wanted is a step that breaks something */
	struct step found;
	bool has;
};

static void follow_step(void *ctx, const struct step *step)
{
	struct follow *f = ctx;
	struct state next = f->x->state;
	struct key key;

	if (f->has)
		return;
	model_take(f->x->m, &next, step);
	if (f->last) {
		f->has = f->x->m->broken != NULL;
	} else if (!f->x->m->broken && !f->x->m->beyond) {
		key = key_of(f->x, &next);
		f->has = memcmp(&key, &f->want, f->x->states.width) == 0;
	}
	f->found = *step;
}

static void take(struct follow *f, struct trace *to)
{
	struct search *x = f->x;

	f->has = false;
	model_steps(x->m, &x->state, follow_step, f);
	if (!f->has)
		abort();
	trace_add(to, &f->found);
	model_take(x->m, &x->state, &f->found);
	x->key.world = number_of_world(x, &x->state.world);
	for (unsigned r = 0; r < x->m->bounds.replicas; r++)
		x->key.replicas[r] = number_of_replica(x, &x->state.replicas[r]);
}

static void make_trace(struct search *x, uint32_t end, struct trace *to)
{
	struct follow f = {.x = x};
	uint32_t depth = 0, *way;

	for (uint32_t n = end; n; n = x->parents[n])
		depth++;
	way = xcalloc(depth + 1, sizeof(*way));
	for (uint32_t n = end, i = depth; n; n = x->parents[n])
		way[--i] = n;
	load(x, 0);
	for (uint32_t i = 0; i < depth; i++) {
		memcpy(&f.want, intern_get(&x->states, way[i]), x->states.width);
		take(&f, to);
	}
	free(way);
	f.last = true;
	if (!x->broken_at_rest)
		take(&f, to);
}

/* --- the search ------------------------------------------------------------------------------- */

static void begin(struct search *x)
{
	uint8_t packed[PACKED_MAX];
	struct key key = {0};

	model_start(x->m, &x->state);
	intern_init(&x->worlds, pack_world(x->m, &x->state.world, packed));
	intern_init(&x->replicas, pack_replica(x->m, &x->state.replicas[0], packed));
	intern_init(&x->states, key_width(x->m));
	key.world = number_of_world(x, &x->state.world);
	for (unsigned r = 0; r < x->m->bounds.replicas; r++)
		key.replicas[r] = number_of_replica(x, &x->state.replicas[r]);
	sort_replicas(x->m, &key);
	add_state(x, &key);
}

static void report(struct search *x, struct explored *ret)
{
	ret->states = x->states.count;
	ret->worlds = x->worlds.count;
	ret->broken = x->broken;
	ret->closed = !x->broken && x->number + 1 >= x->states.count;
	ret->bytes = intern_bytes(&x->worlds) + intern_bytes(&x->replicas) +
		     intern_bytes(&x->states) + x->parents_cap * sizeof(*x->parents);
	if (x->broken)
		make_trace(x, x->broken_at_rest ? x->states.count - 1 : x->number, &ret->trace);
}

void explore(struct model *m, uint32_t states_max, bool settles, struct explored *ret)
{
	struct search x = {.m = m, .settles = settles};
	uint32_t level_end = 1;

	*ret = (struct explored){.depth = 0};
	begin(&x);
	for (uint32_t n = 0; n < x.states.count && x.states.count <= states_max && !x.broken; n++) {
		if (n == level_end) {
			ret->depth++;
			level_end = x.states.count;
		}
		load(&x, n);
		model_steps(m, &x.state, try_step, &x);
	}
	report(&x, ret);
	intern_release(&x.worlds);
	intern_release(&x.replicas);
	intern_release(&x.states);
	free(x.parents);
}

void explored_release(struct explored *e)
{
	trace_release(&e->trace);
}
