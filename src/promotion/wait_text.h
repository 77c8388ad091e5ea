/*
 * wait_text - why a version waits, in words: for its annotation, its Events and a metric's label.
 */
#ifndef PROMOGATE_PROMOTION_WAIT_TEXT_H
#define PROMOGATE_PROMOTION_WAIT_TEXT_H

#include "base/buf.h"
#include "promotion/plan_list.h"

/* Enough for both; a list of tasks is cut. */
enum { WAIT_TEXT_MAX = 64 * 1024 };

/* "JobLimitReached"; NULL if it is not the reason of a wait. */
const char *wait_text_name(enum plan_reason reason);
/* No reason from this number on has a name. */
unsigned wait_text_count(void);
/* What the API server rejects has this name. */
#define WAIT_TEXT_REJECTED "Rejected"

/* Appends the sentence: "the limit on running Jobs is reached (...)". */
void wait_text(struct buf *to, const struct view *view, const struct plan_wait *wait);
/* Appends "JobLimitReached: the limit ...", the value of the annotation. */
void wait_text_annotation(struct buf *to, const struct view *view, const struct plan_wait *wait);

#endif
