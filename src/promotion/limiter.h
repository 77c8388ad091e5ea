/*
 * limiter - the cap on running Jobs, overall and for each namespace, first come first served: who may
 * start, and whose turn it is when others have ended. A flood of Jobs is what Keptn's users
 * complain of. Pure: it counts what it is told, and limits nobody by itself. One thread.
 *
 * Whoever waits is kept room for, so that a small one that comes later does not go first for ever:
 *
 *   - in its namespace, it holds up all who came later
 *   - overall as well, unless its namespace's cap is what it waits for: then it could not use that
 *     room, and other namespaces do
 *
 * So who waits and does not start when it could holds up others. Leave what no longer waits for
 * room (its definition is gone, say) and what can't start for another reason (a quota): it comes
 * back at the end of the line.
 *
 * A key that needs more than a whole cap starts when nobody else uses anything of that cap.
 *
 * Each question costs a walk over those who wait.
 */
#ifndef PROMOGATE_PROMOTION_LIMITER_H
#define PROMOGATE_PROMOTION_LIMITER_H

#include <stdbool.h>

#include "base/mem.h"

struct limiter;

/* 0: any number. */
struct limiter *limiter_new(unsigned total, unsigned per_namespace);
void limiter_free(struct limiter *r);
DEFINE_CLEANUP(struct limiter, limiter_free)

/*
 * How many Jobs of this key run or are about to; it replaces what was said before, and 0 means
 * none. A key stays in one namespace, here and below, for as long as it uses or waits.
 */
void limiter_use(struct limiter *r, const char *key, const char *ns, unsigned count);
/* The key wants to start so many (0: as limiter_leave()). It keeps its place if it waits already. */
void limiter_wait(struct limiter *r, const char *key, const char *ns, unsigned needed);
/* It waits no longer: it has started, or does not want to. */
void limiter_leave(struct limiter *r, const char *key);

/* plan()'s view.room and view.idle. */
struct limiter_answer {
	unsigned room; /* what is left of the caps; UINT_MAX: any number */
	bool idle; /* it may start although it needs more than that */
};

/*
 * What is left for this key, beside what the others use and what is kept for those who wait longer:
 * for all who wait, if it does not. Then idle is said only where nobody uses, or waits for,
 * anything that it shares; where it waits, how many it needs is known, and each cap is looked at
 * alone. So who is refused, and then waits, asks again.
 */
struct limiter_answer limiter_ask(const struct limiter *r, const char *key, const char *ns);

/* Visits, in order, those who wait and may all start now. fn must not change the room. */
typedef void limiter_visit_fn(void *ctx, const char *key);
void limiter_ready(const struct limiter *r, limiter_visit_fn *fn, void *ctx);

/* For the metrics: Jobs in use. */
unsigned long limiter_used(const struct limiter *r);

#endif
