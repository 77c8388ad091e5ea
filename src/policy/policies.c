#include "policy/policies.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

void policies_release(struct policies *p)
{
	for (size_t i = 0; i < p->count; i++)
		policy_unref(p->at[i]);
	free(p->at);
	*p = (struct policies)POLICIES_INIT;
}

static bool speaks_before(const struct policy *a, const struct policy *b)
{
	if (a->priority != b->priority)
		return a->priority > b->priority;
	return strcmp(a->name, b->name) < 0;
}

static size_t index_of(const struct policies *p, const char *name)
{
	size_t i = 0;

	while (i < p->count && !str_eq(p->at[i]->name, name))
		i++;
	return i;
}

void policies_remove(struct policies *p, const char *name)
{
	size_t i = index_of(p, name);

	if (i == p->count)
		return;
	policy_unref(p->at[i]);
	p->count--;
	memmove(&p->at[i], &p->at[i + 1], (p->count - i) * sizeof(struct policy *));
}

void policies_put(struct policies *p, struct policy *policy_take)
{
	size_t i = 0;

	policies_remove(p, policy_take->name);
	if (p->count == p->capacity) {
		p->capacity = p->capacity ? 2 * p->capacity : 8;
		p->at = xreallocarray(p->at, p->capacity, sizeof(struct policy *));
	}
	while (i < p->count && speaks_before(p->at[i], policy_take))
		i++;
	memmove(&p->at[i + 1], &p->at[i], (p->count - i) * sizeof(struct policy *));
	p->at[i] = policy_take;
	p->count++;
}

const struct policy *policies_find(const struct policies *p, const char *name)
{
	size_t i = index_of(p, name);

	return i < p->count ? p->at[i] : NULL;
}

void policy_match_release(struct policy_match *m)
{
	free(m->at);
	*m = (struct policy_match){.count = 0};
}

static bool selects_namespace(const struct policy *p, const struct labels *ns)
{
	return ns ? selector_matches(p->namespaces, ns) : p->namespaces->count == 0;
}

static bool selects(const struct policy *p, const struct subject *s)
{
	return s && (!p->apps || selector_matches(p->apps, s->labels));
}

bool policy_matches(const struct policy *p, const struct labels *ns, const struct subject *s)
{
	return selects_namespace(p, ns) && selects(p, s);
}

void policies_match(const struct policies *p, const struct labels *ns, const struct subject *now,
	const struct subject *old, struct policy_match *ret)
{
	struct policy_match m = {xcalloc(p->count, sizeof(struct policy *)), 0};

	for (size_t i = 0; i < p->count; i++)
		if (selects_namespace(p->at[i], ns) &&
			(selects(p->at[i], now) || selects(p->at[i], old)))
			m.at[m.count++] = p->at[i];
	*ret = m;
}

void policies_select(const struct policies *p, const struct labels *ns, struct policy_match *ret)
{
	struct policy_match m = {xcalloc(p->count, sizeof(struct policy *)), 0};

	for (size_t i = 0; i < p->count; i++)
		if (selects_namespace(p->at[i], ns))
			m.at[m.count++] = p->at[i];
	*ret = m;
}

void policy_match_narrow(
	const struct policy_match *here, const struct subject *s, struct policy_match *ret)
{
	struct policy_match m = {xcalloc(here->count, sizeof(struct policy *)), 0};

	for (size_t i = 0; i < here->count; i++)
		if (selects(here->at[i], s))
			m.at[m.count++] = here->at[i];
	*ret = m;
}
