#include "promotion/limiter.h"

#include <assert.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/str.h"
#include "base/strmap.h"

/* Of all applications, or of a namespace. */
struct scope {
	uint64_t used;
	uint64_t reserved; /* in a walk: for the waiters that it has passed */
};

struct space {
	struct scope scope;
	size_t members;
	char name[];
};

/* A key that has Jobs, or waits. */
struct member {
	struct space *space;
	unsigned used;
	unsigned needed; /* 0: it does not wait */
	TAILQ_ENTRY(member) link; /* in the queue, while it waits */
	char key[];
};

TAILQ_HEAD(member_list, member);

struct limiter {
	unsigned total, per_namespace;
	struct scope all;
	struct strmap spaces; /* by name */
	struct strmap members; /* by key */
	struct member_list queue;
};

struct limiter *limiter_new(unsigned total, unsigned per_namespace)
{
	struct limiter *l = xcalloc(1, sizeof(*l));

	l->total = total;
	l->per_namespace = per_namespace;
	l->spaces = (struct strmap)STRMAP_INIT(free);
	l->members = (struct strmap)STRMAP_INIT(free);
	TAILQ_INIT(&l->queue);
	return l;
}

void limiter_free(struct limiter *l)
{
	if (!l)
		return;
	strmap_release(&l->members);
	strmap_release(&l->spaces);
	free(l);
}

static struct space *join(struct limiter *l, const char *ns)
{
	struct space *s = strmap_get(&l->spaces, ns);
	size_t len = strlen(ns);

	if (!s) {
		s = xcalloc(1, sizeof(*s) + len + 1);
		memcpy(s->name, ns, len + 1);
		strmap_put(&l->spaces, ns, s);
	}
	s->members++;
	return s;
}

static struct member *get(struct limiter *l, const char *key, const char *ns)
{
	struct member *m = strmap_get(&l->members, key);
	size_t len = strlen(key);

	if (!m) {
		m = xcalloc(1, sizeof(*m) + len + 1);
		memcpy(m->key, key, len + 1);
		m->space = join(l, ns);
		strmap_put(&l->members, key, m);
	}
	assert(str_eq(m->space->name, ns));
	return m;
}

static void drop_idle(struct limiter *l, struct member *m)
{
	struct space *s = m->space;

	if (m->used > 0 || m->needed > 0)
		return;
	(void)strmap_remove(&l->members, m->key);
	if (--s->members == 0)
		(void)strmap_remove(&l->spaces, s->name);
}

void limiter_use(struct limiter *l, const char *key, const char *ns, unsigned count)
{
	struct member *m = get(l, key, ns);

	l->all.used = l->all.used - m->used + count;
	m->space->scope.used = m->space->scope.used - m->used + count;
	m->used = count;
	drop_idle(l, m);
}

int64_t limiter_used(const struct limiter *l)
{
	return (int64_t)l->all.used;
}

void limiter_wait(struct limiter *l, const char *key, const char *ns, unsigned needed)
{
	struct member *m;

	if (needed == 0) {
		limiter_leave(l, key);
		return;
	}
	m = get(l, key, ns);
	if (m->needed == 0)
		TAILQ_INSERT_TAIL(&l->queue, m, link);
	m->needed = needed;
}

void limiter_leave(struct limiter *l, const char *key)
{
	struct member *m = strmap_get(&l->members, key);

	if (!m || m->needed == 0)
		return;
	TAILQ_REMOVE(&l->queue, m, link);
	m->needed = 0;
	drop_idle(l, m);
}

static unsigned left(unsigned limit, uint64_t taken)
{
	if (limit == 0)
		return UINT_MAX;
	return taken < limit ? limit - (unsigned)taken : 0;
}

static bool fits(unsigned needed, unsigned limit, uint64_t taken)
{
	return needed <= left(limit, taken) || taken == 0;
}

/* In a walk: what is taken for others than this member; NULL: than one that uses nothing. */
static uint64_t taken(const struct scope *scope, const struct member *m)
{
	return scope->used + scope->reserved - (m ? m->used : 0);
}

struct walk {
	const struct limiter *limiter;
	struct scope all;
};

/* Clears what an earlier walk has reserved in the namespaces of the waiters. */
static struct walk walk_begin(const struct limiter *l)
{
	struct member *m;

	TAILQ_FOREACH (m, &l->queue, link)
		m->space->scope.reserved = 0;
	return (struct walk){.limiter = l, .all = {.used = l->all.used}};
}

static bool may_start(const struct walk *w, const struct member *m)
{
	return fits(m->needed, w->limiter->total, taken(&w->all, m)) &&
	       fits(m->needed, w->limiter->per_namespace, taken(&m->space->scope, m));
}

/* Reserves capacity for a waiter, before the next one is considered. */
static void walk_past(struct walk *w, const struct member *m)
{
	if (fits(m->needed, w->limiter->per_namespace, taken(&m->space->scope, m)))
		w->all.reserved += m->needed;
	m->space->scope.reserved += m->needed;
}

struct limiter_answer limiter_ask(const struct limiter *l, const char *key, const char *ns)
{
	const struct member *me = strmap_get(&l->members, key), *m;
	struct space *s = strmap_get(&l->spaces, ns);
	struct walk w = walk_begin(l);
	uint64_t all, here;
	unsigned overall, nearby;
	struct limiter_answer answer;

	if (s)
		s->scope.reserved = 0;
	TAILQ_FOREACH (m, &l->queue, link) {
		if (m == me)
			break;
		walk_past(&w, m);
	}
	all = taken(&w.all, me);
	here = s ? taken(&s->scope, me) : 0;
	overall = left(l->total, all);
	nearby = left(l->per_namespace, here);
	answer.room = overall < nearby ? overall : nearby;
	if (me && me->needed > 0)
		answer.idle = me->needed > answer.room && may_start(&w, me);
	else
		answer.idle = (l->total == 0 || all == 0) && here == 0;
	return answer;
}

void limiter_ready(const struct limiter *l, limiter_visit_fn *fn, void *ctx)
{
	struct walk w = walk_begin(l);
	const struct member *m;

	TAILQ_FOREACH (m, &l->queue, link) {
		if (may_start(&w, m))
			fn(ctx, m->key);
		walk_past(&w, m);
	}
}
