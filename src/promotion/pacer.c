#include "promotion/pacer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/str.h"
#include "base/strmap.h"

enum state { IDLE, PREPARING, WAITING };

struct space;

struct member {
	struct space *space;
	enum state state;
	bool failed;
	TAILQ_ENTRY(member) link; /* WAITING */
	char key[];
};

TAILQ_HEAD(member_list, member);

/* A namespace with members. */
struct space {
	size_t members, preparing;
	size_t most; /* that may prepare at once; 0: any number */
	struct member_list waiting;
	char name[];
};

struct pacer {
	struct strmap members; /* by key */
	struct strmap spaces; /* by name */
};

struct pacer *pacer_new(void)
{
	struct pacer *p = xcalloc(1, sizeof(*p));

	p->members = (struct strmap)STRMAP_INIT(free);
	p->spaces = (struct strmap)STRMAP_INIT(free);
	return p;
}

void pacer_free(struct pacer *p)
{
	if (!p)
		return;
	strmap_release(&p->members);
	strmap_release(&p->spaces);
	free(p);
}

static struct space *join(struct pacer *p, const char *ns)
{
	struct space *s = strmap_get(&p->spaces, ns);
	size_t size = strlen(ns) + 1;

	if (!s) {
		s = xcalloc(1, sizeof(*s) + size);
		memcpy(s->name, ns, size);
		TAILQ_INIT(&s->waiting);
		strmap_put(&p->spaces, ns, s);
	}
	s->members++;
	return s;
}

static struct member *get(struct pacer *p, const char *key, const char *ns)
{
	struct member *m = strmap_get(&p->members, key);
	size_t size = strlen(key) + 1;

	if (!m) {
		m = xcalloc(1, sizeof(*m) + size);
		memcpy(m->key, key, size);
		m->space = join(p, ns);
		strmap_put(&p->members, key, m);
	}
	assert(str_eq(m->space->name, ns));
	return m;
}

static void drop_idle(struct pacer *p, struct member *m)
{
	struct space *s = m->space;

	if (m->state != IDLE || m->failed)
		return;
	(void)strmap_remove(&p->members, m->key);
	if (--s->members == 0)
		(void)strmap_remove(&p->spaces, s->name);
}

/* How many more may prepare. */
static size_t free_places(const struct space *s)
{
	if (s->most == 0)
		return SIZE_MAX;
	return s->preparing < s->most ? s->most - s->preparing : 0;
}

/* Whether it is among the first that wait, or could be. */
static bool has_turn(const struct space *s, const struct member *m)
{
	size_t places = free_places(s);
	const struct member *waits;

	TAILQ_FOREACH (waits, &s->waiting, link) {
		if (waits == m || places == 0)
			break;
		places--;
	}
	return places > 0;
}

static void stop(struct member *m)
{
	if (m->state == WAITING)
		TAILQ_REMOVE(&m->space->waiting, m, link);
	else if (m->state == PREPARING)
		m->space->preparing--;
	m->state = IDLE;
}

bool pacer_ask(const struct pacer *p, const char *key, const char *ns)
{
	const struct member *m = strmap_get(&p->members, key);
	const struct space *s = strmap_get(&p->spaces, ns);

	return !s || (m && m->state == PREPARING) || has_turn(s, m);
}

bool pacer_begin(struct pacer *p, const char *key, const char *ns)
{
	struct member *m = get(p, key, ns);

	if (m->state == PREPARING)
		return true;
	if (has_turn(m->space, m)) {
		stop(m);
		m->state = PREPARING;
		m->space->preparing++;
		return true;
	}
	if (m->state == IDLE)
		TAILQ_INSERT_TAIL(&m->space->waiting, m, link);
	m->state = WAITING;
	return false;
}

void pacer_leave(struct pacer *p, const char *key)
{
	struct member *m = strmap_get(&p->members, key);

	if (!m)
		return;
	stop(m);
	drop_idle(p, m);
}

void pacer_forget(struct pacer *p, const char *key)
{
	struct member *m = strmap_get(&p->members, key);

	if (!m)
		return;
	m->failed = false;
	pacer_leave(p, key);
}

void pacer_committed(struct pacer *p, const char *key)
{
	struct member *m = strmap_get(&p->members, key);

	if (m && m->space->most > 0)
		m->space->most++;
	pacer_forget(p, key);
}

void pacer_failed(struct pacer *p, const char *key, const char *ns)
{
	struct member *m = get(p, key, ns);

	stop(m);
	m->failed = true;
	m->space->most = 1;
}

void pacer_ready(const struct pacer *p, const char *ns, pacer_visit_fn *fn, void *ctx)
{
	const struct space *s = strmap_get(&p->spaces, ns);
	const struct member *m;
	size_t places;

	if (!s)
		return;
	places = free_places(s);
	TAILQ_FOREACH (m, &s->waiting, link) {
		if (places-- == 0)
			return;
		fn(ctx, m->key);
	}
}
