#include "kube/workqueue.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/strmap.h"
#include "kube/backoff.h"
#include "kube/names.h"

/* Special times. */
#define AT_ONCE INT64_MIN
#define NEVER   INT64_MAX

/* IDLE: it is due for nothing, and its backoff is not reset yet. */
enum state { READY, DELAYED, RUNNING, IDLE };

struct space;

struct entry {
	struct space *space;
	enum state state;
	bool backs_off; /* DELAYED: nothing can be earlier */
	bool woken; /* RUNNING: a failure does not delay it */
	int64_t when; /* DELAYED: until when; RUNNING: when to run again */
	uint64_t order; /* DELAYED: order among equal times */
	size_t place; /* DELAYED: in the heap */
	struct backoff backoff;
	TAILQ_ENTRY(entry) link; /* READY */
	char key[];
};

TAILQ_HEAD(entry_list, entry);

/* A namespace. */
struct space {
	struct entry_list ready;
	size_t members, running;
	TAILQ_ENTRY(space) link; /* in the turns, while one of its keys is ready */
	char name[];
};

TAILQ_HEAD(space_list, space);

struct workqueue {
	struct strmap entries; /* by key */
	struct strmap spaces; /* by name */
	struct space_list turns;
	size_t nready, running, most_running;
	struct entry **heap; /* the delayed: the first is the earliest */
	size_t nheap, heap_cap;
	uint64_t order;
};

struct workqueue *workqueue_new(size_t most_running)
{
	struct workqueue *q = xcalloc(1, sizeof(*q));

	q->entries = (struct strmap)STRMAP_INIT(free);
	q->spaces = (struct strmap)STRMAP_INIT(free);
	TAILQ_INIT(&q->turns);
	q->most_running = most_running;
	return q;
}

void workqueue_free(struct workqueue *q)
{
	if (!q)
		return;
	strmap_release(&q->entries);
	strmap_release(&q->spaces);
	free(q->heap);
	free(q);
}

static bool before(const struct entry *a, const struct entry *b)
{
	return a->when != b->when ? a->when < b->when : a->order < b->order;
}

static void put(struct workqueue *q, size_t place, struct entry *e)
{
	q->heap[place] = e;
	e->place = place;
}

/* Moves e into place; the place is free and all others are in order. */
static void sift(struct workqueue *q, size_t place, struct entry *e)
{
	size_t child;

	for (; place > 0 && before(e, q->heap[(place - 1) / 2]); place = (place - 1) / 2)
		put(q, place, q->heap[(place - 1) / 2]);
	for (; (child = 2 * place + 1) < q->nheap; place = child) {
		if (child + 1 < q->nheap && before(q->heap[child + 1], q->heap[child]))
			child++;
		if (!before(q->heap[child], e))
			break;
		put(q, place, q->heap[child]);
	}
	put(q, place, e);
}

static void heap_add(struct workqueue *q, struct entry *e)
{
	if (q->nheap == q->heap_cap) {
		q->heap_cap = q->heap_cap ? 2 * q->heap_cap : 16;
		q->heap = xreallocarray(q->heap, q->heap_cap, sizeof(struct entry *));
	}
	e->order = q->order++;
	q->nheap++;
	sift(q, q->nheap - 1, e);
}

static void heap_remove(struct workqueue *q, const struct entry *e)
{
	struct entry *last = q->heap[--q->nheap];

	if (last != e)
		sift(q, e->place, last);
}

/* --- namespaces ------------------------------------------------------------------------------- */

static struct space *join(struct workqueue *q, const char *key)
{
	CLEANUP(free_p) char *name = name_namespace(key);
	size_t size = strlen(name) + 1;
	struct space *s = strmap_get(&q->spaces, name);

	if (!s) {
		s = xcalloc(1, sizeof(*s) + size);
		memcpy(s->name, name, size);
		TAILQ_INIT(&s->ready);
		strmap_put(&q->spaces, name, s);
	}
	s->members++;
	return s;
}

static void part(struct workqueue *q, struct space *s)
{
	if (--s->members == 0)
		(void)strmap_remove(&q->spaces, s->name);
}

static void ready_add(struct workqueue *q, struct entry *e)
{
	struct space *s = e->space;

	if (TAILQ_EMPTY(&s->ready))
		TAILQ_INSERT_TAIL(&q->turns, s, link);
	TAILQ_INSERT_TAIL(&s->ready, e, link);
	q->nready++;
}

/* The first key of this namespace, which has had its turn then. */
static struct entry *ready_take(struct workqueue *q, struct space *s)
{
	struct entry *e = TAILQ_FIRST(&s->ready);

