#include "admission/lookup.h"

#include <stdio.h>

#include "base/limits.h"
#include "base/str.h"

void needs_release(struct needs *n)
{
	strmap_release(&n->names);
}

static enum definitions_answer find(
	const struct known *k, const char *ns, const char *name, const struct taskdef **ret)
{
	enum definitions_answer live = definitions_find(k->confirmed, ns, name, ret);

	return live == DEFINITIONS_UNKNOWN ? definitions_find(k->cached, ns, name, ret) : live;
}

struct lookup lookup_definition(const struct known *k, const char *app_ns, const char *name)
{
	const char *const namespaces[] = {app_ns, k->keptn_namespace};

	for (size_t i = 0; i < 2; i++) {
		const struct taskdef *t;

		if (find(k, namespaces[i], name, &t) == DEFINITIONS_PRESENT)
			return (struct lookup){t, namespaces[i]};
	}
	return (struct lookup){NULL, NULL};
}

static bool need_one(const struct known *k, const char *ns, const char *name, struct needs *needs)
{
	const struct taskdef *t;
	char key[2 * LIMIT_NAME_BYTES + 2];

	if (definitions_find(k->confirmed, ns, name, &t) != DEFINITIONS_UNKNOWN)
		return false;
	(void)snprintf(key, sizeof(key), "%s/%s", ns, name);
	if (needs->names.count < LIMIT_LOOKUPS_PER_ROUND)
		strmap_put(&needs->names, key, NULL);
	return true;
}

bool lookup_need(const struct known *k, const char *app_ns, const char *name, struct needs *needs)
{
	struct lookup l = lookup_definition(k, app_ns, name);
	bool needed = need_one(k, app_ns, name, needs);

	if (!str_eq(l.namespace, app_ns))
		needed |= need_one(k, k->keptn_namespace, name, needs);
	return needed;
}
