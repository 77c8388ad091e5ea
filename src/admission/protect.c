#include "admission/protect.h"

#include <stdlib.h>

#include "admission/shadow.h"
#include "admission/usage.h"
#include "base/mem.h"
#include "base/str.h"
#include "kube/names.h"
#include "policy/decide.h"

enum effect {
	EFFECT_VANISHES, /* deleted, and the task can't run without it */
	EFFECT_REPLACED, /* deleted, and the Keptn namespace's is used instead */
	EFFECT_BREAKS,
};

struct protected_use {
	enum effect effect;
	enum severity severity;
	const struct policy *policy; /* that decided the severity; NULL: the built-in */
	size_t count;
	const struct subject *last; /* an application counts once, */
	struct strmap policies; /* and so does a policy, by its name */
	struct buf names; /* of the first LIMIT_VIOLATION_NAMES */
	char *fault; /* EFFECT_BREAKS: of the first of them */
	bool confirmed; /* one of them is */
	struct needs needs; /* of the first that are not */
	size_t finding; /* its index */
};

/* One request in progress. */
struct protecting {
	const struct known *known;
	struct usage_change change;
	bool deletes;
	struct protection *uses;
};

void protection_release(struct protection *p)
{
	for (size_t i = 0; i < p->count; i++) {
		buf_release(&p->uses[i].names);
		strmap_release(&p->uses[i].policies);
		needs_release(&p->uses[i].needs);
		free(p->uses[i].fault);
	}
	free(p->uses);
	needs_release(&p->unlabelled);
	*p = (struct protection)PROTECTION_INIT;
}

/* --- what is used ----------------------------------------------------------------------------- */

static enum effect effect_of(const struct protecting *p, const struct usage *u)
{
	if (!p->deletes)
		return EFFECT_BREAKS;
	return u->after->outcome == RESOLVE_RUNS ? EFFECT_REPLACED : EFFECT_VANISHES;
}

static enum policy_strictness strictness_of(enum effect effect, const struct usage *u)
{
	return effect == EFFECT_BREAKS ? decide_missing(u->match) : decide_deletion(u->match);
}

/* Where Keptn's takes the place of what is deleted, nothing stops. */
static enum severity severity_of(enum effect effect, enum policy_strictness strictness)
{
	bool denies = strictness == POLICY_STRICT_DENY && effect != EFFECT_REPLACED;

	return denies ? SEVERITY_ERROR : SEVERITY_WARNING;
}

/* Whether this use is worth a finding: not if it could not run before, nor if Keptn runs it. */
static bool matters(const struct protecting *p, const struct usage *u)
{
	return p->deletes ||
	       (u->list == PROMOTION_TASKS && u->ran && u->after->outcome != RESOLVE_RUNS);
}

/* The first policy that is as strict as all of them together. */
static const struct policy *who_decided(
	enum effect effect, const struct usage *u, enum policy_strictness strictness)
{
	for (size_t i = 0; i < u->match->count; i++) {
		const struct policy *p = u->match->at[i];

		if (policy_enforces(p) &&
			(effect == EFFECT_BREAKS ? p->missing : p->deletion) == strictness)
			return p;
	}
	return NULL;
}

static struct protected_use *use_append(struct protection *p, const struct protected_use *use)
{
	if (p->count == p->capacity) {
		p->capacity = p->capacity ? p->capacity * 2 : 4;
		p->uses = xreallocarray(p->uses, p->capacity, sizeof(*p->uses));
	}
	p->uses[p->count] = *use;
	buf_init(&p->uses[p->count].names, LIMIT_DETAIL_BYTES);
	return &p->uses[p->count++];
}

/* The finding that this use is part of. */
static struct protected_use *use_of(struct protection *p, const struct protected_use *want)
{
	for (size_t i = 0; i < p->count; i++) {
		struct protected_use *use = &p->uses[i];

		if (use->effect == want->effect && use->severity == want->severity &&
			use->policy == want->policy)
			return use;
	}
	return use_append(p, want);
}

static void add_name(const struct protecting *p, const struct usage *u, struct buf *to)
{
	(void)buf_add(to, to->len ? ", " : "");
	if (u->policy)
		(void)buf_addf(to, "policy \"%s\"", u->policy->name);
	else
		(void)buf_addf(to, "%s/%s", u->app->namespace, u->app->name);
	if (!str_eq(u->task, p->change.name))
		(void)buf_addf(to, " (task \"%s\")", u->task);
}

static char *describe(const struct resolution *r)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(LIMIT_DETAIL_BYTES);

	resolution_describe(r, NULL, &text);
	return buf_steal(&text);
}

static void add_needs(struct protected_use *use, const struct usage *u)
{
	if (u->confirmed && !u->after->nunconfirmed)
		use->confirmed = true;
	if (u->app && !u->confirmed)
		needs_add_context(&use->needs, u->app->namespace, u->app->name, true);
	needs_add(&use->needs, u->after, true);
}

static bool is_counted(const struct protected_use *use, const struct usage *u)
{
	return u->policy ? strmap_has(&use->policies, u->policy->name) : use->last == u->app;
}

static void count_use(const struct protecting *p, struct protected_use *use, const struct usage *u)
{
	if (u->policy)
		strmap_put(&use->policies, u->policy->name, NULL);
	else
		use->last = u->app;
	if (use->count++ < LIMIT_VIOLATION_NAMES) {
		add_name(p, u, &use->names);
		add_needs(use, u);
	}
}

