/*
 * patch - an RFC 6902 JSON Patch, written one operation at a time.
 */
#ifndef PROMOGATE_KUBE_PATCH_H
#define PROMOGATE_KUBE_PATCH_H

#include <stdbool.h>

#include "base/buf.h"
#include "json/emit.h"

struct patch {
	struct buf text;
	struct emit emit;
	bool empty;
	bool closed; /* the closing bracket is written */
};

/* In place: a struct patch must not be moved afterwards. */
void patch_init(struct patch *p);
void patch_release(struct patch *p);

/*
 * "add" at the path of the segments, which NULL ends; each is escaped as in RFC 6901. The value is
 * a string, an object with the one member key: value, an empty object, or a list of strings.
 */
void patch_add_string(struct patch *p, const char *const *segments, const char *value);
void patch_add_object(
	struct patch *p, const char *const *segments, const char *key, const char *value);
void patch_add_empty(struct patch *p, const char *const *segments);
void patch_add_strings(
	struct patch *p, const char *const *segments, const char *const *values, size_t n);
void patch_remove(struct patch *p, const char *const *segments);

/* The whole patch. Nothing may be added afterwards. */
const struct buf *patch_text(struct patch *p);

#endif
