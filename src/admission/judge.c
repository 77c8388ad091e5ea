#include "admission/judge.h"

#include <stdlib.h>
#include <string.h>

#include "admission/policing.h"
#include "admission/suggest.h"
#include "base/limits.h"
#include "base/mem.h"
#include "keptn/traceparent.h"
#include "policy/check.h"
#include "policy/decide.h"

/* One judgement in progress. */
struct judge {
	const struct appcontext *app;
	const struct applied *applied;
	const struct known *known;
	struct resolver resolver;
	struct findings *to;
	int suggestions_left;
	unsigned names_left; /* of LIMIT_SUGGESTION_NAMES */
};

/* A string in one of the lists of the spec. */
struct element {
	const char *list; /* "promotionTasks" */
	size_t index;
	const char *text;
};

static char *element_field(const struct element *e)
{
	return xasprintf("spec.%s[%zu]", e->list, e->index);
}

/* True for the wanted type. PG100 for any other type except null, which counts as absent. */
static bool has_type(
	struct judge *j, const struct json *value, enum json_type want, const char *field)
{
	enum json_type type = json_type(value);

	if (type == want)
		return true;
	if (type != JSON_NULL)
		findings_add(j->to, PG100, FIELDERR_TYPE_INVALID, xstrdup(field),
			json_type_name(type), "must be %s %s", want == JSON_STRING ? "a" : "an",
			json_type_name(want));
	return false;
}

typedef void judge_element_fn(struct judge *j, const struct element *e, void *ctx);

/*
 * Judges each string of spec.LIST; an element of another type is PG100. It stops once the object
 * is denied anyway, so that a list that fills the whole body costs no more than a long one.
 */
static void judge_list(struct judge *j, const struct json *list, const char *name,
	judge_element_fn *judge_element, void *ctx)
{
	CLEANUP(free_p) char *field = xasprintf("spec.%s", name);
	struct element e = {.list = name};

	if (!has_type(j, list, JSON_ARRAY, field))
		return;
	json_each (item, list) {
		if (j->to->overflowed)
			return;
		e.text = json_string(item);
		if (e.text)
			judge_element(j, &e, ctx);
		else
			findings_add(j->to, PG100, FIELDERR_TYPE_INVALID, element_field(&e),
				json_type_name(json_type(item)), "must be a string");
		e.index++;
	}
}

/* A suggestion for a missing name; each costs, so there is a limit. */
static const char *suggest(struct judge *j, const char *name)
{
	if (j->suggestions_left-- <= 0)
		return NULL;
	return suggest_definition(j->known, j->app->namespace, name, &j->names_left);
}

/* The policies may say that a task without a definition that can run is no reason to deny. */
static enum severity unresolved_severity(const struct judge *j, enum rule_id rule)
{
	bool relaxed = rule_get(rule)->softened &&
		       decide_missing(&j->applied->match) != POLICY_STRICT_DENY;

	return relaxed ? SEVERITY_WARNING : rule_get(rule)->severity;
}

/* Adds the finding that the task can't run, which depends on what is known of the chain. */
static void add_unresolved(
	struct judge *j, enum rule_id rule, const struct element *e, const struct resolution *r)
{
	CLEANUP(buf_release) struct buf detail = BUF_INIT(LIMIT_DETAIL_BYTES);
	bool missing = r->outcome == RESOLVE_MISSING;
	bool misspelt = missing || r->outcome == RESOLVE_BAD_NAME;
	struct finding *item;

	resolution_describe(r, misspelt ? suggest(j, e->text) : NULL, &detail);
	item = findings_add_as(j->to, unresolved_severity(j, rule), rule,
		missing ? FIELDERR_NOT_FOUND : FIELDERR_INVALID, element_field(e), e->text, "%s",
		buf_str(&detail));
	if (item)
		item->unconfirmed = r->nunconfirmed > 0;
}

static enum rule_id promotion_rule(enum resolve_outcome outcome)
{
	switch (outcome) {
	case RESOLVE_BAD_NAME:
		return PG103;
	case RESOLVE_MISSING:
		return PG101;
	default:
		return PG105;
	}
}

