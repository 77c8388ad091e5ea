#include "yaml/tree.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/strmap.h"

struct reader {
	yaml_parser_t *parser;
	struct strmap anchors; /* name to node; nodes are borrowed */
	struct node *root;
	struct node *parents[LIMIT_JSON_DEPTH];
	struct node *last[LIMIT_JSON_DEPTH]; /* child of each of the parents */
	size_t depth;
	size_t nodes;
	struct err *err;
};

static unsigned line_of(yaml_mark_t mark)
{
	return (unsigned)mark.line + 1;
}

static int parser_failed(const yaml_parser_t *p, struct err *err)
{
	const char *problem = p->problem ? p->problem : "not valid YAML";

	if (p->error == YAML_READER_ERROR)
		return err_set(err, ERR_INVALID, "%s at byte %zu", problem, p->problem_offset);
	if (p->error == YAML_MEMORY_ERROR)
		return err_set(err, ERR_INTERNAL, "libyaml is out of memory");
	return err_set(err, ERR_INVALID, "line %u: %s%s%s", line_of(p->problem_mark), problem,
		p->context ? " " : "", p->context ? p->context : "");
}

static int fail(const struct reader *r, unsigned line, enum err_kind kind, const char *what)
{
	return err_set(r->err, kind, "line %u: %s", line, what);
}

/* Not by recursion, and each list of children is walked only once to its end. */
void tree_free(struct node *root)
{
	struct node *todo = root;

	while (todo) {
		struct node *node = todo;

		todo = node->next;
		if (node->child) {
			struct node *last = node->child;

			while (last->next)
				last = last->next;
			last->next = todo;
			todo = node->child;
		}
		free(node->tag);
		free(node->value);
		free(node);
	}
}

/* Adds a node to the tree; NULL above the limit. */
static struct node *add(struct reader *r, enum node_type type, const yaml_event_t *event)
{
	struct node *node;

	if (++r->nodes > LIMIT_JSON_VALUES) {
		(void)fail(r, line_of(event->start_mark), ERR_TOO_LARGE, "too many values");
		return NULL;
	}
	node = xcalloc(1, sizeof(*node));
	node->type = type;
	node->line = line_of(event->start_mark);
	if (!r->depth) {
		r->root = node;
		return node;
	}
	if (r->last[r->depth - 1])
		r->last[r->depth - 1]->next = node;
	else
		r->parents[r->depth - 1]->child = node;
	r->last[r->depth - 1] = node;
	return node;
}

static void set_names(
	struct reader *r, struct node *node, const yaml_char_t *anchor, const yaml_char_t *tag)
{
	if (tag)
		node->tag = xstrdup((const char *)tag);
	if (anchor)
		strmap_put(&r->anchors, (const char *)anchor, node);
}

static int on_scalar(struct reader *r, const yaml_event_t *event)
{
	struct node *node = add(r, NODE_SCALAR, event);

	if (!node)
		return -1;
	node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	node->value = xstrndup((const char *)event->data.scalar.value, event->data.scalar.length);
	set_names(r, node, event->data.scalar.anchor, event->data.scalar.tag);
	if (strlen(node->value) != event->data.scalar.length)
		return fail(r, node->line, ERR_INVALID, "a NUL character");
	return 0;
}

static int on_collection(struct reader *r, const yaml_event_t *event)
{
	bool sequence = event->type == YAML_SEQUENCE_START_EVENT;
	struct node *node = add(r, sequence ? NODE_SEQUENCE : NODE_MAPPING, event);

	if (!node)
		return -1;
	if (sequence)
		set_names(
			r, node, event->data.sequence_start.anchor, event->data.sequence_start.tag);
	else
		set_names(r, node, event->data.mapping_start.anchor, event->data.mapping_start.tag);
	if (r->depth == LIMIT_JSON_DEPTH)
		return fail(r, node->line, ERR_TOO_LARGE, "nested too deeply");
	node->open = true;
	r->parents[r->depth] = node;
	r->last[r->depth] = NULL;
	r->depth++;
	return 0;
}

/* libyaml's events are balanced. */
static void on_end(struct reader *r)
{
	assert(r->depth);
	r->depth--;
	assert(r->parents[r->depth]);
	r->parents[r->depth]->open = false;
}

static int on_alias(struct reader *r, const yaml_event_t *event)
{
	const char *anchor = (const char *)event->data.alias.anchor;
	struct node *node = add(r, NODE_ALIAS, event);

	if (!node)
		return -1;
	node->target = strmap_get(&r->anchors, anchor);
	if (!node->target)
		return err_set(r->err, ERR_INVALID, "line %u: unknown anchor \"%.*s\"", node->line,
			LIMIT_QUOTED_BYTES, anchor);
	if (node->target->open)
		return fail(
			r, node->line, ERR_INVALID, "an alias inside the value that it refers to");
	return 0;
}

static int on_event(struct reader *r, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return on_scalar(r, event);
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT:
		return on_collection(r, event);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		on_end(r);
		return 0;
	case YAML_ALIAS_EVENT:
		return on_alias(r, event);
	default:
		return 0;
	}
}

static int read_document(struct reader *r)
{
	for (;;) {
		yaml_event_t event;
		yaml_event_type_t type;
		int ret;

		if (!yaml_parser_parse(r->parser, &event))
			return parser_failed(r->parser, r->err);
		type = event.type;
		ret = on_event(r, &event);
		yaml_event_delete(&event);
		if (ret < 0)
			return -1;
		if (type == YAML_DOCUMENT_END_EVENT)
			return 0;
		if (type == YAML_STREAM_END_EVENT || type == YAML_NO_EVENT)
			return 1;
	}
}

int tree_read(yaml_parser_t *parser, struct node **ret, struct err *err)
{
	struct reader r = {.parser = parser, .anchors = STRMAP_INIT(NULL), .err = err};
	int end = read_document(&r);

	strmap_release(&r.anchors);
	if (end) {
		tree_free(r.root);
		return end;
	}
	*ret = r.root;
	return 0;
}
