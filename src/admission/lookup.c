#include "admission/lookup.h"

#include <stdio.h>

#include "base/limits.h"

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

void needs_add(struct needs *n, const struct resolution *r, bool decides)
{
	static char deciding; /* an address other than NULL */
	char key[2 * LIMIT_NAME_BYTES + 2];

	for (size_t i = 0; i < r->nunconfirmed && !needs_full(n, decides); i++) {
		(void)snprintf(key, sizeof(key), "%s/%s", r->unconfirmed[i].namespace,
			r->unconfirmed[i].name);
		if (strmap_has(&n->names, key))
			continue;
		strmap_put(&n->names, key, decides ? &deciding : NULL);
		n->optional += !decides;
	}
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
