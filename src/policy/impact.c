#include "policy/impact.h"

#include <stdlib.h>

#include "base/limits.h"
#include "policy/policies.h"

void impact_release(struct impact *i)
{
	free(i->first);
	*i = (struct impact)IMPACT_INIT;
}

struct looking {
	struct impact *impact;
	const struct subject *subject;
	bool violates;
};

static void keep_first(void *ctx, const struct violation *v)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT((size_t)2 * LIMIT_DETAIL_BYTES);
	struct looking *l = ctx;

	l->violates = true;
	if (l->impact->first)
		return;
	(void)buf_addf(&text, "%s/%s: %s %s: ", l->subject->namespace, l->subject->name,
		policy_rule_id(v->rule), v->field);
	fielderr_body(&text, v->type, v->value, v->detail);
	l->impact->first = buf_steal(&text);
}

void impact_add(struct impact *i, const struct policy *p, const struct labels *ns,
	const struct subject *s, const struct resolver *resolver)
{
	struct looking l = {i, s, false};

	i->seen++;
	if (s->deleting || !policy_matches(p, ns, s))
		return;
	i->matched++;
	policy_check(p, s, resolver, keep_first, &l);
	i->violating += l.violates;
}

/* What keeps it from denying; "": nothing. */
static const char *condition(const struct policy *p)
{
	if (!policy_enforces(p))
		return " if it had Deny";
	return p->enforced_at ? "" : " if enforcedAt were not empty";
}

/* Where it denies only promotions, contexts can be written still. */
static const char *verb(const struct policy *p)
{
	bool at_promotion_only = p->enforced_at == POLICY_AT_PROMOTION;

	return at_promotion_only ? "would deny the promotion of" : "would deny";
}

static void add_count(const struct impact *i, const struct policy *p, struct buf *to)
{
	if (!i->matched)
		(void)buf_addf(to, "matches none of %zu KeptnAppContexts", i->seen);
	else if (!i->violating)
		(void)buf_addf(
			to, "%s none of %zu KeptnAppContexts%s", verb(p), i->matched, condition(p));
	else
		(void)buf_addf(to, "%s %zu of %zu KeptnAppContexts%s", verb(p), i->violating,
			i->matched, condition(p));
}

void impact_text(const struct impact *i, const struct policy *p, bool whole, struct buf *to)
{
	add_count(i, p, to);
	if (!whole)
		(void)buf_addf(to, " (looked at the first %zu only, for lack of time)", i->seen);
	if (i->first)
		(void)buf_addf(to, ", first %s", i->first);
}
