/*
 * skipped - the objects of one kind that exist and can't be read (too large, too deep, too many
 * values): counted as promogate_informer_skipped_objects, logged once each, and named for /readyz.
 *
 * On the client's thread (controller/env.h), except skipped_describe().
 */
#ifndef PROMOGATE_CONTROLLER_SKIPPED_H
#define PROMOGATE_CONTROLLER_SKIPPED_H

#include "base/buf.h"
#include "base/err.h"

struct skipped;

/* resource is borrowed. */
struct skipped *skipped_new(const char *resource);
void skipped_free(struct skipped *s);

/* Between the two, what is added takes the place of all before, at the end. */
void skipped_list_begin(struct skipped *s);
void skipped_list_end(struct skipped *s);
/* name "": not known. */
void skipped_add(struct skipped *s, const char *ns, const char *name, const struct err *why);
/* It can be read, or is gone. */
void skipped_remove(struct skipped *s, const char *ns, const char *name);

/* Adds a line to reasons if there are any. Any thread. */
void skipped_describe(struct skipped *s, struct buf *reasons);

#endif
