#include "base/strmap.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct slot {
	void *value;
	char key[];
};

/* The tree holds pointers to keys; the slot is just before its key. */
static struct slot *slot_of(const char *key)
{
	return (struct slot *)(void *)((char *)key - offsetof(struct slot, key));
}

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void free_slot(const struct strmap *m, struct slot *e)
{
	if (m->free_value)
		m->free_value(e->value);
	free(e);
}

void strmap_clear(struct strmap *m)
{
	while (m->root) {
		char *key = *(char **)m->root;

		(void)tdelete(key, &m->root, compare);
		free_slot(m, slot_of(key));
	}
	m->count = 0;
}

void strmap_release(struct strmap *m)
{
	strmap_clear(m);
}

static struct slot *find(const struct strmap *m, const char *key)
{
	const char *const *node = tfind(key, &m->root, compare);

	return node ? slot_of(*node) : NULL;
}

void *strmap_get(const struct strmap *m, const char *key)
{
	const struct slot *e = find(m, key);

	return e ? e->value : NULL;
}

bool strmap_has(const struct strmap *m, const char *key)
{
	return find(m, key) != NULL;
}

void strmap_put(struct strmap *m, const char *key, void *value_take)
{
	struct slot *e = find(m, key);
	size_t len = strlen(key);

	if (e) {
		if (m->free_value)
			m->free_value(e->value);
		e->value = value_take;
		return;
	}
	e = xmalloc(sizeof(*e) + len + 1);
	e->value = value_take;
	memcpy(e->key, key, len + 1);
	if (!tsearch(e->key, &m->root, compare))
		abort();
	m->count++;
}

bool strmap_remove(struct strmap *m, const char *key)
{
	struct slot *e = find(m, key);

	if (!e)
		return false;
	(void)tdelete(e->key, &m->root, compare);
	free_slot(m, e);
	m->count--;
	return true;
}

struct walk {
	strmap_visit_fn *visit;
	void *ctx;
};

static void walk_node(const void *node, VISIT which, void *closure)
{
	const struct walk *w = closure;
	const char *key = *(const char *const *)node;

	if (which == postorder || which == leaf)
		w->visit(w->ctx, key, slot_of(key)->value);
}

void strmap_walk(const struct strmap *m, strmap_visit_fn *visit, void *ctx)
{
	struct walk w = {visit, ctx};

	twalk_r(m->root, walk_node, &w);
}

/* The keys with a prefix, between two of them if these are not NULL. */
struct range {
	const char *prefix;
	size_t len;
	const char *after, *before;
};

static int compare_range(const void *range, const void *key)
{
	const struct range *r = range;
	int order = strncmp(r->prefix, key, r->len);

	if (order)
		return order;
	if (r->before && strcmp(key, r->before) >= 0)
		return -1;
	return r->after && strcmp(key, r->after) <= 0;
}

/*
 * All keys of the range are below the one that is found first, and any node may be the root of a
 * search (POSIX, tsearch()).
 */
static bool walk_range(void *const *root, const struct range *r, strmap_until_fn *visit, void *ctx)
{
	void *top = tfind(r, root, compare_range);
	struct range left = *r, right = *r;
	const char *key;

	if (!top)
		return true;
	key = *(const char *const *)top;
	left.before = right.after = key;
	return walk_range(&top, &left, visit, ctx) && visit(ctx, key, slot_of(key)->value) &&
	       walk_range(&top, &right, visit, ctx);
}

void strmap_walk_prefix(
	const struct strmap *m, const char *prefix, strmap_until_fn *visit, void *ctx)
{
	const struct range r = {.prefix = prefix, .len = strlen(prefix)};

	(void)walk_range(&m->root, &r, visit, ctx);
}

void strmap_walk_after(const struct strmap *m, const char *after, strmap_until_fn *visit, void *ctx)
{
	const struct range r = {.prefix = "", .after = after};

	(void)walk_range(&m->root, &r, visit, ctx);
}

void strmap_remove_prefix(struct strmap *m, const char *prefix)
{
	const struct range r = {.prefix = prefix, .len = strlen(prefix)};
	void *node;

	while ((node = tfind(&r, &m->root, compare_range)))
		(void)strmap_remove(m, *(const char *const *)node);
}
