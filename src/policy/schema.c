#include "policy/schema.h"

#include <inttypes.h>
#include <string.h>

#include "base/limits.h"
#include "base/str.h"

/* Of a field, or of the items of a list. */
enum shape { OBJECT, INTEGER, TEXT, WORD };

struct field {
	const char *name; /* NULL ends a table */
	enum shape shape;
	bool required, list;
	int64_t min, max; /* of an INTEGER, the characters of a TEXT, the items of a list */
	const char *const *words; /* WORD: NULL ends them */
	const struct field *fields; /* OBJECT: NULL: any */
};

static const char *const actions[] = {"Deny", "Warn", "Audit", NULL};
static const char *const points[] = {"Admission", "Promotion", NULL};
static const char *const choices[] = {"Block", "Warn", NULL};
static const char *const sources[] = {"Shared", "Any", NULL};
static const char *const missing[] = {"Deny", "Warn", NULL};
static const char *const deletion[] = {"Deny", "Warn", "Allow", NULL};

#define NAMES(name_, min_, max_)                                                                   \
	{.name = (name_), .shape = TEXT, .list = true, .min = (min_), .max = (max_)}
#define SET(name_, words_)                                                                         \
	{.name = (name_), .shape = WORD, .list = true, .min = 1, .max = 3, .words = (words_)}
#define ONE_OF(name_, words_) {.name = (name_), .shape = WORD, .words = (words_)}
#define OBJECTS(name_, fields_)                                                                    \
	{.name = (name_),                                                                          \
		.shape = OBJECT,                                                                   \
		.list = true,                                                                      \
		.max = LIMIT_POLICY_TASKS,                                                         \
		.fields = (fields_)}

static const struct field failure_of[] = {
	{.name = "names",
		.shape = TEXT,
		.list = true,
		.required = true,
		.min = 1,
		.max = LIMIT_POLICY_TASKS},
	ONE_OF("default", choices),
	SET("allowed", choices),
	{.name = NULL},
};

static const struct field on_failure[] = {
	ONE_OF("default", choices),
	SET("allowed", choices),
	OBJECTS("tasks", failure_of),
	{.name = NULL},
};

static const struct field task[] = {
	{.name = "name", .shape = TEXT, .required = true, .min = 1, .max = LIMIT_NAME_BYTES},
	ONE_OF("source", sources),
	{.name = NULL},
};

static const struct field promotion_tasks[] = {
	OBJECTS("required", task),
	OBJECTS("added", task),
	NAMES("default", 0, LIMIT_POLICY_TASKS),
	NAMES("allowed", 0, LIMIT_POLICY_NAMES),
	{.name = "max", .shape = INTEGER, .min = 1, .max = LIMIT_POLICY_NAMES},
	{.name = NULL},
};

static const struct field definitions[] = {
	ONE_OF("missing", missing),
	ONE_OF("deletion", deletion),
	{.name = NULL},
};

static const struct field spec[] = {
	{.name = "namespaceSelector", .shape = OBJECT, .required = true},
	{.name = "appSelector", .shape = OBJECT},
	{.name = "priority", .shape = INTEGER, .max = LIMIT_POLICY_PRIORITY},
	{.name = "validationActions",
		.shape = WORD,
		.list = true,
		.required = true,
		.min = 1,
		.max = 3,
		.words = actions},
	{.name = "enforcedAt", .shape = WORD, .list = true, .max = 2, .words = points},
	{.name = "message", .shape = TEXT, .min = 1, .max = LIMIT_POLICY_MESSAGE_CHARS},
	{.name = "onFailure", .shape = OBJECT, .fields = on_failure},
	{.name = "promotionTasks", .shape = OBJECT, .fields = promotion_tasks},
	{.name = "definitions", .shape = OBJECT, .fields = definitions},
	{.name = NULL},
};

static const struct field root[] = {
	{.name = "spec", .shape = OBJECT, .required = true, .fields = spec},
	{.name = NULL},
};

struct checking {
	schema_fault_fn *fault;
	void *ctx;
};

static void check_fields(const struct checking *c, const char *path, const struct json *object,
	const struct field *fields);

