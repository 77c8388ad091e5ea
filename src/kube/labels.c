#include "kube/labels.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "kube/labelvalue.h"
#include "kube/names.h"

/* --- labels ----------------------------------------------------------------------------------- */

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct label *)a)->key, ((const struct label *)b)->key);
}

static size_t count_strings(const struct json *j)
{
	size_t n = 0;

	json_each (item, j)
		n += json_string(item) != NULL;
	return n;
}

struct labels *labels_decode(const struct json *object_labels)
{
	const struct json *all = json_type(object_labels) == JSON_OBJECT ? object_labels : NULL;
	size_t n = count_strings(all);
	struct arena arena;
	struct labels *ret =
		arena_new(sizeof(*ret), n * sizeof(struct label) + json_text_size(all), &arena);
	struct label *at = arena_array(&arena, n, sizeof(*at));

	ret->at = at;
	json_each (item, all) {
		if (!json_string(item))
			continue;
		at[ret->count++] = (struct label){
			arena_text(&arena, json_key(item)), arena_text(&arena, json_string(item))};
	}
	qsort(at, n, sizeof(*at), by_key);
	return ret;
}

const char *labels_get(const struct labels *l, const char *key)
{
	struct label sought = {.key = key};
	const struct label *found =
		l->count ? bsearch(&sought, l->at, l->count, sizeof(sought), by_key) : NULL;

	return found ? found->value : NULL;
}

/* --- matching --------------------------------------------------------------------------------- */

static bool has_value(const struct selector_requirement *r, const char *value)
{
	for (size_t i = 0; i < r->nvalues; i++)
		if (str_eq(r->values[i], value))
			return true;
	return false;
}

static bool holds(const struct selector_requirement *r, const char *value)
{
	switch (r->operator) {
	case SELECTOR_IN:
		return value && has_value(r, value);
	case SELECTOR_NOT_IN:
		return !value || !has_value(r, value);
	case SELECTOR_EXISTS:
		return value != NULL;
	default:
		return value == NULL;
	}
}

bool selector_matches(const struct selector *s, const struct labels *l)
{
	for (size_t i = 0; i < s->count; i++)
		if (!holds(&s->at[i], labels_get(l, s->at[i].key)))
			return false;
	return true;
}

/* --- checking --------------------------------------------------------------------------------- */

static const char *const operators[] = {
	[SELECTOR_IN] = "In",
	[SELECTOR_NOT_IN] = "NotIn",
	[SELECTOR_EXISTS] = "Exists",
	[SELECTOR_DOES_NOT_EXIST] = "DoesNotExist",
};

static const char not_a_key[] =
	"must be a label key: at most 63 letters, digits, '-', '_' and '.', the first and the last "
	"a letter or digit, optionally after a DNS name and '/'";
static const char not_a_value[] =
	"must be a label value: at most 63 letters, digits, '-', '_' and '.', the first and the "
	"last a letter or digit; or empty";

struct checking {
	selector_fault_fn *fault;
	void *ctx;
	size_t faults;
};

static void report(
	struct checking *c, const char *field, const struct json *value, const char *detail)
{
	c->fault(c->ctx, field, json_string_or(value, json_type_name(json_type(value))), detail);
	c->faults++;
}

/* A qualified name (apimachinery, IsQualifiedName). */
static bool is_key(const char *key)
{
	const char *slash = key ? strchr(key, '/') : NULL;
	const char *name = slash ? slash + 1 : key;
	CLEANUP(free_p) char *prefix = slash ? xstrndup(key, (size_t)(slash - key)) : NULL;

	return name && *name && label_value_is_valid(name) &&
	       (!prefix || name_is_subdomain(prefix));
}

static void check_label(struct checking *c, const struct json *label)
{
	CLEANUP(buf_release) struct buf field = BUF_INIT(LIMIT_DETAIL_BYTES);
	const char *value = json_string(label);

	if (!is_key(json_key(label))) {
		c->fault(c->ctx, "matchLabels", json_key(label), not_a_key);
		c->faults++;
		return;
	}
	(void)buf_addf(&field, "matchLabels[%s]", json_key(label));
	if (!value || !label_value_is_valid(value))
		report(c, buf_str(&field), label, not_a_value);
}

/* "matchExpressions[2].values[0]" */
struct field {
	char text[80];
};

static struct field field_of(size_t expression, const char *member)
{
	struct field f;

	(void)snprintf(f.text, sizeof(f.text), "matchExpressions[%zu]%s", expression, member);
	return f;
}

static void check_values(struct checking *c, size_t expression, const struct json *values)
{
	size_t n = 0;

	json_each (value, values) {
		const char *text = json_string(value);
		char member[32];

		(void)snprintf(member, sizeof(member), ".values[%zu]", n++);
		if (!text || !label_value_is_valid(text))
			report(c, field_of(expression, member).text, value, not_a_value);
	}
}

