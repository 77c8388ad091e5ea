#include "policy/audit.h"

#include <stdlib.h>

#include "json/utf8.h"

void audit_release(struct audit *a)
{
	for (size_t i = 0; i < a->count; i++) {
		free((char *)a->first[i].namespace);
		free((char *)a->first[i].name);
		free((char *)a->first[i].field);
		free((char *)a->first[i].message);
	}
	*a = (struct audit)AUDIT_INIT;
}

static char *cut(const char *text)
{
	char *copy = xmalloc(LIMIT_POLICY_VIOLATION_BYTES + 1);

	(void)utf8_copy(copy, LIMIT_POLICY_VIOLATION_BYTES + 1, text);
	return copy;
}

static char *message_of(const struct violation *v)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(LIMIT_OBJECT_BYTES);

	fielderr_body(&text, v->type, v->value, v->detail);
	return cut(buf_str(&text));
}

struct adding {
	struct audit *audit;
	const struct subject *subject;
};

static void add_violation(void *ctx, const struct violation *v)
{
	const struct adding *adding = ctx;
	struct audit *a = adding->audit;

	a->total++;
	a->by_rule[v->rule]++;
	if (a->count == LIMIT_POLICY_VIOLATIONS)
		return;
	a->first[a->count++] = (struct audit_violation){.rule = v->rule,
		.namespace = xstrdup(adding->subject->namespace),
		.name = xstrdup(adding->subject->name),
		.field = cut(v->field),
		.message = message_of(v)};
}

void audit_add(struct audit *a, const struct policy *p, const struct subject *s,
	const struct resolver *resolver)
{
	struct adding adding = {a, s};

	a->contexts++;
	policy_check(p, s, resolver, add_violation, &adding);
}

const char *audit_action(const struct policy *p)
{
	if (policy_enforces(p))
		return "Deny";
	return p->actions & POLICY_WARN ? "Warn" : "Audit";
}
