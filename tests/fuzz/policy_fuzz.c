/*
 * Any JSON as a PromotionPolicy, and on a second line as a KeptnAppContext: what is decoded has no
 * fault and is within its bounds; a selector matches its labels as a second implementation does, and
 * a glob the names of its tasks.
 */
#include <assert.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/str.h"
#include "policy/check.h"
#include "policy/faults.h"
#include "policy/glob.h"
#include "policy/policies.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void count_fault(void *ctx, enum policy_fault fault, enum fielderr_type type,
	const char *field, const char *value, const char *detail)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(LIMIT_RESPONSE_BYTES);

	assert(fault < POLICY_FAULT_COUNT);
	assert(str_starts(field, "spec") && *detail);
	fielderr_body(&text, type, value, detail);
	assert(!text.overflowed);
	++*(size_t *)ctx;
}

/* --- a second implementation ------------------------------------------------------------------ */

static const char *label_of(const struct json *labels, const char *key)
{
	return json_string(json_get(labels, key));
}

static bool is_one_of(const struct json *values, const char *value)
{
	json_each (item, values)
		if (str_eq(json_string(item), value))
			return true;
	return false;
}

static bool expression_holds(const struct json *expression, const struct json *labels)
{
	const char *operator= json_string(json_get(expression, "operator"));
	const char *value = label_of(labels, json_string(json_get(expression, "key")));
	bool listed = value && is_one_of(json_get(expression, "values"), value);

	if (str_eq(operator, "In"))
		return listed;
	if (str_eq(operator, "NotIn"))
		return !listed;
	return str_eq(operator, "Exists") ? value != NULL : value == NULL;
}

static bool should_match(const struct json *selector, const struct json *labels)
{
	json_each (label, json_get(selector, "matchLabels"))
		if (!str_eq(label_of(labels, json_key(label)), json_string(label)))
			return false;
	json_each (expression, json_get(selector, "matchExpressions"))
		if (!expression_holds(expression, labels))
			return false;
	return true;
}

/* Tries everything: only for short texts. */
static bool should_glob(const char *glob, const char *name)
{
	if (*glob == '*')
		return should_glob(glob + 1, name) || (*name && should_glob(glob, name + 1));
	return *glob == *name && (!*glob || should_glob(glob + 1, name + 1));
}

/* --- the checks ------------------------------------------------------------------------------- */

static void check_selector(const struct json *json, const struct json *labels)
{
	CLEANUP(free_p) struct selector *s = selector_decode(json);
	CLEANUP(free_p) struct labels *l = labels_decode(labels);

	if (s)
		assert(selector_matches(s, l) == should_match(json, labels));
}

static void check_bounds(const struct policy *p)
{
	assert(p->namespaces && p->priority <= LIMIT_POLICY_PRIORITY);
	assert(p->required.count <= LIMIT_POLICY_TASKS && p->added.count <= LIMIT_POLICY_TASKS);
	assert(p->preferred.count <= LIMIT_POLICY_TASKS && p->nfailures <= LIMIT_POLICY_TASKS);
	assert(p->allowed.count <= LIMIT_POLICY_NAMES && p->max <= LIMIT_POLICY_NAMES);
	assert(p->actions && p->refs == 1);
}

static void ignore(void *ctx, const struct violation *v)
{
	(void)ctx;
	assert(v->detail && v->field && v->value);
}

static void check_policy(const struct json *object, const struct json *context)
{
	CLEANUP(policy_unref_p) struct policy *p = policy_decode(object);
	CLEANUP(free_p) struct subject *s = subject_decode(context, "dev");
	size_t faults = 0;

	policy_faults(object, count_fault, &faults);
	assert((p == NULL) == (faults > 0));
	if (!p)
		return;
	check_bounds(p);
	(void)policy_matches(p, s->labels, s);
	policy_check(p, s, NULL, ignore, NULL);
}

static void check_glob(const char *glob, const char *name)
{
	if (strlen(glob) > 12 || strlen(name) > 12)
		return;
	assert(glob_matches(glob, name) == should_glob(glob, name));
	if (glob_is_literal(glob))
		assert(glob_matches(glob, name) == str_eq(glob, name));
}

static struct json *parse(const uint8_t *data, size_t size)
{
	struct json *j = NULL;
	struct err err = ERR_INIT;

	return json_parse((const char *)data, size, &j, &err) == 0 ? j : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *newline = size ? memchr(data, '\n', size) : NULL;
	size_t first = newline ? (size_t)(newline - data) : size;
	CLEANUP(json_free_p) struct json *policy = parse(data, first);
	CLEANUP(json_free_p)
	struct json *context = newline ? parse(newline + 1, size - first - 1) : NULL;
	const struct json *spec = json_get(policy, "spec");
	const struct json *labels = json_at(context, "metadata", "labels");

	check_policy(policy, context);
	check_selector(json_get(spec, "namespaceSelector"), labels);
	check_selector(json_get(spec, "appSelector"), labels);
	json_each (task, json_at(context, "spec", "promotionTasks"))
		json_each (glob, json_at(spec, "promotionTasks", "allowed"))
			check_glob(json_string_or(glob, ""), json_string_or(task, ""));
	return 0;
}
