#include "admission/policing.h"

#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "policy/check.h"

enum severity policing_severity(const struct policy *p)
{
	if (policy_denies_at(p, POLICY_AT_ADMISSION))
		return SEVERITY_ERROR;
	return p->actions & (POLICY_DENY | POLICY_WARN) ? SEVERITY_WARNING : SEVERITY_AUDIT;
}

/* Why somebody should care, where it is only a warning. */
static const char *outlook(const struct policy *p)
{
	bool later = policy_denies_at(p, POLICY_AT_PROMOTION) &&
		     !policy_denies_at(p, POLICY_AT_ADMISSION);

	return later ? "denied at promotion: " : "";
}

static void add_violation(void *ctx, const struct violation *v)
{
	static const enum rule_id rules[POLICY_RULE_COUNT] = {
		[POLICY_RULE_MAX] = PG104,
		[POLICY_RULE_CHOICE] = PG111,
		[POLICY_RULE_REQUIRED] = PG112,
		[POLICY_RULE_ALLOWED] = PG113,
		[POLICY_RULE_SHARED] = PG114,
	};
	struct finding *item = findings_add_as(ctx, policing_severity(v->policy), rules[v->rule],
		v->type, xstrdup(v->field), v->value, "%s%s", outlook(v->policy), v->detail);

	if (!item)
		return;
	item->policy = xstrdup(v->policy->name);
	item->parts = v->parts ? xstrdup(v->parts) : NULL;
	item->audited = v->policy->actions & POLICY_AUDIT;
	item->unconfirmed = v->resolution && v->resolution->nunconfirmed > 0;
}

void police(const struct applied *a, const struct resolver *resolver, struct findings *to)
{
	for (size_t i = 0; i < a->match.count && !to->overflowed; i++)
		policy_check(a->match.at[i], a->now, resolver, add_violation, to);
}

/* Whether one that changes what happens selects by the labels of namespaces. */
static bool enforces_by_labels(const struct policies *p)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->at[i]->namespaces->count && policy_enforces(p->at[i]))
			return true;
	return false;
}

/* An error that no policy turns into a warning (definitions.missing), and no look-up either. */
static bool is_denied_anyway(const struct findings *f)
{
	for (size_t i = 0; i < f->count; i++)
		if (f->items[i].severity == SEVERITY_ERROR && !f->items[i].unconfirmed &&
			!f->items[i].rule->softened)
			return true;
	return false;
}

void policing_needs(const struct review *r, const struct applied *a, const struct known *k,
	const struct findings *f, struct needs *to)
{
	bool decides;

	if (!a->unknown_namespace)
		return;
	decides = enforces_by_labels(k->around->policies) && !is_denied_anyway(f);
	if (decides || k->ask_wording)
		needs_add_namespace(to, r->namespace, decides);
}

const char *policing_action(const struct finding *item)
{
	static const char *const names[SEVERITY_COUNT] = {
		[SEVERITY_ERROR] = "Deny",
		[SEVERITY_WARNING] = "Warn",
		[SEVERITY_AUDIT] = "Audit",
	};

	return names[item->severity];
}

static void entry(const struct finding *item, struct buf *to)
{
	struct emit e = EMIT_INIT(to);

	emit_object_begin(&e);
	emit_key_string(&e, "policy", item->policy);
	emit_key_string(&e, "rule", item->rule->id);
	emit_key_string(&e, "field", item->field);
	emit_key_string(&e, "action", policing_action(item));
	emit_object_end(&e);
}

void policing_audit(const struct findings *f, struct buf *to)
{
	size_t start = to->len;

	for (size_t i = 0; i < f->count; i++) {
		CLEANUP(buf_release) struct buf text = BUF_INIT(LIMIT_AUDIT_BYTES);

		if (!f->items[i].audited)
			continue;
		entry(&f->items[i], &text);
		if (to->len - start + text.len + strlen("[]") > LIMIT_AUDIT_BYTES)
			break;
		(void)buf_addf(to, "%s%s", to->len == start ? "[" : ",", buf_str(&text));
	}
	(void)buf_add(to, to->len == start ? "" : "]");
}