static bool is_list_or_absent(const struct json *j)
{
	return json_type(j) == JSON_ARRAY || json_type(j) == JSON_NULL;
}

static void check_operator(
	struct checking *c, size_t n, const struct json *operator, const struct json * values)
{
	int found = str_index(operators, ARRAY_SIZE(operators), json_string(operator));
	bool wants = found == SELECTOR_IN || found == SELECTOR_NOT_IN;

	if (found < 0)
		report(c, field_of(n, ".operator").text, operator,
			"must be one of In, NotIn, Exists, DoesNotExist");
	else if (wants && json_count(values) == 0)
		report(c, field_of(n, ".values").text, values,
			"In and NotIn need at least one value");
	else if (!wants && json_count(values) > 0)
		report(c, field_of(n, ".values").text, values,
			"Exists and DoesNotExist take no values: remove them");
}

static void check_expression(struct checking *c, size_t n, const struct json *expression)
{
	const struct json *key = json_get(expression, "key");
	const struct json *values = json_get(expression, "values");

	if (!is_key(json_string(key)))
		report(c, field_of(n, ".key").text, key, not_a_key);
	if (is_list_or_absent(values)) {
		check_operator(c, n, json_get(expression, "operator"), values);
		check_values(c, n, values);
	} else {
		report(c, field_of(n, ".values").text, values, "must be a list of strings");
	}
}

static void check_labels(struct checking *c, const struct json *labels)
{
	if (json_type(labels) != JSON_OBJECT && json_type(labels) != JSON_NULL) {
		report(c, "matchLabels", labels, "must be an object of strings");
		return;
	}
	json_each (label, labels)
		check_label(c, label);
}

static void check_expressions(struct checking *c, const struct json *expressions)
{
	size_t n = 0;

	if (!is_list_or_absent(expressions)) {
		report(c, "matchExpressions", expressions, "must be a list of objects");
		return;
	}
	json_each (expression, expressions)
		check_expression(c, n++, expression);
}

static size_t check(const struct json *selector, selector_fault_fn *fault, void *ctx)
{
	struct checking c = {fault, ctx, 0};

	if (json_type(selector) != JSON_OBJECT) {
		report(&c, "", selector, "must be a label selector: an object");
		return c.faults;
	}
	check_labels(&c, json_get(selector, "matchLabels"));
	check_expressions(&c, json_get(selector, "matchExpressions"));
	return c.faults;
}

void selector_check(const struct json *selector, selector_fault_fn *fault, void *ctx)
{
	(void)check(selector, fault, ctx);
}

/* --- decoding --------------------------------------------------------------------------------- */

static void ignore(void *ctx, const char *field, const char *value, const char *detail)
{
	(void)ctx;
	(void)field;
	(void)value;
	(void)detail;
}

static struct selector_requirement decode_label(struct arena *arena, const struct json *label)
{
	const char **value = arena_array(arena, 1, sizeof(*value));

	*value = arena_text(arena, json_string(label));
	return (struct selector_requirement){
		.key = arena_text(arena, json_key(label)),
		.operator= SELECTOR_IN,
		.values = value,
		.nvalues = 1,
	};
}

static struct selector_requirement decode_expression(
	struct arena *arena, const struct json *expression)
{
	const struct json *all = json_get(expression, "values");
	const char *operator= json_string(json_get(expression, "operator"));
	const char **values = arena_array(arena, json_count(all), sizeof(*values));
	size_t n = 0;

	json_each (value, all)
		values[n++] = arena_text(arena, json_string(value));
	return (struct selector_requirement){
		.key = arena_text(arena, json_string(json_get(expression, "key"))),
		.operator=(enum selector_operator)
			str_index(operators, ARRAY_SIZE(operators), operator),
		.values = values,
		.nvalues = n,
	};
}

struct selector *selector_decode(const struct json *selector)
{
	const struct json *labels = json_get(selector, "matchLabels");
	const struct json *expressions = json_get(selector, "matchExpressions");
	/* Each value of the JSON becomes at most one of these. */
	size_t each = sizeof(struct selector_requirement) + sizeof(char *) + ARENA_PADDING;
	struct selector_requirement *at;
	struct arena arena;
	struct selector *ret;

	if (check(selector, ignore, NULL))
		return NULL;
	ret = arena_new(
		sizeof(*ret), json_size(selector) * each + json_text_size(selector), &arena);
	ret->at = at =
		arena_array(&arena, json_count(labels) + json_count(expressions), sizeof(*at));
	json_each (label, labels)
		at[ret->count++] = decode_label(&arena, label);
	json_each (expression, expressions)
		at[ret->count++] = decode_expression(&arena, expression);
	return ret;
}
