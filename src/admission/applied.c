#include "admission/applied.h"

#include <stdlib.h>

#include "base/mem.h"

static bool selects_namespaces(const struct policies *p)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->at[i]->namespaces->count)
			return true;
	return false;
}

static void match(const struct review *r, const struct known *k, struct applied *a)
{
	const struct policies *policies = k->around->policies;
	const struct labels *labels = lookup_labels(k, r->namespace);

	policies_match(policies, labels, a->now, a->old, &a->match);
	a->unknown_namespace =
		!labels && selects_namespaces(policies) &&
		!(k->confirmed_namespaces && strmap_has(k->confirmed_namespaces, r->namespace));
}

void applied_read(const struct review *r, const struct known *k, struct applied *ret)
{
	*ret = (struct applied){.now = subject_decode(r->object, r->namespace)};
	if (r->old_object)
		ret->old = subject_decode(r->old_object, r->namespace);
	if (k->around && k->around->policies->count)
		match(r, k, ret);
}

void applied_release(struct applied *a)
{
	policy_match_release(&a->match);
	free(a->now);
	free(a->old);
}
