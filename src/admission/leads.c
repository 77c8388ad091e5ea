#include "admission/leads.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"

/* A definition and the one that its functionRef names. */
struct edge {
	const char *name, *ref;
};

struct edges {
	struct edge *at;
	size_t count, capacity;
};

struct leads {
	const struct known *known;
	const char *namespace; /* of the definition */
	struct edges edges;
	struct strmap *names;
};

static bool key_is_in(const char *key, const char *ns)
{
	size_t len = strlen(ns);

	return strncmp(key, ns, len) == 0 && key[len] == '/';
}

/* Whether the tasks that may use the changed definition see this one. */
static bool is_seen(const struct leads *l, const char *key)
{
	return str_eq(l->namespace, l->known->keptn_namespace) || key_is_in(key, l->namespace) ||
	       key_is_in(key, l->known->keptn_namespace);
}

static void add_edge(void *ctx, const char *key, void *value)
{
	const struct taskdef *t = value;
	struct leads *l = ctx;
	struct edges *e = &l->edges;

	if (!t || !*t->function_ref || !is_seen(l, key))
		return;
	if (e->count == e->capacity) {
		e->capacity = e->capacity ? e->capacity * 2 : 16;
		e->at = xreallocarray(e->at, e->capacity, sizeof(*e->at));
	}
	e->at[e->count++] = (struct edge){strchr(key, '/') + 1, t->function_ref};
}

/* One functionRef further. False: there is none. */
static bool spread(struct leads *l)
{
	bool grown = false;

	for (size_t i = 0; i < l->edges.count; i++) {
		const struct edge *e = &l->edges.at[i];

		if (!strmap_has(l->names, e->ref) || strmap_has(l->names, e->name))
			continue;
		strmap_put(l->names, e->name, NULL);
		grown = true;
	}
	return grown;
}

void leads_find(const struct known *k, const char *ns, const char *name, struct strmap *ret)
{
	struct leads l = {.known = k, .namespace = ns, .names = ret};

	strmap_walk(&k->cached->by_key, add_edge, &l);
	strmap_walk(&k->confirmed->by_key, add_edge, &l);
	strmap_put(ret, name, NULL);
	for (int i = 0; i < LIMIT_FUNCTION_REF_DEPTH && spread(&l); i++)
		;
	free(l.edges.at);
}
