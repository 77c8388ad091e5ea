#include "admission/defaults.h"

#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "policy/decide.h"

static const char *const spec_path[] = {"spec", NULL};
static const char *const tasks_path[] = {"spec", "promotionTasks", NULL};

/* --- the list --------------------------------------------------------------------------------- */

static const struct json *tasks_of(const struct json *object)
{
	return json_at(object, "spec", "promotionTasks");
}

static bool is_absent(const struct json *j)
{
	return json_type(j) == JSON_NULL;
}

static bool lists(const struct json *list, const struct policy_names *names)
{
	size_t i = 0;

	if (json_type(list) != JSON_ARRAY || json_count(list) != names->count)
		return false;
	json_each (item, list)
		if (!str_eq(json_string(item), names->at[i++]))
			return false;
	return true;
}

/* What the list has to be. */
struct tasks {
	bool ours; /* not the author's: it is the default's, or has to be removed */
	const struct policy *policy; /* whose default it is; NULL: there is none */
};

/* Whether a default wrote the list, and nobody has changed it since. */
static bool is_kept(const struct review *r, const struct applied *a)
{
	return a->now->defaulted_tasks && a->old && a->old->defaulted_tasks &&
	       json_equal(tasks_of(r->object), tasks_of(r->old_object));
}

static bool is_ours(const struct review *r, const struct applied *a, const struct policy *policy)
{
	const struct json *list = tasks_of(r->object);
	const char *mark = a->now->defaulted_tasks;

	if (is_absent(list))
		return true;
	if (!mark)
		return false;
	if (policy && str_eq(mark, policy->name) && lists(list, &policy->preferred))
		return true;
	return is_kept(r, a);
}

static struct tasks decide_tasks(const struct review *r, const struct applied *a)
{
	const struct policy *policy = decide_default_tasks(&a->match);
	bool ours = is_ours(r, a, policy);

	return (struct tasks){ours, ours ? policy : NULL};
}

static void write_list(const struct review *r, const struct policy_names *names, struct patch *to)
{
	if (is_absent(json_get(r->object, "spec")))
		patch_add_empty(to, spec_path);
	patch_add_strings(to, tasks_path, names->at, names->count);
}

static void patch_list(const struct review *r, const struct tasks *t, struct patch *to)
{
	const struct json *list = tasks_of(r->object);

	if (!t->ours)
		return;
	if (t->policy && !lists(list, &t->policy->preferred))
		write_list(r, &t->policy->preferred, to);
	else if (!t->policy && !is_absent(list))
		patch_remove(to, tasks_path);
}

/* --- what a failed task means ----------------------------------------------------------------- */

static enum on_failure_choice definition_choice(
	const struct known *k, const struct applied *a, const char *task)
{
	struct resolver resolver = lookup_resolver(k, a->now->namespace);
	struct resolution found;

	if (decide_shared(&a->match, task))
		resolver.namespace = k->keptn_namespace;
	resolve_name(&resolver, task, &found);
	return found.count ? found.chain[0].definition->on_failure : ON_FAILURE_UNSET;
}

static const char *resolve_failure(const struct known *k, const struct applied *a, const char *task)
{
	const struct failure_question q = {
		.match = &a->match,
		.subject = a->now,
		.task = task,
		.definition = definition_choice(k, a, task),
		.config = k->block_deployment,
		.point = POLICY_AT_PROMOTION,
	};

	return on_failure_name(decide_failure(&q).value);
}

/* "Block", or, where tasks differ, "a=Block,b=Warn". */
static void resolve_all(const struct known *k, const struct applied *a,
	const struct policy_names *tasks, struct buf *to)
{
	const char *first = resolve_failure(k, a, tasks->count ? tasks->at[0] : "");
	bool differ = false;

	for (size_t i = 0; i < tasks->count; i++) {
		const char *value = resolve_failure(k, a, tasks->at[i]);

		differ |= !str_eq(value, first);
		(void)buf_addf(to, "%s%s=%s", i ? "," : "", tasks->at[i], value);
	}
	if (differ)
		return;
	buf_reset(to);
	(void)buf_add(to, first);
}

/* --- annotations ------------------------------------------------------------------------------ */

/* One that Promogate writes. */
struct mark {
	const char *key;
	const char *value; /* NULL: it has to be absent */
};

enum { MARKS = 2 };

/* Whether the API server still accepts the annotations. */
static bool fits(const struct json *annotations, const struct mark *marks)
{
	size_t bytes = 0;

	json_each (item, annotations)
		if (!str_eq(json_key(item), marks[0].key) && !str_eq(json_key(item), marks[1].key))
			bytes += strlen(json_key(item)) + strlen(json_string_or(item, ""));
	for (size_t i = 0; i < MARKS; i++)
		if (marks[i].value)
			bytes += strlen(marks[i].key) + strlen(marks[i].value);
	return bytes <= LIMIT_ANNOTATIONS_BYTES;
}

/* added: whether the patch has added the annotations already. */
static void patch_mark(
	const struct json *annotations, const struct mark *m, bool *added, struct patch *to)
{
	static const char *const all[] = {"metadata", "annotations", NULL};
	const char *const path[] = {"metadata", "annotations", m->key, NULL};
	const struct json *before = json_get(annotations, m->key);

	if (!m->value && before)
		patch_remove(to, path);
	if (!m->value || str_eq(json_string(before), m->value))
		return;
	if (*added)
		patch_add_string(to, path, m->value);
	else
		patch_add_object(to, all, m->key, m->value);
	*added = true;
}

/* Of another type they are left to the validation, which denies them. */
static bool is_object_or_absent(const struct json *j)
{
	return is_absent(j) || json_type(j) == JSON_OBJECT;
}

bool defaults_patch(
	const struct review *r, const struct known *k, const struct applied *a, struct patch *to)
{
	const struct json *metadata = json_get(r->object, "metadata");
	const struct json *annotations = json_get(metadata, "annotations");
	CLEANUP(buf_release) struct buf resolved = BUF_INIT(LIMIT_ANNOTATIONS_BYTES);
	const struct subject_tasks *own = &a->now->tasks[PROMOTION_TASKS];
	struct tasks tasks = decide_tasks(r, a);
	struct policy_names names = {own->at, own->count};
	bool added = json_type(annotations) == JSON_OBJECT;
	struct mark marks[MARKS];

	/* The policy that wrote it may match by the labels that are not known. */
	if (a->unknown_namespace && is_kept(r, a))
		return true;
	if (json_type(metadata) != JSON_OBJECT || !is_object_or_absent(annotations) ||
		!is_object_or_absent(json_get(r->object, "spec")))
		return true;
	if (tasks.ours)
		names = tasks.policy ? tasks.policy->preferred : (struct policy_names){NULL, 0};
	resolve_all(k, a, &names, &resolved);
	marks[0] = (struct mark){RESOLVED_ON_FAILURE_ANNOTATION, buf_str(&resolved)};
	marks[1] =
		(struct mark){DEFAULTED_TASKS_ANNOTATION, tasks.policy ? tasks.policy->name : NULL};
	if (resolved.overflowed || !fits(annotations, marks))
		return false;
	patch_list(r, &tasks, to);
	for (size_t i = 0; i < MARKS; i++)
		patch_mark(annotations, &marks[i], &added, to);
	return true;
}

bool defaults_missing(const struct review *r, const struct known *k, const struct applied *a)
{
	struct patch unused;
	bool possible;

	if (!is_absent(tasks_of(r->object)) || !decide_default_tasks(&a->match))
		return false;
	patch_init(&unused);
	possible = defaults_patch(r, k, a, &unused);
	patch_release(&unused);
	return possible;
}
