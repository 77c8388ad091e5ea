#include "admission/verdict.h"

#include <string.h>

#include "admission/defaults.h"
#include "admission/judge.h"
#include "admission/judge_policy.h"
#include "admission/policing.h"
#include "admission/protect.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"

void verdict_init(struct verdict *v)
{
	*v = (struct verdict){.allowed = true};
	patch_init(&v->patch);
}

void verdict_release(struct verdict *v)
{
	findings_release(&v->findings);
	patch_release(&v->patch);
}

/* Whether the request is about a resource of Keptn's. */
static bool is_about(const struct review *r, const char *resource)
{
	return str_eq(r->group, KEPTN_GROUP) && str_eq(r->resource, resource) && !*r->subresource;
}

static bool is_about_context(const struct review *r)
{
	return is_about(r, APPCONTEXT_RESOURCE);
}

static bool is_about_definition(const struct review *r)
{
	return is_about(r, TASKDEF_RESOURCE);
}

static bool is_about_policy(const struct review *r)
{
	return str_eq(r->group, POLICY_GROUP) && str_eq(r->resource, POLICY_RESOURCE) &&
	       !*r->subresource;
}

/* Only the stored object is trusted here: a new one may hold any deletionTimestamp. */
static bool is_being_deleted(const struct review *r)
{
	struct appcontext old;

	appcontext_read(r->old_object, r->namespace, &old);
	return old.deleting;
}

/* The steps of a deletion must not depend on us; an edit of what is validated is not one. */
static bool only_finishes_deletion(const struct review *r)
{
	struct appcontext old, new;

	appcontext_read(r->old_object, r->namespace, &old);
	appcontext_read(r->object, r->namespace, &new);
	return old.deleting && json_equal(old.spec, new.spec) &&
	       json_equal(json_get(old.annotations, ON_FAILURE_ANNOTATION),
		       json_get(new.annotations, ON_FAILURE_ANNOTATION)) &&
	       json_equal(json_get(old.annotations, OPTIONAL_TASKS_ANNOTATION),
		       json_get(new.annotations, OPTIONAL_TASKS_ANNOTATION));
}

/* A larger one than before, so that an object that is too large already can shrink. */
static bool is_too_large(const struct review *r)
{
	size_t size = json_size(r->object);

	return size > LIMIT_CONTEXT_VALUES && size > json_size(r->old_object);
}

static const char no_room[] = "the annotation " RESOLVED_ON_FAILURE_ANNOTATION
			      " is not updated: the annotations would exceed 256 KiB";
static const char not_ours[] =
	"Promogate does not validate this resource; fix `rules` in its webhook configurations";

/* A GitOps engine, or another tool that decides the order of objects. */
static bool is_lenient(const struct review *r, const struct known *k)
{
	return strmap_has(k->lenient_managers, r->field_manager) ||
	       strmap_has(k->lenient_users, r->user);
}

/*
 * On a dry run, and where a tool decides the order, a context comes before the definitions that it
 * names: findings that depend on another object are only warnings.
 */
static void soften(struct findings *f, bool dry_run)
{
	for (size_t i = 0; i < f->count; i++) {
		struct finding *item = &f->items[i];

		if (!item->rule->softened || item->severity != SEVERITY_ERROR)
			continue;
		item->severity = SEVERITY_WARNING;
		item->denies_later = dry_run;
	}
}

/* The stored object is judged by what is known today, and by the policies that match it as it is. */
static void ratchet_old(const struct review *r, const struct known *k, struct findings *f)
{
	CLEANUP(findings_release) struct findings old_findings = FINDINGS_INIT;
	CLEANUP(applied_release) struct applied a = {.now = NULL};
	struct review before = *r;
	struct appcontext old;

	before.object = r->old_object;
	before.old_object = NULL;
	applied_read(&before, k, &a);
	appcontext_read(r->old_object, r->namespace, &old);
	judge_appcontext(&old, &a, k, &old_findings);
	findings_ratchet(f, &old_findings);
}

/* What to look up: errors first, since only they can decide. The audit log is not worth a call. */
static void list_needs(
	const struct review *r, const struct known *k, const struct findings *f, struct needs *to)
{
	bool denied = findings_deny(f);

	for (enum severity severity = 0; severity < SEVERITY_AUDIT; severity++) {
		bool decides = severity == SEVERITY_ERROR && !denied;

		if (!decides && !k->ask_wording)
			continue;
		for (size_t i = 0; i < f->count; i++)
			if (f->items[i].unconfirmed && f->items[i].severity == severity)
				judge_needs(&f->items[i], k, r->namespace, decides, to);
	}
}

