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
	unsigned used, starts; /* of these, so many are about to run */
	unsigned needed; /* 0: it does not wait */
	/* While it waits: */
	uint64_t round;
	uint64_t overtaken; /* Jobs that have started past it */
	TAILQ_ENTRY(member) link; /* in the queue */
	char key[];
};

TAILQ_HEAD(member_list, member);

struct limiter {
	unsigned total, per_namespace;
	struct scope all;
	struct strmap spaces; /* by name */
	struct strmap members; /* by key */
	struct member_list queue; /* by round, and then by time */
	uint64_t round; /* of the next waiter of a namespace without waiters */
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

/* A waiter starts: one that comes now comes after the others of its round. */
static void note_start(struct limiter *l, const struct member *starting, unsigned jobs)
{
	struct member *m;

	if (starting->needed > 0 && l->round <= starting->round)
		l->round = starting->round + 1;
	TAILQ_FOREACH (m, &l->queue, link) {
		if (m == starting)
			break;
		m->overtaken += jobs;
	}
}

unsigned limiter_use(struct limiter *l, const char *key, const char *ns, struct limiter_jobs jobs)
{
	struct member *m = get(l, key, ns);
	unsigned former = m->used, count = jobs.run + jobs.start;

	if (count > former)
		note_start(l, m, count - former);
	l->all.used = l->all.used - former + count;
	m->space->scope.used = m->space->scope.used - former + count;
	m->used = count;
	m->starts = jobs.start;
	drop_idle(l, m);
	return former;
}

int64_t limiter_used(const struct limiter *l)
{
	return (int64_t)l->all.used;
}

/* After the other waiters of its namespace, one in each round. */
static uint64_t round_of(const struct limiter *l, const struct space *space)
{
	uint64_t round = l->round;
	const struct member *m;

	TAILQ_FOREACH (m, &l->queue, link)
		if (m->space == space && m->round >= round)
			round = m->round + 1;
	return round;
}

static void enqueue(struct limiter *l, struct member *m)
{
	struct member *before;

	m->round = round_of(l, m->space);
	m->overtaken = 0;
	TAILQ_FOREACH_REVERSE (before, &l->queue, member_list, link)
		if (before->round <= m->round)
			break;
	if (before)
		TAILQ_INSERT_AFTER(&l->queue, before, m, link);
	else
		TAILQ_INSERT_HEAD(&l->queue, m, link);
}

bool limiter_wait(struct limiter *l, const char *key, const char *ns, unsigned needed)
{
	struct member *m;

	if (needed == 0)
		return limiter_leave(l, key);
	m = get(l, key, ns);
	if (m->needed == needed)
		return false;
	if (m->needed == 0)
		enqueue(l, m);
	m->needed = needed;
	return true;
}

bool limiter_leave(struct limiter *l, const char *key)
{
	struct member *m = strmap_get(&l->members, key);

	if (!m || m->needed == 0)
		return false;
	TAILQ_REMOVE(&l->queue, m, link);
	m->needed = 0;
	drop_idle(l, m);
	return true;
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
	uint64_t passing; /* Jobs that may still start past those that need more than the limit */
};

/* Clears what an earlier walk has reserved in the namespaces of the waiters. */
static struct walk walk_begin(const struct limiter *l)
{
	struct member *m;

	TAILQ_FOREACH (m, &l->queue, link)
		m->space->scope.reserved = 0;
	return (struct walk){.limiter = l, .all = {.used = l->all.used}, .passing = UINT64_MAX};
}

static bool fits_nearby(const struct walk *w, const struct member *m)
{
	return fits(m->needed, w->limiter->per_namespace, taken(&m->space->scope, m));
}

static bool may_start(const struct walk *w, const struct member *m)
{
	return fits(m->needed, w->limiter->total, taken(&w->all, m)) && m->needed <= w->passing &&
	       fits_nearby(w, m);
}

/* It needs more than the limit, and others run: a whole limit of Jobs may start past it. */
static void let_pass(struct walk *w, const struct member *m)
{
	uint64_t total = w->limiter->total;
	uint64_t passing = m->overtaken < total ? total - m->overtaken : 0;

	if (passing < w->passing)
		w->passing = passing;
}

/* Reserves capacity for a waiter, before the next one is considered. */
static void walk_past(struct walk *w, const struct member *m)
{
	unsigned total = w->limiter->total;
	bool starts = may_start(w, m);

	if (fits_nearby(w, m) && (starts || total == 0 || m->needed <= total))
		w->all.reserved += m->needed;
	else if (fits_nearby(w, m))
		let_pass(w, m);
	if (starts && w->passing != UINT64_MAX)
		w->passing -= m->needed;
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
	if (w.passing < overall)
		overall = (unsigned)w.passing;
	nearby = left(l->per_namespace, here);
	answer.room = overall < nearby ? overall : nearby;
	if (me && answer.room < me->starts)
		answer.room = me->starts;
	if (me && me->needed > 0)
		answer.idle = me->needed > answer.room && may_start(&w, me);
	else
		answer.idle = (l->total == 0 || all == 0) && here == 0 && w.passing == UINT64_MAX;
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