/* The index of an earlier entry of this name; NULL, and noted, if this is the first. */
static const size_t *note_first(struct strmap *first, const struct element *e)
{
	size_t *index = strmap_get(first, e->text);

	if (index)
		return index;
	index = xmalloc(sizeof(*index));
	*index = e->index;
	strmap_put(first, e->text, index);
	return NULL;
}

static void judge_promotion_task(struct judge *j, const struct element *e, void *ctx)
{
	const size_t *first = note_first(ctx, e);
	struct resolution r;

	if (first) {
		findings_add(j->to, PG102, FIELDERR_DUPLICATE, element_field(e), e->text,
			"already listed at spec.%s[%zu]; each task runs once per version", e->list,
			*first);
		return;
	}
	resolve(&j->resolver, e->text, &r);
	if (r.outcome != RESOLVE_RUNS)
		add_unresolved(j, promotion_rule(r.outcome), e, &r);
}

/* Promotion tasks that are in the other list as well; each is reported once. */
static void judge_both_phases(struct judge *j, struct strmap *promotion, enum task_list other)
{
	const char *list_name = task_list_name(PROMOTION_TASKS);
	size_t index = 0;

	if (json_type(j->app->tasks[other]) != JSON_ARRAY)
		return;
	json_each (item, j->app->tasks[other]) {
		const char *name = json_string(item);
		const size_t *at = name ? strmap_get(promotion, name) : NULL;

		if (at) {
			struct element e = {list_name, *at, name};

			findings_add(j->to, PG106, FIELDERR_DUPLICATE, element_field(&e), name,
				"also listed at spec.%s[%zu]; the task runs in both phases",
				task_list_name(other), index);
			(void)strmap_remove(promotion, name);
		}
		index++;
	}
}

static void judge_number(struct judge *j, const struct json *list)
{
	size_t count = json_type(list) == JSON_ARRAY ? json_count(list) : 0;
	CLEANUP(free_p) char *value = xasprintf("%zu", count);
	size_t max = j->known->max_promotion_tasks;

	if (max && count > max)
		findings_add(j->to, PG104, FIELDERR_TOO_MANY,
			xasprintf("spec.%s", task_list_name(PROMOTION_TASKS)), value,
			"must have at most %zu items; combine several tasks into one", max);
}

static void judge_promotion_tasks(struct judge *j)
{
	CLEANUP(strmap_release) struct strmap first = STRMAP_INIT(free);

	judge_number(j, j->app->tasks[PROMOTION_TASKS]);
	judge_list(j, j->app->tasks[PROMOTION_TASKS], task_list_name(PROMOTION_TASKS),
		judge_promotion_task, &first);
	judge_both_phases(j, &first, POST_DEPLOYMENT_TASKS);
}

static void judge_deployment_task(struct judge *j, const struct element *e, void *ctx)
{
	struct resolution r;

	(void)ctx;
	if (findings_full(j->to, SEVERITY_WARNING))
		return;
	resolve_name(&j->resolver, e->text, &r);
	if (r.outcome != RESOLVE_RUNS)
		add_unresolved(j, PG107, e, &r);
}

static void judge_deployment_tasks(struct judge *j, enum task_list which)
{
	judge_list(j, j->app->tasks[which], task_list_name(which), judge_deployment_task, NULL);
}

static void judge_span_link(struct judge *j, const struct element *e, void *ctx)
{
	(void)ctx;
	if (!traceparent_is_valid(e->text))
		findings_add(j->to, PG108, FIELDERR_INVALID, element_field(e), e->text,
			"must be a W3C traceparent: version-trace-parent-flags in lowercase hex, of "
			"2-32-16-2 digits");
}

static void judge_on_failure(struct judge *j)
{
	static const char field[] = "metadata.annotations[" ON_FAILURE_ANNOTATION "]";
	const struct json *value = json_get(j->app->annotations, ON_FAILURE_ANNOTATION);
	enum on_failure parsed;

	if (has_type(j, value, JSON_STRING, field) &&
		!on_failure_parse(json_string(value), &parsed))
		findings_add(j->to, PG110, FIELDERR_NOT_SUPPORTED, xstrdup(field),
			json_string(value), "supported values: \"%s\", \"%s\"",
			on_failure_name(ON_FAILURE_BLOCK), on_failure_name(ON_FAILURE_WARN));
}