/* What was not looked up, and what only a dry run allows, is reported as what it is. */
static void qualify(struct findings *f)
{
	for (size_t i = 0; i < f->count; i++) {
		struct finding *item = &f->items[i];
		CLEANUP(free_p) char *detail = NULL;

		if (!item->unconfirmed && !item->denies_later)
			continue;
		detail = item->detail;
		item->detail = xasprintf("%s%s%s", item->unconfirmed ? "not confirmed: " : "",
			item->denies_later ? "denied without dry run: " : "", detail);
	}
}

static void decide(struct verdict *v)
{
	qualify(&v->findings);
	v->allowed = findings_errors(&v->findings) == 0;
}

static int validate_context(
	const struct review *r, const struct known *k, struct needs *needs, struct verdict *v)
{
	CLEANUP(applied_release) struct applied a = {.now = NULL};
	struct appcontext app;

	if (!r->object || only_finishes_deletion(r))
		return 0;
	if (is_too_large(r)) {
		v->too_large = true;
		v->allowed = false;
		return 0;
	}
	applied_read(r, k, &a);
	appcontext_read(r->object, r->namespace, &app);
	judge_appcontext(&app, &a, k, &v->findings);
	if (is_lenient(r, k))
		soften(&v->findings, false);
	if (r->operation == REVIEW_UPDATE && findings_errors(&v->findings))
		ratchet_old(r, k, &v->findings);
	if (r->dry_run)
		soften(&v->findings, true);
	policing_needs(r, &a, k, &v->findings, needs);
	list_needs(r, k, &v->findings, needs);
	if (needs->names.count)
		return VERDICT_PENDING;
	decide(v);
	v->defaults_missing = v->allowed && !is_being_deleted(r) && defaults_missing(r, k, &a);
	return 0;
}

/* A definition that is stored already was judged; what it breaks now, it breaks by this request. */
static int validate_definition(
	const struct review *r, const struct known *k, struct needs *needs, struct verdict *v)
{
	CLEANUP(protection_release) struct protection p = PROTECTION_INIT;

	if (protect_lets_through(r, k))
		return 0;
	protect(r, k, &p, &v->findings);
	if (is_lenient(r, k))
		soften(&v->findings, false);
	if (r->dry_run)
		soften(&v->findings, true);
	protect_needs(&p, r, k, &v->findings, needs);
	if (needs->names.count)
		return VERDICT_PENDING;
	decide(v);
	return 0;
}

/* Faults that are stored already do not block an update of something else. */
static int validate_policy(const struct review *r, struct verdict *v)
{
	CLEANUP(findings_release) struct findings old = FINDINGS_INIT;

	if (!r->object || only_finishes_deletion(r))
		return 0;
	judge_policy(r->object, &v->findings);
	if (r->operation == REVIEW_UPDATE && findings_errors(&v->findings)) {
		judge_policy(r->old_object, &old);
		findings_ratchet(&v->findings, &old);
	}
	decide(v);
	v->is_policy = v->allowed;
	return 0;
}

int verdict_validate(
	const struct review *r, const struct known *k, struct needs *needs, struct verdict *v)
{
	if (is_about_context(r))
		return validate_context(r, k, needs, v);
	if (is_about_definition(r))
		return validate_definition(r, k, needs, v);
	if (is_about_policy(r))
		return validate_policy(r, v);
	v->warning = not_ours;
	return 0;
}

int verdict_mutate(
	const struct review *r, const struct known *k, struct needs *needs, struct verdict *v)
{
	CLEANUP(applied_release) struct applied a = {.now = NULL};

	if (!is_about_context(r)) {
		v->warning = not_ours;
		return 0;
	}
	if (!r->object || is_being_deleted(r))
		return 0;
	applied_read(r, k, &a);
	if (a.unknown_namespace && k->ask_wording) {
		needs_add_namespace(needs, r->namespace, false);
		return VERDICT_PENDING;
	}
	if (!defaults_patch(r, k, &a, &v->patch))
		v->warning = no_room;
	return 0;
}

static const char *own_group(const struct review *r)
{
	return is_about_policy(r) ? POLICY_GROUP : KEPTN_GROUP;
}

static const char *own_kind(const struct review *r)
{
	if (is_about_policy(r))
		return POLICY_KIND;
	return is_about_definition(r) ? TASKDEF_KIND : APPCONTEXT_KIND;
}

/* The object's name; "" if it is too long to be one. */
static const char *own_name(const struct review *r)
{
	struct appcontext app;

	appcontext_read(r->object ? r->object : r->old_object, r->namespace, &app);
	return strnlen(app.name, LIMIT_NAME_BYTES + 1) > LIMIT_NAME_BYTES ? "" : app.name;
}

