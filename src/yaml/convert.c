#include "yaml/convert.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/strmap.h"
#include "json/emit.h"
#include "yaml/scalar.h"

#define TAG "tag:yaml.org,2002:"

struct converter {
	struct emit out;
	struct lines *lines;
	size_t values; /* visited so far, once for each alias or merge that leads there */
	int depth;
	struct err *err;
};

void lines_release(struct lines *lines)
{
	free(lines->line);
	*lines = (struct lines){.line = NULL};
}

static void add_line(struct lines *lines, unsigned line)
{
	if (lines->n == lines->cap) {
		lines->cap = lines->cap ? 2 * lines->cap : 64;
		lines->line = xreallocarray(lines->line, lines->cap, sizeof(*lines->line));
	}
	lines->line[lines->n++] = line;
}

static int fail(const struct converter *c, const struct node *node, const char *what)
{
	return err_set(c->err, ERR_INVALID, "line %u: %s", node->line, what);
}

static const struct node *follow(const struct node *node)
{
	return node->type == NODE_ALIAS ? node->target : node;
}

static int spend(struct converter *c, const struct node *node)
{
	if (++c->values <= LIMIT_JSON_VALUES && !c->out.to->overflowed)
		return 0;
	return err_set(c->err, ERR_TOO_LARGE,
		"line %u: the document is too large; each use of an alias counts", node->line);
}

/* Into a collection, through aliases too: json_parse() would reject it later, without a line. */
static int descend(struct converter *c, const struct node *node)
{
	if (++c->depth <= LIMIT_JSON_DEPTH)
		return 0;
	return err_set(c->err, ERR_TOO_LARGE, "line %u: nested too deeply", node->line);
}

static bool is_tagged(const struct node *node, const char *tag)
{
	return str_eq(node->tag, tag);
}

static int bad_tag(const struct converter *c, const struct node *node)
{
	return err_set(c->err, ERR_INVALID, "line %u: the tag \"%.*s\" is not supported",
		node->line, LIMIT_QUOTED_BYTES, node->tag);
}

/* The type of a scalar, by its tag or its text. */
static int resolve(const struct converter *c, const struct node *node, struct scalar *ret)
{
	static const struct {
		const char *tag;
		enum scalar_type type;
	} tags[] = {
		{TAG "null", SCALAR_NULL},
		{TAG "bool", SCALAR_BOOL},
		{TAG "int", SCALAR_NUMBER},
		{TAG "float", SCALAR_NUMBER},
	};

	*ret = (struct scalar){.type = SCALAR_STRING};
	if (node->tag ? is_tagged(node, "!") || is_tagged(node, TAG "str") : !node->plain)
		return 0;
	scalar_resolve(node->value, ret);
	if (ret->type == SCALAR_NOT_FINITE)
		return fail(c, node, "JSON has no infinity and no NaN");
	if (!node->tag)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(tags); i++)
		if (is_tagged(node, tags[i].tag) && ret->type == tags[i].type)
			return 0;
	return bad_tag(c, node);
}

/* As written; emit has only whole numbers. */
static void emit_number(struct emit *e, const char *number)
{
	if (e->comma)
		(void)buf_addc(e->to, ',');
	(void)buf_add(e->to, number);
	e->comma = true;
}

static int convert_scalar(struct converter *c, const struct node *node)
{
	struct scalar s;

	if (resolve(c, node, &s) < 0)
		return -1;
	if (s.type == SCALAR_NULL)
		emit_null(&c->out);
	else if (s.type == SCALAR_BOOL)
		emit_bool(&c->out, s.is_true);
	else if (s.type == SCALAR_NUMBER)
		emit_number(&c->out, s.number);
	else
		emit_string(&c->out, node->value);
	return 0;
}

static int convert_value(struct converter *c, const struct node *node, unsigned line);

static int convert_sequence(struct converter *c, const struct node *node)
{
	if (node->tag && !is_tagged(node, TAG "seq"))
		return bad_tag(c, node);
	if (descend(c, node) < 0)
		return -1;
	emit_array_begin(&c->out);
	for (const struct node *item = node->child; item; item = item->next)
		if (convert_value(c, item, item->line) < 0)
			return -1;
	emit_array_end(&c->out);
	c->depth--;
	return 0;
}