/* Names that have no effect, each of which is perhaps misspelt. */
struct optional_names {
	struct judge *judge;
	struct strmap tasks; /* those that run */
	size_t seen;
};

static void note_tasks(struct optional_names *o)
{
	const struct json *list = o->judge->app->tasks[PROMOTION_TASKS];
	size_t count, seen = 0;
	CLEANUP(free_p)
	struct added_task *added = decide_added(&o->judge->applied->match, &count);

	for (size_t i = 0; i < count; i++)
		strmap_put(&o->tasks, added[i].name, NULL);
	if (json_type(list) != JSON_ARRAY)
		return;
	json_each (item, list)
		if (json_string(item) && seen++ < LIMIT_CHECKED_TASKS)
			strmap_put(&o->tasks, json_string(item), NULL);
}

static bool judge_optional_name(void *ctx, const char *name)
{
	struct optional_names *o = ctx;

	if (o->seen++ == LIMIT_CHECKED_TASKS || findings_full(o->judge->to, SEVERITY_WARNING))
		return false;
	if (!strmap_has(&o->tasks, name))
		findings_add_as(o->judge->to, SEVERITY_WARNING, PG111, FIELDERR_INVALID,
			xstrdup("metadata.annotations[" OPTIONAL_TASKS_ANNOTATION "]"), name,
			"not one of the promotion tasks, so it has no effect; correct the name, or "
			"remove it from the list");
	return true;
}

static void judge_optional_tasks(struct judge *j)
{
	static const char field[] = "metadata.annotations[" OPTIONAL_TASKS_ANNOTATION "]";
	const struct json *value = json_get(j->app->annotations, OPTIONAL_TASKS_ANNOTATION);
	struct optional_names o = {.judge = j, .tasks = STRMAP_INIT(NULL)};
	struct subject s = subject_of_app(j->app->namespace, j->app->name);

	if (!has_type(j, value, JSON_STRING, field))
		return;
	s.optional_tasks = json_string(value);
	if (strlen(s.optional_tasks) > LIMIT_OPTIONAL_TASKS_BYTES) {
		findings_add(j->to, PG111, FIELDERR_INVALID, xstrdup(field), s.optional_tasks,
			"must have at most %d bytes; list fewer tasks", LIMIT_OPTIONAL_TASKS_BYTES);
		return;
	}
	note_tasks(&o);
	subject_optional_tasks(&s, judge_optional_name, &o);
	strmap_release(&o.tasks);
}

static void judge_spec(struct judge *j)
{
	judge_deployment_tasks(j, PRE_DEPLOYMENT_TASKS);
	judge_deployment_tasks(j, POST_DEPLOYMENT_TASKS);
	judge_promotion_tasks(j);
	judge_list(j, j->app->span_links, "spanLinks", judge_span_link, NULL);
}

void judge_needs(const struct finding *item, const struct known *k, const char *app_ns,
	bool decides, struct needs *to)
{
	struct resolver resolver = lookup_resolver(k, app_ns);
	struct resolution r;

	if (needs_full(to, decides))
		return;
	if (item->rule == rule_get(PG114))
		(void)policy_resolve_shared(&resolver, item->value, &r);
	else
		resolve(&resolver, item->value, &r);
	needs_add(to, &r, decides);
}

void judge_appcontext(const struct appcontext *app, const struct applied *a, const struct known *k,
	struct findings *to)
{
	struct judge j = {
		.app = app,
		.applied = a,
		.known = k,
		.resolver = lookup_resolver(k, app->namespace),
		.to = to,
		.suggestions_left = LIMIT_SUGGESTIONS,
		.names_left = LIMIT_SUGGESTION_NAMES,
	};

	if (has_type(&j, app->annotations, JSON_OBJECT, "metadata.annotations")) {
		judge_on_failure(&j);
		judge_optional_tasks(&j);
	}
	if (has_type(&j, app->spec, JSON_OBJECT, "spec"))
		judge_spec(&j);
	police(a, &j.resolver, to);
}
