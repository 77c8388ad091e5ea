/*
 * tree - one YAML document as libyaml reports it, kept so that aliases can be resolved: nodes with
 * lines, not checked yet. Inside src/yaml/ only. Owned by one thread.
 */
#ifndef PROMOGATE_YAML_TREE_H
#define PROMOGATE_YAML_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <yaml.h>

#include "base/err.h"

enum node_type { NODE_SCALAR, NODE_SEQUENCE, NODE_MAPPING, NODE_ALIAS };

struct node {
	enum node_type type;
	bool open; /* not closed yet: an alias to it would never end */
	bool plain; /* a scalar that is neither quoted nor a block */
	unsigned line;
	char *tag; /* NULL: none */
	char *value; /* of a scalar */
	const struct node *target; /* of an alias; never an alias itself */
	struct node *child; /* the first; of a mapping key, value, key, value… */
	struct node *next; /* the next sibling */
};

/*
 * Reads the next document from a parser positioned before it: 0 and its root, 1 at the end of the
 * stream, or below 0.
 */
int tree_read(yaml_parser_t *parser, struct node **ret, struct err *err);
void tree_free(struct node *root);

#endif
