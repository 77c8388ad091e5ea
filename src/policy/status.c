#include "policy/status.h"

#include <string.h>

#include "base/str.h"
#include "json/emit.h"
#include "kube/timestamp.h"

struct writer {
	const struct policy_findings *f;
	const struct json *stored;
	const char *now;
	struct emit e;
};

/* The item of a list map. */
static const struct json *item_of(const struct json *list, const char *key, const char *value)
{
	json_each (item, list)
		if (str_eq(json_string(json_get(item, key)), value))
			return item;
	return NULL;
}

/* The time that a stored item has, or now. */
static const char *time_of(const struct writer *w, const struct json *item, const char *key)
{
	const char *stored = json_string(json_get(item, key));
	int64_t ms;

	return stored && timestamp_parse(stored, &ms) == 0 ? stored : w->now;
}

/* --- added tasks ------------------------------------------------------------------------------ */

static void emit_added_since(struct writer *w)
{
	const struct policy *p = w->f->policy;
	const struct json *stored;

	if (!p || !policy_enforces(p) || p->added.count == 0) {
		emit_key(&w->e, "addedFor");
		emit_null(&w->e);
		emit_key(&w->e, "addedSince");
		emit_null(&w->e);
		return;
	}
	stored = policy_added_since(p, w->stored);
	emit_key_string(&w->e, "addedFor", p->selectors);
	emit_key_array(&w->e, "addedSince");
	for (size_t i = 0; i < p->added.count; i++) {
		const char *name = p->added.at[i].name;

		emit_object_begin(&w->e);
		emit_key_string(&w->e, "name", name);
		emit_key_string(&w->e, "since", time_of(w, item_of(stored, "name", name), "since"));
		emit_object_end(&w->e);
	}
	emit_array_end(&w->e);
}

/* --- conditions ------------------------------------------------------------------------------- */

struct condition {
	const char *type, *status, *reason, *message;
};

static const struct json *stored_condition(const struct writer *w, const char *type)
{
	return item_of(json_get(w->stored, "conditions"), "type", type);
}

static void emit_condition(struct writer *w, const struct condition *c)
{
	const struct json *stored = stored_condition(w, c->type);

	if (!str_eq(json_string(json_get(stored, "status")), c->status))
		stored = NULL;
	emit_object_begin(&w->e);
	emit_key_string(&w->e, "lastTransitionTime", time_of(w, stored, "lastTransitionTime"));
	emit_key_string(&w->e, "message", c->message);
	emit_key_int(&w->e, "observedGeneration", w->f->generation);
	emit_key_string(&w->e, "reason", c->reason);
	emit_key_string(&w->e, "status", c->status);
	emit_key_string(&w->e, "type", c->type);
	emit_object_end(&w->e);
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

/* Before an audit, one of an audit at this generation stays. */
static bool keeps_condition(struct writer *w, const char *type)
{
	const struct json *stored = stored_condition(w, type);
	int64_t generation = 0;

	if (!w->f->policy || w->f->audit ||
		str_eq(json_string(json_get(stored, "reason")), "Invalid"))
		return false;
	if (json_int64(json_get(stored, "observedGeneration"), &generation) &&
		generation == w->f->generation)
		emit_json(&w->e, stored);
	return generation == w->f->generation;
}

static void emit_ready(struct writer *w)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(LIMIT_MESSAGE_BYTES);
	const struct audit *a = w->f->audit;
	struct condition c = {
		"Ready", "False", "Auditing", "the stored KeptnAppContexts are being audited"};

	if (keeps_condition(w, "Ready"))
		return;
	if (!w->f->policy) {
		c.reason = "Invalid";
		c.message = w->f->fault;
	} else if (a) {
		(void)buf_addf(&text, "%zu violation%s in %zu KeptnAppContext%s of %zu namespace%s",
			a->total, plural(a->total), a->contexts, plural(a->contexts), a->namespaces,
			plural(a->namespaces));
		c = (struct condition){"Ready", "True", "Audited", buf_str(&text)};
	}
	emit_condition(w, &c);
}

