/*
 * workqueue - what is to be looked at, each key once, as client-go's rate limiting workqueue: a key
 * is never handed out while it runs, what is added meanwhile comes again afterwards, and what
 * failed comes again after a backoff of its own. Pure: time and randomness are arguments, in
 * milliseconds of any clock that does not step back. One thread.
 *
 * A key costs memory only while it waits or runs.
 */
#ifndef PROMOGATE_KUBE_WORKQUEUE_H
#define PROMOGATE_KUBE_WORKQUEUE_H

#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

/* The backoff: client-go's doubling, with a first wait above an API call and a cap in sight. */
enum { WORKQUEUE_FIRST_MS = 50, WORKQUEUE_CAP_MS = 60 * 1000 };

struct workqueue;

struct workqueue *workqueue_new(void);
void workqueue_free(struct workqueue *q);
DEFINE_CLEANUP(struct workqueue, workqueue_free)

/*
 * Ready now, behind what is ready already. While the key runs: again after it is done. While it
 * backs off: no sooner than that, since what changed then may be the very failure.
 */
void workqueue_add(struct workqueue *q, const char *key);
/*
 * Ready at that time, unless it is before: the earliest wish wins, and only the earliest is kept,
 * so whoever handles the key says again what it waits for. Backing off and running as above.
 * INT64_MAX is no wish.
 */
void workqueue_add_at(struct workqueue *q, const char *key, int64_t when_ms);
/* As workqueue_add(), but a backoff ends here: a person changed something and looks on. */
void workqueue_wake(struct workqueue *q, const char *key);

/*
 * The next that is ready, first come first served; it runs from here on. NULL if none is. What has
 * become ready by its time comes behind what was added, in order of these times. The string lives
 * until the key is done, or tried again.
 */
const char *workqueue_take(struct workqueue *q, int64_t now_ms);
/* A key that runs went well: its backoff is forgotten. key may be the string that was taken. */
void workqueue_done(struct workqueue *q, const char *key);
/*
 * A key that runs failed: again after its backoff, which doubles from WORKQUEUE_FIRST_MS up to
 * WORKQUEUE_CAP_MS with jitter (kube/backoff.h), and no sooner than at_least_ms from now. random is
 * 32 random bits. If it was woken while it ran it is ready at once.
 */
void workqueue_retry(struct workqueue *q, const char *key, int64_t now_ms, uint32_t random,
	uint32_t at_least_ms);

/* From when on workqueue_take() gives something: 0 for at once, INT64_MAX if nothing waits. */
int64_t workqueue_next_ms(const struct workqueue *q);

/* How many are ready. */
size_t workqueue_depth(const struct workqueue *q);

#endif
