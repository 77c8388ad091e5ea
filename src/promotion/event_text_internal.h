/*
 * event_text_internal - what the parts of event_text share.
 */
#ifndef PROMOGATE_PROMOTION_EVENT_TEXT_INTERNAL_H
#define PROMOGATE_PROMOTION_EVENT_TEXT_INTERNAL_H

#include "promotion/event_text.h"

/* Clears the message and returns it, to be written. */
struct buf *event_text_begin(struct event_text *t, bool warning, const char *reason);
/* "promotion task" or "promotion tasks". */
const char *event_text_tasks(size_t n);
/* The command by which a person sets this annotation of v. */
void event_text_command(struct buf *to, const char *ns, const struct view_version *v,
	const char *annotation, unsigned attempt);

/* A list that is truncated when it gets too long. */
struct event_text_list {
	struct buf *to;
	size_t start;
	size_t count, left_out;
	const char *between;
};

struct event_text_list event_text_list_begin(struct buf *to, const char *between);
/* True if one more fits, which the caller then adds. */
bool event_text_list_more(struct event_text_list *l);
void event_text_list_end(struct event_text_list *l);

#endif
