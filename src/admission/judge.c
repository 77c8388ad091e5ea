#include "admission/judge.h"

#include <stdlib.h>

#include "admission/runnable.h"
#include "admission/suggest.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "keptn/traceparent.h"
#include "kube/names.h"

/* One judgement in progress. */
struct judge {
	const struct appcontext *app;
	const struct known *known;
	struct findings *to;
	struct needs *needs;
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

/* Where a definition is looked for: "A" or "B", or "A" where they are one. */
static void add_places(struct buf *to, const struct judge *j)
{
	(void)buf_addf(to, "\"%s\"", j->app->namespace);
	if (!str_eq(j->app->namespace, j->known->keptn_namespace))
		(void)buf_addf(to, " or \"%s\"", j->known->keptn_namespace);
}

/* A task without a definition; the finding depends on what is known of this name. */
static void add_missing(struct judge *j, enum rule_id rule, const struct element *e)
{
	CLEANUP(buf_release) struct buf detail = BUF_INIT(LIMIT_DETAIL_BYTES);
	const char *suggestion = NULL;
	struct finding *item;

	(void)buf_add(&detail, "no KeptnTaskDefinition of this name in ");
	add_places(&detail, j);
	if (j->suggestions_left-- > 0)
		suggestion =
			suggest_definition(j->known, j->app->namespace, e->text, &j->names_left);
	if (suggestion)
		(void)buf_addf(&detail, "; did you mean \"%s\"?", suggestion);
	else
		(void)buf_add(&detail, "; create it first, or correct the name");
	item = findings_add(
		j->to, rule, FIELDERR_NOT_FOUND, element_field(e), e->text, "%s", buf_str(&detail));
	if (item)
		item->unconfirmed = lookup_need(j->known, j->app->namespace, e->text, j->needs);
}

static void judge_definition(struct judge *j, const struct element *e, struct lookup l)
{
	CLEANUP(buf_release) struct buf faults = BUF_INIT(LIMIT_DETAIL_BYTES);
	struct finding *item;

	runnable_describe(j->known, j->app->namespace, l.definition, &faults);
	if (!faults.len)
		return;
	item = findings_add(j->to, PG105, FIELDERR_INVALID, element_field(e), e->text,
		"KeptnTaskDefinition \"%s\" in \"%s\" can't run: %s", e->text, l.namespace,
		buf_str(&faults));
	if (item)
		item->unconfirmed = runnable_need(j->known, j->app->namespace, e->text, j->needs);
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
	struct lookup l;

	if (first) {
		findings_add(j->to, PG102, FIELDERR_DUPLICATE, element_field(e), e->text,
			"already listed at spec.%s[%zu]; each task runs once per version", e->list,
			*first);
		return;
	}
	if (!name_is_subdomain(e->text)) {
		findings_add(j->to, PG103, FIELDERR_INVALID, element_field(e), e->text,
			"must be a lowercase RFC 1123 subdomain of at most %d characters",
			LIMIT_NAME_BYTES);
		return;
	}
	l = lookup_definition(j->known, j->app->namespace, e->text);
	if (l.definition)
		judge_definition(j, e, l);
	else
		add_missing(j, PG101, e);
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
	(void)ctx;
	if (!findings_full(j->to, SEVERITY_WARNING) &&
		!lookup_definition(j->known, j->app->namespace, e->text).definition)
		add_missing(j, PG107, e);
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

void judge_appcontext(const struct appcontext *app, const struct known *k, struct findings *to,
	struct needs *needs)
{
	struct judge j = {app, k, to, needs, LIMIT_SUGGESTIONS, LIMIT_SUGGESTION_NAMES};

	if (has_type(&j, app->annotations, JSON_OBJECT, "metadata.annotations"))
		judge_on_failure(&j);
	if (!has_type(&j, app->spec, JSON_OBJECT, "spec"))
		return;
	judge_deployment_tasks(&j, PRE_DEPLOYMENT_TASKS);
	judge_deployment_tasks(&j, POST_DEPLOYMENT_TASKS);
	judge_promotion_tasks(&j);
	judge_list(&j, app->span_links, "spanLinks", judge_span_link, NULL);
}