static void take_use(void *ctx, const struct usage *u)
{
	const struct protecting *p = ctx;
	enum effect effect = effect_of(p, u);
	enum policy_strictness strictness = strictness_of(effect, u);
	struct protected_use want = {.effect = effect,
		.severity = severity_of(effect, strictness),
		.policies = STRMAP_INIT(NULL),
		.needs = NEEDS_INIT};
	struct protected_use *use;

	if (!matters(p, u) || strictness == POLICY_STRICT_ALLOW)
		return;
	want.policy = who_decided(effect, u, strictness);
	use = use_of(p->uses, &want);
	if (!is_counted(use, u))
		count_use(p, use, u);
	if (!use->fault && effect == EFFECT_BREAKS)
		use->fault = describe(u->after);
}

/* --- findings --------------------------------------------------------------------------------- */

/* `policy "prod": `, and ` (its message)`. */
static void add_before(const struct policy *p, struct buf *to)
{
	if (p)
		(void)buf_addf(to, "policy \"%s\": ", p->name);
}

static void add_after(const struct policy *p, struct buf *to)
{
	if (p && p->message)
		(void)buf_addf(to, " (%s)", p->message);
}

static void add_users(const struct protected_use *use, struct buf *to)
{
	(void)buf_addf(to, "in use by %s", buf_str(&use->names));
	if (use->count > LIMIT_VIOLATION_NAMES)
		(void)buf_addf(to, " and %zu more", use->count - LIMIT_VIOLATION_NAMES);
}

static void add_detail(const struct protecting *p, const struct protected_use *use, struct buf *to)
{
	add_before(use->policy, to);
	if (p->deletes)
		(void)buf_addf(to, "KeptnTaskDefinition \"%s\" is ", p->change.name);
	add_users(use, to);
	if (use->effect == EFFECT_VANISHES)
		(void)buf_add(to, "; remove the task there first");
	else if (use->effect == EFFECT_REPLACED)
		(void)buf_addf(
			to, "; the one in \"%s\" is used instead", p->known->keptn_namespace);
	else
		(void)buf_addf(to, ", where the task could not run any more: %s", use->fault);
	add_after(use->policy, to);
}

static void report_use(const struct protecting *p, struct protected_use *use, struct findings *to)
{
	CLEANUP(buf_release) struct buf detail = BUF_INIT(LIMIT_DETAIL_BYTES);
	struct finding *item;

	add_detail(p, use, &detail);
	use->finding = to->count;
	item = findings_add_as(to, use->severity, p->deletes ? PG201 : PG202, FIELDERR_FORBIDDEN,
		xstrdup(p->deletes ? "" : "spec"), p->change.name, "%s", buf_str(&detail));
	if (!item)
		return;
	item->unconfirmed = !use->confirmed;
	if (!use->policy)
		return;
	item->policy = xstrdup(use->policy->name);
	item->audited = use->policy->actions & POLICY_AUDIT;
}

/* --- requests --------------------------------------------------------------------------------- */

static const char *name_of(const struct review *r)
{
	const struct json *object = r->object ? r->object : r->old_object;

	return json_string_or(json_at(object, "metadata", "name"), r->name);
}

static bool is_being_deleted(const struct json *object)
{
	return json_string(json_at(object, "metadata", "deletionTimestamp")) != NULL;
}

/* Whether nothing changes that a task depends on. */
static bool is_unchanged(const struct usage_change *c)
{
	return c->from && c->to && c->from->faults == c->to->faults &&
	       c->from->container == c->to->container &&
	       str_eq(c->from->function_ref, c->to->function_ref);
}

void protect(
	const struct review *r, const struct known *k, struct protection *p, struct findings *to)
{
	struct taskdef from, to_be;
	struct protecting now = {.known = k,
		.change = {.namespace = r->namespace, .name = name_of(r)},
		.deletes = r->operation == REVIEW_DELETE,
		.uses = p};

	if (r->old_object) {
		taskdef_read(r->old_object, &from);
		now.change.from = &from;
	}
	if (r->object) {
		taskdef_read(r->object, &to_be);
		now.change.to = &to_be;
	}
	if (!name_is_subdomain(r->namespace) || is_being_deleted(r->old_object) ||
		is_unchanged(&now.change))
		return;
	usage_find(k, &now.change, &p->unlabelled, take_use, &now);
	for (size_t i = 0; i < p->count; i++)
		report_use(&now, &p->uses[i], to);
	if (r->operation == REVIEW_CREATE)
		shadow(k, r->namespace, now.change.name, to);
}

/* --- what must be confirmed ------------------------------------------------------------------- */

static bool is_known_live(const struct review *r, const struct known *k)
{
	return k->confirmed_namespaces && strmap_has(k->confirmed_namespaces, r->namespace);
}

/* Without the labels of the namespace, only policies that select all of them match. */
static bool may_match_more(const struct review *r, const struct known *k)
{
	return k->around && k->around->policies && k->around->policies->count &&
	       !lookup_labels(k, r->namespace);
}

bool protect_lets_through(const struct review *r, const struct known *k)
{
	const struct namespace_state *ns;

	if (!is_known_live(r, k))
		return false;
	ns = strmap_get(k->confirmed_namespaces, r->namespace);
	return !ns || ns->terminating;
}

void protect_needs(const struct protection *p, const struct review *r, const struct known *k,
	const struct findings *f, struct needs *to)
{
	bool denied = findings_deny(f);

	if ((findings_errors(f) || may_match_more(r, k)) && !is_known_live(r, k))
		needs_add_namespace(to, r->namespace, true);
	if (!denied)
		needs_add_all(to, &p->unlabelled, true);
	for (enum severity severity = 0; severity < SEVERITY_AUDIT; severity++) {
		bool decides = severity == SEVERITY_ERROR && !denied;

		if (!decides && !k->ask_wording)
			continue;
		for (size_t i = 0; i < p->count && p->uses[i].finding < f->count; i++)
			if (f->items[p->uses[i].finding].severity == severity)
				needs_add_all(to, &p->uses[i].needs, decides);
	}
}
