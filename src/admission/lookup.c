#include "admission/lookup.h"

#include <stdio.h>

#include "base/limits.h"

static struct resolve_found find(const void *ctx, const char *ns, const char *name)
{
	const struct known *k = ctx;
	const struct taskdef *t = NULL;

	if (definitions_find(k->confirmed, ns, name, &t) != DEFINITIONS_UNKNOWN)
		return (struct resolve_found){t, .confirmed = true};
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
}

bool needs_add(struct needs *n, const struct resolution *r)
{
	char key[2 * LIMIT_NAME_BYTES + 2];

	for (size_t i = 0; i < r->nunconfirmed; i++) {
		if (n->names.count == LIMIT_LOOKUPS_PER_ROUND)
			break;
		(void)snprintf(key, sizeof(key), "%s/%s", r->unconfirmed[i].namespace,
			r->unconfirmed[i].name);
		strmap_put(&n->names, key, NULL);
	}
	return r->nunconfirmed > 0;
}
