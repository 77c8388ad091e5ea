/*
 * pacer - how many applications of a namespace may prepare at once: create the Jobs of an attempt,
 * until its commit. Any number, until a create fails: then two could lock each other out of a
 * quota, each with Jobs that the other one needs room for, and a webhook that does not answer would
 * hold up as many plans as there are. From then on they prepare one after the other, first come,
 * first served, and after each commit one more at once. When nothing of the namespace prepares,
 * waits or has failed any more, there is no bound again.
 *
 * Pure: it only counts. One thread.
 */
#ifndef PROMOGATE_PROMOTION_PACER_H
#define PROMOGATE_PROMOTION_PACER_H

#include <stdbool.h>

#include "base/mem.h"

struct pacer;

struct pacer *pacer_new(void);
void pacer_free(struct pacer *p);
DEFINE_CLEANUP(struct pacer, pacer_free)

/* Whether pacer_begin() would be true. */
bool pacer_ask(const struct pacer *p, const char *key, const char *ns);
/*
 * True: the key may prepare, and does so from now on. False: it waits for its turn. A key stays in
 * one namespace for as long as it prepares, waits or has failed.
 */
bool pacer_begin(struct pacer *p, const char *key, const char *ns);

/*
 * Each ends its preparation or its waiting. After these, call pacer_ready().
 *
 * failed: a create failed, which is remembered until it commits or has nothing to prepare.
 * leave: for another reason, such as a conflict; it may begin again.
 */
void pacer_committed(struct pacer *p, const char *key);
void pacer_failed(struct pacer *p, const char *key, const char *ns);
void pacer_leave(struct pacer *p, const char *key);
void pacer_forget(struct pacer *p, const char *key); /* it has nothing to prepare */

/* Visits, in order, the keys of this namespace that wait and may begin now. */
typedef void pacer_visit_fn(void *ctx, const char *key);
void pacer_ready(const struct pacer *p, const char *ns, pacer_visit_fn *fn, void *ctx);

#endif