/* One line, or a list if there are several errors, as the API server writes them. */
static void add_message(struct buf *to, const struct review *r, const struct verdict *v)
{
	size_t errors = findings_errors(&v->findings), reported = 0;

	(void)buf_addf(to, "%s ", own_kind(r));
	fielderr_quote(to, own_name(r));
	(void)buf_add(to, " is invalid:");
	if (v->too_large)
		(void)buf_addf(to,
			" must have at most %d values, since an update carries it twice; use fewer "
			"fields and list items",
			LIMIT_CONTEXT_VALUES);
	for (size_t i = 0; i < v->findings.count && reported < LIMIT_FINDINGS_REPORTED; i++) {
		if (v->findings.items[i].severity != SEVERITY_ERROR)
			continue;
		(void)buf_add(to, errors > 1 ? "\n* " : " ");
		finding_line(to, &v->findings.items[i]);
		reported++;
	}
	if (v->findings.overflowed)
		(void)buf_addf(to, "\n* more than %d errors; list fewer tasks", LIMIT_FINDINGS);
	else if (errors > reported)
		(void)buf_addf(to, "\n* and %zu more", errors - reported);
}

static void encode_denial(const struct review *r, const struct verdict *v, struct emit *to)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(LIMIT_RESPONSE_BYTES);
	size_t reported = 0;

	add_message(&text, r, v);
	review_answer_denial_begin(to, buf_str(&text), own_group(r), own_kind(r), own_name(r));
	for (size_t i = 0; i < v->findings.count && reported < LIMIT_FINDINGS_REPORTED; i++) {
		const struct finding *item = &v->findings.items[i];

		if (item->severity != SEVERITY_ERROR)
			continue;
		buf_reset(&text);
		fielderr_body(&text, item->type, item->value, item->detail);
		review_answer_cause(to, item->type, item->field, buf_str(&text));
		reported++;
	}
	review_answer_denial_end(to);
}

/* Nothing is wrong with the object: it just can't be deleted. */
static void encode_refusal(const struct review *r, const struct verdict *v, struct emit *to)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(LIMIT_RESPONSE_BYTES);

	for (size_t i = 0; i < v->findings.count && i < LIMIT_FINDINGS_REPORTED; i++) {
		if (v->findings.items[i].severity != SEVERITY_ERROR)
			continue;
		(void)buf_add(&text, text.len ? "\n" : "");
		finding_line(&text, &v->findings.items[i]);
	}
	review_answer_refusal(to, buf_str(&text), KEPTN_GROUP, own_kind(r), own_name(r));
}

static void encode_warnings(const struct verdict *v, struct emit *to)
{
	CLEANUP(buf_release) struct buf line = BUF_INIT(LIMIT_RESPONSE_BYTES);
	const char *notes[] = {v->warning, v->hint};
	const char *warnings[LIMIT_FINDINGS_REPORTED];
	char *lines[LIMIT_FINDINGS_REPORTED];
	size_t n = 0;

	for (size_t i = 0; i < v->findings.count && n < LIMIT_FINDINGS_REPORTED; i++) {
		if (v->findings.items[i].severity != SEVERITY_WARNING)
			continue;
		finding_line(&line, &v->findings.items[i]);
		lines[n] = buf_steal(&line);
		warnings[n] = lines[n];
		n++;
	}
	if (n)
		review_answer_warnings(to, warnings, n);
	else if (v->warning)
		review_answer_warnings(to, notes, v->hint ? 2 : 1);
	while (n)
		free(lines[--n]);
}

void verdict_rules(const struct verdict *v, struct buf *to)
{
	bool found[RULE_COUNT] = {0};
	const char *before = "";

	for (size_t i = 0; i < v->findings.count; i++)
		found[v->findings.items[i].rule - rule_get(0)] = true;
	for (unsigned i = 0; i < RULE_COUNT; i++) {
		if (!found[i])
			continue;
		(void)buf_addf(to, "%s%s", before, rule_get(i)->id);
		before = ",";
	}
}

static void encode_audit(const struct verdict *v, struct emit *to)
{
	CLEANUP(buf_release) struct buf ids = BUF_INIT(LIMIT_RESPONSE_BYTES);
	CLEANUP(buf_release) struct buf violations = BUF_INIT(LIMIT_AUDIT_BYTES);

	verdict_rules(v, &ids);
	policing_audit(&v->findings, &violations);
	if (!ids.len)
		return;
	review_answer_audit_begin(to);
	review_answer_audit(to, "findings", buf_str(&ids));
	if (violations.len)
		review_answer_audit(to, "violations", buf_str(&violations));
	review_answer_audit_end(to);
}

void verdict_encode(const struct review *r, struct verdict *v, struct buf *to)
{
	struct emit e = EMIT_INIT(to);

	review_answer_begin(&e, r->uid, v->allowed);
	if (!v->allowed && r->operation == REVIEW_DELETE)
		encode_refusal(r, v, &e);
	else if (!v->allowed)
		encode_denial(r, v, &e);
	encode_warnings(v, &e);
	encode_audit(v, &e);
	if (!v->patch.empty)
		review_answer_patch(&e, patch_text(&v->patch));
	review_answer_end(&e);
}