static bool is_merge(const struct node *key)
{
	return key->type == NODE_SCALAR && key->plain && !key->tag && str_eq(key->value, "<<");
}

/* *ret points into the node or into s. */
static int key_of(
	const struct converter *c, const struct node *node, struct scalar *s, const char **ret)
{
	if (node->type != NODE_SCALAR)
		return fail(c, node, "a key must be a scalar");
	if (resolve(c, node, s) < 0)
		return -1;
	if (s->type == SCALAR_NULL)
		return fail(c, node, "a key must not be null");
	*ret = node->value;
	if (s->type == SCALAR_BOOL)
		*ret = s->is_true ? "true" : "false";
	else if (s->type == SCALAR_NUMBER)
		*ret = s->number;
	return 0;
}

/* One JSON object being written: its mapping, and the keys so far. */
struct object {
	const struct node *mapping;
	struct strmap keys; /* to the nodes, borrowed */
};

static int convert_member(
	struct converter *c, struct object *object, const struct node *from, const struct node *key)
{
	const struct node *first;
	const char *name = NULL;
	struct scalar s;

	if (spend(c, key) < 0 || key_of(c, follow(key), &s, &name) < 0)
		return -1;
	assert(name);
	first = strmap_get(&object->keys, name);
	/* A mapping's own key wins over a merged one. */
	if (first && from != object->mapping)
		return 0;
	if (first)
		return err_set(c->err, ERR_INVALID,
			"line %u: duplicate key \"%.*s\", first in line %u", key->line,
			LIMIT_QUOTED_BYTES, name, first->line);
	strmap_put(&object->keys, name, (void *)key);
	emit_key(&c->out, name);
	return convert_value(c, key->next, key->line);
}

static int convert_members(struct converter *c, struct object *object, const struct node *from);

static int merge(struct converter *c, struct object *object, const struct node *value)
{
	const struct node *from = follow(value);
	int ret;

	if (spend(c, value) < 0)
		return -1;
	if (from->type != NODE_MAPPING)
		return fail(c, value, "a merge (<<) needs a mapping");
	if (descend(c, value) < 0)
		return -1;
	ret = convert_members(c, object, from);
	c->depth--;
	return ret;
}

static int merge_all(struct converter *c, struct object *object, const struct node *value)
{
	const struct node *from = follow(value);

	if (from->type != NODE_SEQUENCE)
		return merge(c, object, value);
	for (const struct node *item = from->child; item; item = item->next)
		if (merge(c, object, item) < 0)
			return -1;
	return 0;
}

static int convert_members(struct converter *c, struct object *object, const struct node *from)
{
	for (const struct node *key = from->child; key; key = key->next->next)
		if (!is_merge(key) && convert_member(c, object, from, key) < 0)
			return -1;
	for (const struct node *key = from->child; key; key = key->next->next)
		if (is_merge(key) && merge_all(c, object, key->next) < 0)
			return -1;
	return 0;
}

static int convert_mapping(struct converter *c, const struct node *node)
{
	struct object object = {.mapping = node, .keys = STRMAP_INIT(NULL)};
	int ret;

	if (node->tag && !is_tagged(node, TAG "map"))
		return bad_tag(c, node);
	if (descend(c, node) < 0)
		return -1;
	emit_object_begin(&c->out);
	ret = convert_members(c, &object, node);
	emit_object_end(&c->out);
	strmap_release(&object.keys);
	c->depth--;
	return ret;
}

/* Recursion is bounded by the depth. */
static int convert_value(struct converter *c, const struct node *node, unsigned line)
{
	const struct node *target = follow(node);

	if (spend(c, node) < 0)
		return -1;
	add_line(c->lines, line);
	switch (target->type) {
	case NODE_SEQUENCE:
		return convert_sequence(c, target);
	case NODE_MAPPING:
		return convert_mapping(c, target);
	default:
		return convert_scalar(c, target);
	}
}

int convert(const struct node *root, struct buf *json, struct lines *lines, struct err *err)
{
	struct converter c = {.out = EMIT_INIT(json), .lines = lines, .err = err};

	if (convert_value(&c, root, root->line) < 0)
		return -1;
	return json->overflowed ? err_set(err, ERR_TOO_LARGE,
					  "line %u: the document is over %zu bytes as JSON",
					  root->line, json->max)
				: 0;
}
