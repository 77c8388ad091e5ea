/*
 * convert - a tree of YAML nodes to JSON text, with the line of each value in the order of the
 * text. Inside src/yaml/ only. Pure.
 */
#ifndef PROMOGATE_YAML_CONVERT_H
#define PROMOGATE_YAML_CONVERT_H

#include "base/buf.h"
#include "base/err.h"
#include "yaml/tree.h"

struct lines {
	unsigned *line;
	size_t n, cap;
};

void lines_release(struct lines *lines); /* for CLEANUP() too */

int convert(const struct node *root, struct buf *json, struct lines *lines, struct err *err);

#endif
