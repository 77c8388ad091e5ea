/*
 * limiter - the limit on running Jobs, overall and for each namespace: which application may start,
 * and which starts next when others have ended. A flood of Jobs is what Keptn's users complain of.
 * Pure: it only counts. One thread.
 *
 * Namespaces take turns; within one it is first come, first served. So a namespace with many
 * waiters does not delay those of others.
 *
 * Capacity is reserved for waiters, so that small latecomers cannot starve them:
 *
 *   - in its namespace, a waiter holds up all later ones
 *   - overall as well, unless it waits for the limit of its namespace: then it could not use the
 *     capacity, and other namespaces may
 *
 * A key that needs more than a whole limit starts when no other key uses any of that limit. One
 * that needs more than the overall limit would hold up everybody until all Jobs have ended, so it
 * does that only after a whole limit of Jobs has started past it.
 *
 * So a waiter that does not start when it could holds up others. Call limiter_leave() for one that
 * waits for the limit no longer (its definition was deleted, say) or can't start for another reason
 * (a quota): it returns to the end of the queue.
 *
 * Each query walks over all waiters.
 */
#ifndef PROMOGATE_PROMOTION_LIMITER_H
#define PROMOGATE_PROMOTION_LIMITER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"

struct limiter;

/* 0: any number. */
struct limiter *limiter_new(unsigned total, unsigned per_namespace);
void limiter_free(struct limiter *l);
DEFINE_CLEANUP(struct limiter, limiter_free)

struct limiter_jobs {
	unsigned run; /* committed */
	unsigned start; /* about to run: the key keeps their room until it says otherwise */
};

/*
 * Sets how many Jobs of this key there are, and returns how many there were. A key stays in one
 * namespace, here and below, for as long as it has Jobs or waits.
 */
unsigned limiter_use(struct limiter *l, const char *key, const char *ns, struct limiter_jobs jobs);
/* Of all keys. */
int64_t limiter_used(const struct limiter *l);
/*
 * The key needs so many (0: as limiter_leave()). If it waits already, it keeps its place. False if
 * it waits for so many already: nothing has changed.
 */
bool limiter_wait(struct limiter *l, const char *key, const char *ns, unsigned needed);
/* It waits no longer: it has started, or can't start for another reason. False if it did not wait. */
bool limiter_leave(struct limiter *l, const char *key);

/* plan()'s view.room and view.idle. */
struct limiter_answer {
	unsigned room; /* Jobs that may start; UINT_MAX: any number */
	bool idle; /* it may start even if it needs more than that */
};

/*
 * What the others use leaves for this key, and what is reserved for longer waiters: for all, if it
 * does not wait. Then idle is true only if no other key uses, or waits for, anything that it
 * shares. If it waits, its need is known, and each limit is checked on its own: so a key that gets
 * no and then waits must ask again.
 */
struct limiter_answer limiter_ask(const struct limiter *l, const char *key, const char *ns);

/* Visits, in order, the waiters that may all start now. fn must not change the limiter. */
typedef void limiter_visit_fn(void *ctx, const char *key);
void limiter_ready(const struct limiter *l, limiter_visit_fn *fn, void *ctx);

#endif