	TAILQ_REMOVE(&s->ready, e, link);
	q->nready--;
	TAILQ_REMOVE(&q->turns, s, link);
	if (!TAILQ_EMPTY(&s->ready))
		TAILQ_INSERT_TAIL(&q->turns, s, link);
	return e;
}

/* Those that it skips run keys, so they are few. */
static struct space *next_space(const struct workqueue *q)
{
	struct space *s;

	TAILQ_FOREACH (s, &q->turns, link)
		if (s->running < q->most_running - q->running)
			return s;
	return NULL;
}

/* --- one key ---------------------------------------------------------------------------------- */

/* Queues an entry that is in no list. */
static void queue(struct workqueue *q, struct entry *e, int64_t when)
{
	e->when = when;
	e->backs_off = false;
	if (when == AT_ONCE) {
		e->state = READY;
		ready_add(q, e);
	} else {
		e->state = DELAYED;
		heap_add(q, e);
	}
}

static void add_new(struct workqueue *q, const char *key, int64_t when)
{
	size_t len = strlen(key);
	struct entry *e = xcalloc(1, sizeof(*e) + len + 1);

	memcpy(e->key, key, len + 1);
	e->space = join(q, key);
	e->backoff = (struct backoff){.first_ms = WORKQUEUE_FIRST_MS, .cap_ms = WORKQUEUE_CAP_MS};
	strmap_put(&q->entries, key, e);
	queue(q, e, when);
}

static void want(struct workqueue *q, const char *key, int64_t when)
{
	struct entry *e = strmap_get(&q->entries, key);

	if (when == NEVER)
		return;
	if (!e) {
		add_new(q, key, when);
		return;
	}
	if (e->state == READY || e->backs_off || when >= e->when)
		return;
	if (e->state == RUNNING) {
		e->when = when;
		return;
	}
	if (e->state == DELAYED)
		heap_remove(q, e);
	queue(q, e, when);
}

void workqueue_add(struct workqueue *q, const char *key)
{
	want(q, key, AT_ONCE);
}

void workqueue_add_at(struct workqueue *q, const char *key, int64_t when_ms)
{
	want(q, key, when_ms);
}

void workqueue_wake(struct workqueue *q, const char *key)
{
	struct entry *e = strmap_get(&q->entries, key);

	if (e) {
		e->backs_off = false;
		e->woken = e->state == RUNNING;
	}
	want(q, key, AT_ONCE);
}

static void ready_what_is_due(struct workqueue *q, int64_t now_ms)
{
	while (q->nheap > 0 && q->heap[0]->when <= now_ms) {
		struct entry *e = q->heap[0];

		heap_remove(q, e);
		queue(q, e, AT_ONCE);
	}
}

const char *workqueue_take(struct workqueue *q, int64_t now_ms)
{
	struct space *s;
	struct entry *e;

	ready_what_is_due(q, now_ms);
	s = next_space(q);
	if (!s)
		return NULL;
	e = ready_take(q, s);
	s->running++;
	q->running++;
	e->state = RUNNING;
	e->when = NEVER;
	e->woken = false;
	return e->key;
}

/* It no longer runs, and is in no list. */
static struct entry *stop(struct workqueue *q, const char *key)
{
	struct entry *e = strmap_get(&q->entries, key);

	assert(e && e->state == RUNNING);
	e->space->running--;
	q->running--;
	return e;
}

static void drop(struct workqueue *q, struct entry *e)
{
	part(q, e->space);
	(void)strmap_remove(&q->entries, e->key);
}

void workqueue_done(struct workqueue *q, const char *key)
{
	struct entry *e = stop(q, key);

	if (e->when != NEVER)
		queue(q, e, e->when);
	else if (e->backoff.tries > 0)
		e->state = IDLE;
	else
		drop(q, e);
}

void workqueue_succeeded(struct workqueue *q, const char *key)
{
	struct entry *e = strmap_get(&q->entries, key);

	assert(e);
	backoff_reset(&e->backoff);
	workqueue_done(q, key);
}

void workqueue_retry(
	struct workqueue *q, const char *key, int64_t now_ms, uint32_t random, uint32_t at_least_ms)
{
	struct entry *e = stop(q, key);
	uint32_t delay = backoff_next(&e->backoff, random);

	if (e->woken) {
		queue(q, e, AT_ONCE);
		return;
	}
	queue(q, e, now_ms + (delay > at_least_ms ? delay : at_least_ms));
	e->backs_off = true;
}

int64_t workqueue_next_ms(const struct workqueue *q)
{
	if (next_space(q))
		return 0;
	return q->nheap > 0 ? q->heap[0]->when : INT64_MAX;
}

size_t workqueue_depth(const struct workqueue *q)
{
	return q->nready;
}
