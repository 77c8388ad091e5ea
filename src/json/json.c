#include "json/json.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "json/strict.h"

/* A struct json is a cJSON, which is known only in this folder. */
static const cJSON *in(const struct json *j)
{
	return (const cJSON *)(const void *)j;
}

static const struct json *out(const cJSON *c)
{
	return (const struct json *)(const void *)c;
}

/*
 * The whole tree is one block, which begins with its root: cJSON would allocate three times for a
 * member, and all of it is freed at once. While a thread parses, cJSON takes from here.
 */
static _Thread_local struct {
	unsigned char *at;
	size_t left;
} block;

enum { ALIGNMENT = 8 };

static void *take_from_block(size_t n)
{
	size_t rounded = (n + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	unsigned char *p = block.at;

	if (rounded < n || rounded > block.left)
		return NULL;
	block.at += rounded;
	block.left -= rounded;
	return p;
}

static void leave_to_block(void *p)
{
	(void)p;
}

__attribute__((constructor)) static void hook_allocator(void)
{
	cJSON_Hooks hooks = {.malloc_fn = take_from_block, .free_fn = leave_to_block};

	cJSON_InitHooks(&hooks);
}

/*
 * A value has a node and at most two strings, its name and its text (of a number, cJSON 1.7.18 has
 * one for a moment). A string takes no more than its bytes in the text, quotes included, rounded up.
 */
static struct json *build(const char *text, size_t len, size_t values)
{
	size_t size = values * (sizeof(cJSON) + (size_t)2 * ALIGNMENT) + len;
	unsigned char *start = xmalloc(size);
	cJSON *root;

	block.at = start;
	block.left = size;
	root = cJSON_ParseWithLength(text, len);
	block.left = 0;
	if (!root)
		free(start);
	return (struct json *)(void *)root;
}

static int compare_keys(const void *a, const void *b)
{
	const char *const *x = a;
	const char *const *y = b;

	return strcmp(*x, *y);
}

/* Up to this many, comparing each pair is cheaper than sorting. */
enum { FEW_KEYS = 16 };

static const char *duplicate_among_few(const cJSON *object)
{
	for (const cJSON *a = object->child; a; a = a->next)
		for (const cJSON *b = a->next; b; b = b->next)
			if (strcmp(a->string, b->string) == 0)
				return a->string;
	return NULL;
}

static const char *duplicate_among_many(const cJSON *object, size_t n)
{
	CLEANUP(free_p) const char **keys = xcalloc(n, sizeof(*keys));
	size_t i = 0;

	for (const cJSON *c = object->child; c; c = c->next)
		keys[i++] = c->string;
	qsort(keys, n, sizeof(*keys), compare_keys);
	for (i = 1; i < n; i++)
		if (strcmp(keys[i - 1], keys[i]) == 0)
			return keys[i];
	return NULL;
}

/* NULL, or a key that an object in the tree has twice. */
static const char *find_duplicate(const cJSON *c)
{
	const char *key = NULL;
	size_t n = 0;

	for (const cJSON *child = c->child; child; child = child->next) {
		if (child->child)
			key = find_duplicate(child);
		if (key)
			return key;
		n++;
	}
	if (!cJSON_IsObject(c) || n < 2)
		return NULL;
	return n <= FEW_KEYS ? duplicate_among_few(c) : duplicate_among_many(c, n);
}

/* Every \u0000 of a checked text becomes \ufffd, in place: the two are of the same length. */
static void replace_nuls(char *text, size_t len)
{
	for (size_t i = 0; i + 5 < len; i++) {
		if (text[i] != '\\')
			continue;
		if (memcmp(text + i, "\\u0000", 6) == 0)
			memcpy(text + i, "\\ufffd", 6);
		i++;
	}
}

int json_parse(const char *text, size_t len, struct json **ret, struct err *err)
{
	return json_parse_small(text, len, LIMIT_JSON_VALUES, ret, err);
}

int json_parse_small(
	const char *text, size_t len, size_t max_values, struct json **ret, struct err *err)
{
	CLEANUP(free_p) char *copy = NULL;
	CLEANUP(json_free_p) struct json *root = NULL;
	const char *key;
	struct strict strict;

	if (strict_check(text, len, LIMIT_JSON_DEPTH, max_values, &strict, err) < 0)
		return -1;
	if (strict.has_nul) {
		copy = xmalloc(len);
		memcpy(copy, text, len);
		replace_nuls(copy, len);
		text = copy;
	}
	root = build(text, len, strict.values);
	if (!root)
		return err_set(err, ERR_INVALID, "not valid JSON");
	key = find_duplicate(in(root));
	if (key)
		return err_set(err, ERR_INVALID, "not strict JSON: duplicate key \"%.*s\"",
			LIMIT_QUOTED_BYTES, key);
	*ret = STEAL(root);
	return 0;
}

void json_free(struct json *j)
{
	free(j);
}

enum json_type json_type(const struct json *j)
{
	const cJSON *c = in(j);

	if (cJSON_IsObject(c))
		return JSON_OBJECT;
	if (cJSON_IsArray(c))
		return JSON_ARRAY;
	if (cJSON_IsString(c))
		return JSON_STRING;
	if (cJSON_IsNumber(c))
		return JSON_NUMBER;
	if (cJSON_IsBool(c))
		return JSON_BOOL;
	return JSON_NULL;
}

const char *json_type_name(enum json_type type)
{
	static const char *const names[] = {
		[JSON_NULL] = "null",
		[JSON_BOOL] = "boolean",
		[JSON_NUMBER] = "number",
		[JSON_STRING] = "string",
		[JSON_ARRAY] = "array",
		[JSON_OBJECT] = "object",
	};

	return names[type];
}

const struct json *json_get(const struct json *j, const char *key)
{
	return json_type(j) == JSON_OBJECT ? out(cJSON_GetObjectItemCaseSensitive(in(j), key))
					   : NULL;
}

const struct json *json_at_keys(const struct json *j, const char *const *keys)
{
	while (j && *keys)
		j = json_get(j, *keys++);
	return j;
}

const char *json_string(const struct json *j)
{
	return cJSON_GetStringValue(in(j));
}

const char *json_string_or(const struct json *j, const char *otherwise)
{
	const char *s = json_string(j);

	return s ? s : otherwise;
}

bool json_is_true(const struct json *j)
{
	return cJSON_IsTrue(in(j));
}

bool json_int64(const struct json *j, int64_t *ret)
{
	static const double exact = 9007199254740992.0; /* 2^53 */
	double d;

	if (!cJSON_IsNumber(in(j)))
		return false;
	d = in(j)->valuedouble;
	if (!(d > -exact && d < exact) || d != trunc(d))
		return false;
	*ret = (int64_t)d;
	return true;
}

double json_double(const struct json *j)
{
	return cJSON_IsNumber(in(j)) ? in(j)->valuedouble : 0;
}

size_t json_count(const struct json *j)
{
	size_t n = 0;

	json_each (item, j)
		n++;
	return n;
}

const struct json *json_first(const struct json *j)
{
	enum json_type type = json_type(j);

	return type == JSON_ARRAY || type == JSON_OBJECT ? out(in(j)->child) : NULL;
}

const struct json *json_next(const struct json *item)
{
	return out(in(item)->next);
}

/* Depth is limited when a text is parsed. */
size_t json_size(const struct json *j)
{
	size_t n = j ? 1 : 0;

	json_each (item, j)
		n += json_size(item);
	return n;
}

static size_t string_size(const char *s)
{
	return s ? strlen(s) + 1 : 0;
}

size_t json_text_size(const struct json *j)
{
	size_t n = j ? string_size(json_string(j)) + string_size(json_key(j)) : 0;

	json_each (item, j)
		n += json_text_size(item);
	return n;
}

static bool same_value(const cJSON *a, const cJSON *b)
{
	if (cJSON_IsString(a))
		return strcmp(a->valuestring, b->valuestring) == 0;
	return !cJSON_IsNumber(a) || a->valuedouble == b->valuedouble;
}

static bool same_name(const cJSON *a, const cJSON *b)
{
	return !a->string || !b->string ? a->string == b->string
					: strcmp(a->string, b->string) == 0;
}

static bool same_tree(const cJSON *a, const cJSON *b)
{
	const cJSON *x = a->child, *y = b->child;

	if (a->type != b->type || !same_name(a, b) || !same_value(a, b))
		return false;
	for (; x && y; x = x->next, y = y->next)
		if (!same_tree(x, y))
			return false;
	return !x && !y;
}

bool json_equal(const struct json *a, const struct json *b)
{
	return a && b ? same_tree(in(a), in(b)) : a == b;
}

const char *json_key(const struct json *item)
{
	return in(item)->string;
}
