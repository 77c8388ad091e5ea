/*
 * event_text_internal - what the parts of telling share.
 */
#ifndef PROMOGATE_PROMOTION_EVENT_TEXT_INTERNAL_H
#define PROMOGATE_PROMOTION_EVENT_TEXT_INTERNAL_H

#include "promotion/event_text.h"

/* Forgets what was said, and gives the message to be written. */
struct buf *event_text_begin(struct event_text *t, bool warning, const char *reason);
/* "promotion task" or "promotion tasks". */
const char *event_text_tasks(size_t n);
/* The command by which a person sets this annotation of v. */
void event_text_command(
	struct buf *to, const struct appversion *v, const char *annotation, unsigned attempt);

/* A list that is cut where it gets too long. */
struct event_text_list {
	struct buf *to;
	size_t start;
	size_t count, left_out;
	const char *between;
};

struct event_text_list event_text_list_begin(struct buf *to, const char *between);
/* Whether there is room for one more, which the caller adds then. */
bool event_text_list_more(struct event_text_list *l);
void event_text_list_end(struct event_text_list *l);

#endif
