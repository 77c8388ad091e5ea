#include "admission/lookup.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/mem.h"
#include "keptn/appcontext.h"

void namespace_state_free(void *state)
{
	struct namespace_state *s = state;

	if (s)
		free(s->labels);
	free(s);
}

const struct labels *lookup_labels(const struct known *k, const char *ns)
{
	const struct namespace_state *live;

	if (k->confirmed_namespaces && strmap_has(k->confirmed_namespaces, ns)) {
		live = strmap_get(k->confirmed_namespaces, ns);
		return live ? live->labels : NULL;
	}
	return k->around ? k->around->labels(k->around->ctx, ns) : NULL;
}

static struct resolve_found find(const void *ctx, const char *ns, const char *name)
{
	const struct known *k = ctx;
	const struct taskdef *t = NULL;

	if (definitions_find(k->confirmed, ns, name, &t) != DEFINITIONS_UNKNOWN)
		return (struct resolve_found){t, .confirmed = true};
	if (!k->unheard)
		(void)definitions_find(k->cached, ns, name, &t);
	return (struct resolve_found){t, .confirmed = false};
}

struct resolver lookup_resolver(const struct known *k, const char *app_ns)
{
	return (struct resolver){
		.namespace = app_ns,
		.keptn_namespace = k->keptn_namespace,
		.find = find,
		.ctx = k,
	};
}

void needs_release(struct needs *n)
{
	strmap_release(&n->names);
	n->optional = 0;
}

bool needs_full(const struct needs *n, bool decides)
{
	return n->names.count == LIMIT_LOOKUPS_PER_ROUND ||
	       (!decides && n->optional == LIMIT_WORDING_LOOKUPS);
}

static void add_key(struct needs *n, const char *key, bool decides)
{
	static char deciding; /* an address other than NULL */

	if (needs_full(n, decides) || strmap_has(&n->names, key))
		return;
	strmap_put(&n->names, key, decides ? &deciding : NULL);
	n->optional += !decides;
}

void needs_add(struct needs *n, const struct resolution *r, bool decides)
{
	for (size_t i = 0; i < r->nunconfirmed; i++) {
		const struct resolve_link *link = &r->unconfirmed[i];
		CLEANUP(free_p) char *key = xasprintf("%s/%s", link->namespace, link->name);

		add_key(n, key, decides);
	}
}

void needs_add_namespace(struct needs *n, const char *ns, bool decides)
{
	add_key(n, ns, decides);
}

void needs_add_context(struct needs *n, const char *ns, const char *name, bool decides)
{
	CLEANUP(free_p) char *key = xasprintf("%s/" APPCONTEXT_RESOURCE "/%s", ns, name);

	add_key(n, key, decides);
}

struct addition {
	struct needs *to;
	bool decides;
};

static void add_other(void *ctx, const char *key, void *value)
{
	const struct addition *a = ctx;

	(void)value;
	add_key(a->to, key, a->decides);
}

void needs_add_all(struct needs *n, const struct needs *other, bool decides)
{
	struct addition a = {n, decides};

	strmap_walk(&other->names, add_other, &a);
}

bool needs_decide(const struct needs *n, const char *key)
{
	return strmap_get(&n->names, key) != NULL;
}

struct search {
	const struct needs *needs;
	bool found;
};

static void search_key(void *ctx, const char *key, void *value)
{
	struct search *s = ctx;

	(void)value;
	s->found |= needs_decide(s->needs, key);
}

bool needs_decide_any(const struct needs *n, const struct strmap *keys)
{
	struct search s = {.needs = n};

	strmap_walk(keys, search_key, &s);
	return s.found;
}