static void emit_satisfiable(struct writer *w)
{
	struct condition c = {"Satisfiable", "True", "NoConflict", "no policy contradicts it"};

	if (keeps_condition(w, "Satisfiable"))
		return;
	if (!w->f->policy)
		c = (struct condition){"Satisfiable", "Unknown", "Invalid", w->f->fault};
	else if (!w->f->audit)
		c = (struct condition){"Satisfiable", "Unknown", "Auditing", "not compared yet"};
	else if (w->f->conflict)
		c = (struct condition){"Satisfiable", "False", "Conflict", w->f->conflict};
	emit_condition(w, &c);
}

static void emit_conditions(struct writer *w)
{
	emit_key_array(&w->e, "conditions");
	emit_ready(w);
	emit_satisfiable(w);
	emit_array_end(&w->e);
}

/* --- what was audited ------------------------------------------------------------------------- */

static void emit_violation(struct writer *w, const struct audit_violation *v)
{
	emit_object_begin(&w->e);
	emit_key_string(&w->e, "action", audit_action(w->f->policy));
	emit_key_string(&w->e, "field", v->field);
	emit_key_string(&w->e, "message", v->message);
	emit_key_string(&w->e, "name", v->name);
	emit_key_string(&w->e, "namespace", v->namespace);
	emit_key_string(&w->e, "rule", policy_rule_id(v->rule));
	emit_object_end(&w->e);
}

/* Null removes what is of an earlier generation. */
static void emit_unaudited(struct writer *w)
{
	static const char *const keys[] = {"auditedAt", "matched", "totalViolations", "violations"};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		emit_key_json(&w->e, keys[i], w->f->policy ? json_get(w->stored, keys[i]) : NULL);
}

static void emit_audited(struct writer *w)
{
	const struct audit *a = w->f->audit;

	emit_key_string(&w->e, "auditedAt", w->now);
	emit_key_object(&w->e, "matched");
	emit_key_int(&w->e, "contexts", (int64_t)a->contexts);
	emit_key_int(&w->e, "namespaces", (int64_t)a->namespaces);
	emit_object_end(&w->e);
	emit_key_int(&w->e, "totalViolations", (int64_t)a->total);
	emit_key_array(&w->e, "violations");
	for (size_t i = 0; i < a->count; i++)
		emit_violation(w, &a->first[i]);
	emit_array_end(&w->e);
}

/* --- the whole -------------------------------------------------------------------------------- */

static bool is_nothing(const struct json *j)
{
	return json_type(j) == JSON_NULL || (json_type(j) == JSON_ARRAY && json_count(j) == 0);
}

static bool is_same(const struct json *a, const struct json *b)
{
	return (is_nothing(a) && is_nothing(b)) || json_equal(a, b);
}

/* All but auditedAt. In the order of the API server, which sorts the members of each object. */
static bool differs(const struct json *stored, const char *text, size_t len)
{
	static const char *const keys[] = {"addedFor", "addedSince", "conditions", "matched",
		"observedGeneration", "totalViolations", "violations"};
	CLEANUP(json_free_p) struct json *now = NULL;

	(void)json_parse(text, len, &now, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (!is_same(json_get(stored, keys[i]), json_get(now, keys[i])))
			return true;
	return false;
}

bool policy_status_encode(
	const struct policy_findings *f, const struct json *stored, const char *now, struct buf *to)
{
	struct writer w = {f, stored, now, EMIT_INIT(to)};
	size_t begin = to->len;

	emit_object_begin(&w.e);
	emit_added_since(&w);
	emit_conditions(&w);
	if (f->audit)
		emit_audited(&w);
	else
		emit_unaudited(&w);
	emit_key_int(&w.e, "observedGeneration", f->generation);
	emit_object_end(&w.e);
	return differs(stored, buf_str(to) + begin, to->len - begin);
}
