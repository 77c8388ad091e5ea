/*
 * workqueue - keys to process, each once, as in client-go's rate limiting workqueue: a key is never
 * handed out while it runs; if it is added meanwhile it is handed out again afterwards; and if it
 * failed, after its own backoff. Pure: time and randomness are arguments, in milliseconds of any
 * clock that does not step back. One thread.
 *
 * Keys are "namespace/name"; one without a "/" is a namespace of its own. Namespaces take turns, so
 * many keys of one do not delay the others, and keys that run for long leave room: a namespace runs
 * fewer keys than are free. Alone it gets half of them, n such namespaces an (n + 1)th part each,
 * and there is room for a namespace that runs none until all places are taken.
 *
 * A key costs memory only while it waits, runs, or has failed without a later success.
 */
#ifndef PROMOGATE_KUBE_WORKQUEUE_H
#define PROMOGATE_KUBE_WORKQUEUE_H

#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

/* The backoff doubles as client-go's, from a first wait longer than an API call to a short cap. */
enum { WORKQUEUE_FIRST_MS = 50, WORKQUEUE_CAP_MS = 60 * 1000 };

struct workqueue;

/* At most so many run at once. */
struct workqueue *workqueue_new(size_t most_running);
void workqueue_free(struct workqueue *q);
DEFINE_CLEANUP(struct workqueue, workqueue_free)

/*
 * Ready now, after those of its namespace that are ready already. While the key runs: again once it
 * is done. While it backs off: not before that ends, since the change may be the failure itself.
 */
void workqueue_add(struct workqueue *q, const char *key);
/*
 * Ready at that time, unless it is earlier: only the earliest time is kept, so the handler of the
 * key must add later ones again. Backing off and running as above. INT64_MAX adds nothing.
 */
void workqueue_add_at(struct workqueue *q, const char *key, int64_t when_ms);
/* As workqueue_add(), but a backoff ends here: a user changed something and is waiting. */
void workqueue_wake(struct workqueue *q, const char *key);

/*
 * The next ready key, by the namespaces' turns, and first come, first served within one; it runs
 * from now on. NULL if none may run. Keys whose time has come follow those that were added, in
 * order of their times. The string is valid until the key is done, or retried.
 */
const char *workqueue_take(struct workqueue *q, int64_t now_ms);
/*
 * Each ends a run; key may be the string that was taken. After a success the next failure has the
 * shortest backoff again. Where there was nothing to do, its backoff stays as long as it was.
 */
void workqueue_succeeded(struct workqueue *q, const char *key);
void workqueue_done(struct workqueue *q, const char *key);
/*
 * It failed: again after its backoff, which doubles from WORKQUEUE_FIRST_MS up to WORKQUEUE_CAP_MS
 * with jitter (kube/backoff.h), and not before at_least_ms from now. random is 32 random bits. If
 * it was woken while it ran it is ready at once.
 */
void workqueue_retry(struct workqueue *q, const char *key, int64_t now_ms, uint32_t random,
	uint32_t at_least_ms);

/*
 * When workqueue_take() next returns a key, if none ends before: 0 for at once, INT64_MAX if
 * nothing waits, or waits only for others to end.
 */
int64_t workqueue_next_ms(const struct workqueue *q);

/* How many are ready. */
size_t workqueue_depth(const struct workqueue *q);

#endif
