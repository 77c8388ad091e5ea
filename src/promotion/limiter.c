#include "promotion/limiter.h"

#include <assert.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/str.h"
#include "base/strmap.h"

/* Everybody's, or a namespace's. */
struct scope {
	uint64_t used;
	uint64_t kept; /* of a walk under way: for those who wait and were passed */
};

struct space {
	struct scope scope;
	size_t members;
	char name[];
};

/* A key that uses something, or waits. */
struct member {
	struct space *space;
	unsigned used;
	unsigned needed; /* 0: it does not wait */
	TAILQ_ENTRY(member) link; /* where it waits */
	char key[];
};

TAILQ_HEAD(member_list, member);

struct limiter {
	unsigned total, per_namespace;
	struct scope all;
	struct strmap spaces; /* by name */
	struct strmap members; /* by key */
	struct member_list line;
};

struct limiter *limiter_new(unsigned total, unsigned per_namespace)
{
	struct limiter *r = xcalloc(1, sizeof(*r));

	r->total = total;
	r->per_namespace = per_namespace;
	r->spaces = (struct strmap)STRMAP_INIT(free);
	r->members = (struct strmap)STRMAP_INIT(free);
	TAILQ_INIT(&r->line);
	return r;
}

void limiter_free(struct limiter *r)
{
	if (!r)
		return;
	strmap_release(&r->members);
	strmap_release(&r->spaces);
	free(r);
}

static struct space *join(struct limiter *r, const char *ns)
{
	struct space *s = strmap_get(&r->spaces, ns);
	size_t len = strlen(ns);

	if (!s) {
		s = xcalloc(1, sizeof(*s) + len + 1);
		memcpy(s->name, ns, len + 1);
		strmap_put(&r->spaces, ns, s);
	}
	s->members++;
	return s;
}

static struct member *get(struct limiter *r, const char *key, const char *ns)
{
	struct member *m = strmap_get(&r->members, key);
	size_t len = strlen(key);

	if (!m) {
		m = xcalloc(1, sizeof(*m) + len + 1);
		memcpy(m->key, key, len + 1);
		m->space = join(r, ns);
		strmap_put(&r->members, key, m);
	}
	assert(str_eq(m->space->name, ns));
	return m;
}

static void drop_idle(struct limiter *r, struct member *m)
{
	struct space *s = m->space;

	if (m->used > 0 || m->needed > 0)
		return;
	(void)strmap_remove(&r->members, m->key);
	if (--s->members == 0)
		(void)strmap_remove(&r->spaces, s->name);
}

void limiter_use(struct limiter *r, const char *key, const char *ns, unsigned count)
{
	struct member *m = get(r, key, ns);

	r->all.used = r->all.used - m->used + count;
	m->space->scope.used = m->space->scope.used - m->used + count;
	m->used = count;
	drop_idle(r, m);
}

void limiter_wait(struct limiter *r, const char *key, const char *ns, unsigned needed)
{
	struct member *m;

	if (needed == 0) {
		limiter_leave(r, key);
		return;
	}
	m = get(r, key, ns);
	if (m->needed == 0)
		TAILQ_INSERT_TAIL(&r->line, m, link);
	m->needed = needed;
}

void limiter_leave(struct limiter *r, const char *key)
{
	struct member *m = strmap_get(&r->members, key);

	if (!m || m->needed == 0)
		return;
	TAILQ_REMOVE(&r->line, m, link);
	m->needed = 0;
	drop_idle(r, m);
}

static unsigned left(unsigned cap, uint64_t taken)
{
	if (cap == 0)
		return UINT_MAX;
	return taken < cap ? cap - (unsigned)taken : 0;
}

static bool fits(unsigned needed, unsigned cap, uint64_t taken)
{
	return needed <= left(cap, taken) || taken == 0;
}

/* What is taken for a member (NULL: somebody who uses nothing), in the course of a walk. */
static uint64_t taken(const struct scope *scope, const struct member *m)
{
	return scope->used + scope->kept - (m ? m->used : 0);
}

struct walk {
	const struct limiter *room;
	struct scope all;
};

/* What a former walk left in the spaces that this one looks at is forgotten. */
static struct walk walk_begin(const struct limiter *r)
{
	struct member *m;

	TAILQ_FOREACH (m, &r->line, link)
		m->space->scope.kept = 0;
	return (struct walk){.room = r, .all = {.used = r->all.used}};
}

static bool may_start(const struct walk *w, const struct member *m)
{
	return fits(m->needed, w->room->total, taken(&w->all, m)) &&
	       fits(m->needed, w->room->per_namespace, taken(&m->space->scope, m));
}

/* Keeps room for one who waits, before the next is looked at. */
static void walk_past(struct walk *w, const struct member *m)
{
	if (fits(m->needed, w->room->per_namespace, taken(&m->space->scope, m)))
		w->all.kept += m->needed;
	m->space->scope.kept += m->needed;
}

struct limiter_answer limiter_ask(const struct limiter *r, const char *key, const char *ns)
{
	const struct member *me = strmap_get(&r->members, key), *m;
	struct space *s = strmap_get(&r->spaces, ns);
	struct walk w = walk_begin(r);
	uint64_t all, here;
	unsigned overall, nearby;
	struct limiter_answer answer;

	if (s)
		s->scope.kept = 0;
	TAILQ_FOREACH (m, &r->line, link) {
		if (m == me)
			break;
		walk_past(&w, m);
	}
	all = taken(&w.all, me);
	here = s ? taken(&s->scope, me) : 0;
	overall = left(r->total, all);
	nearby = left(r->per_namespace, here);
	answer.room = overall < nearby ? overall : nearby;
	if (me && me->needed > 0)
		answer.idle = me->needed > answer.room && may_start(&w, me);
	else
		answer.idle = (r->total == 0 || all == 0) && here == 0;
	return answer;
}

void limiter_ready(const struct limiter *r, limiter_visit_fn *fn, void *ctx)
{
	struct walk w = walk_begin(r);
	const struct member *m;

	TAILQ_FOREACH (m, &r->line, link) {
		if (may_start(&w, m))
			fn(ctx, m->key);
		walk_past(&w, m);
	}
}

unsigned long limiter_used(const struct limiter *r)
{
	return r->all.used;
}