static void report(const struct checking *c, enum fielderr_type type, const char *path,
	const struct json *value, const char *detail)
{
	c->fault(c->ctx, type, path, json_string_or(value, json_type_name(json_type(value))),
		detail);
}

static void check_word(const struct checking *c, const char *path, const struct json *value,
	const char *const *words)
{
	CLEANUP(buf_release) struct buf detail = BUF_INIT(LIMIT_DETAIL_BYTES);

	for (const char *const *word = words; *word; word++) {
		if (str_eq(*word, json_string(value)))
			return;
		(void)buf_addf(&detail, "%s%s", word == words ? "must be one of " : ", ", *word);
	}
	report(c, FIELDERR_NOT_SUPPORTED, path, value, buf_str(&detail));
}

/* Whether n is out of bounds, which is reported. */
static void check_bounds(const struct checking *c, const char *path, const struct field *f,
	int64_t n, const char *what)
{
	CLEANUP(buf_release) struct buf detail = BUF_INIT(LIMIT_DETAIL_BYTES);
	CLEANUP(free_p) char *value = NULL;

	if (n >= f->min && n <= f->max)
		return;
	value = xasprintf("%" PRId64, n);
	(void)buf_addf(&detail, "must %s %" PRId64 " to %" PRId64 "%s", *what ? "have" : "be",
		f->min, f->max, what);
	c->fault(c->ctx, FIELDERR_INVALID, path, value, buf_str(&detail));
}

static void check_text(
	const struct checking *c, const char *path, const struct json *value, const struct field *f)
{
	const char *text = json_string(value);

	if (!text)
		report(c, FIELDERR_TYPE_INVALID, path, value, "must be a string");
	else if (!f->list && strlen(text) > 4 * (size_t)f->max)
		check_bounds(c, path, f, (int64_t)strlen(text), " characters");
}

static void check_integer(
	const struct checking *c, const char *path, const struct json *value, const struct field *f)
{
	int64_t n;

	if (json_int64(value, &n))
		check_bounds(c, path, f, n, "");
	else
		report(c, FIELDERR_TYPE_INVALID, path, value, "must be a whole number");
}

static void check_one(
	const struct checking *c, const char *path, const struct json *value, const struct field *f)
{
	if (f->shape == INTEGER)
		check_integer(c, path, value, f);
	else if (f->shape == TEXT)
		check_text(c, path, value, f);
	else if (f->shape == WORD)
		check_word(c, path, value, f->words);
	else if (json_type(value) != JSON_OBJECT)
		report(c, FIELDERR_TYPE_INVALID, path, value, "must be an object");
	else if (f->fields)
		check_fields(c, path, value, f->fields);
}

static void check_list(
	const struct checking *c, const char *path, const struct json *list, const struct field *f)
{
	size_t n = 0;

	if (json_type(list) != JSON_ARRAY) {
		report(c, FIELDERR_TYPE_INVALID, path, list, "must be a list");
		return;
	}
	check_bounds(c, path, f, (int64_t)json_count(list), " items");
	json_each (item, list) {
		CLEANUP(free_p) char *at = xasprintf("%s[%zu]", path, n++);

		check_one(c, at, item, f);
	}
}

static void check_field(
	const struct checking *c, const char *path, const struct json *value, const struct field *f)
{
	if (json_type(value) == JSON_NULL) {
		if (f->required)
			report(c, FIELDERR_REQUIRED, path, value, "must be set");
	} else if (f->list) {
		check_list(c, path, value, f);
	} else {
		check_one(c, path, value, f);
	}
}

static void check_fields(const struct checking *c, const char *path, const struct json *object,
	const struct field *fields)
{
	for (const struct field *f = fields; f->name; f++) {
		CLEANUP(free_p)
		char *at = xasprintf("%s%s%s", path, *path ? "." : "", f->name);

		check_field(c, at, json_get(object, f->name), f);
	}
}

void schema_check(const struct json *object, schema_fault_fn *fault, void *ctx)
{
	struct checking c = {fault, ctx};

	check_fields(&c, "", object, root);
}
