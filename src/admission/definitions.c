#include "admission/definitions.h"

#include <string.h>

#include "base/limits.h"
#include "kube/names.h"

struct key {
	char text[2 * LIMIT_NAME_BYTES + 2];
};

/* False for invalid object names, which includes those too long for a key. */
static bool key_make(struct key *key, const char *ns, const char *name)
{
	if (!name_is_subdomain(ns) || !name_is_subdomain(name))
		return false;
	(void)snprintf(key->text, sizeof(key->text), "%s/%s", ns, name);
	return true;
}

void definitions_release(struct definitions *d)
{
	strmap_release(&d->by_key);
}

void definitions_put(
	struct definitions *d, const char *ns, const char *name, struct taskdef *t_take)
{
	struct key key;

	if (key_make(&key, ns, name))
		strmap_put(&d->by_key, key.text, t_take);
	else
		free(t_take);
}

enum definitions_answer definitions_find(
	const struct definitions *d, const char *ns, const char *name, const struct taskdef **ret)
{
	const struct taskdef *t;
	struct key key;

	if (!key_make(&key, ns, name))
		return DEFINITIONS_ABSENT;
	t = strmap_get(&d->by_key, key.text);
	if (t) {
		*ret = t;
		return DEFINITIONS_PRESENT;
	}
	return strmap_has(&d->by_key, key.text) ? DEFINITIONS_ABSENT : DEFINITIONS_UNKNOWN;
}

struct walk {
	size_t prefix_len;
	definitions_visit_fn *visit;
	void *ctx;
};

static bool walk_entry(void *ctx, const char *key, void *value)
{
	const struct walk *w = ctx;

	return !value || w->visit(w->ctx, key + w->prefix_len, value);
}

void definitions_walk(
	const struct definitions *d, const char *ns, definitions_visit_fn *visit, void *ctx)
{
	CLEANUP(free_p) char *prefix = xasprintf("%s/", ns);
	struct walk w = {strlen(prefix), visit, ctx};

	strmap_walk_prefix(&d->by_key, prefix, walk_entry, &w);
}
