/*
 * lock - mutexes and read-write locks whose every call is checked. A failing call is a bug and ends
 * the process.
 *
 * Locks guard the fields of one struct and are held for a few instructions: never across I/O or a
 * callback. A function that expects a lock says so with lock_assert_held(). LOCK_SCOPE() holds one
 * until the end of the scope.
 */
#ifndef PROMOGATE_RUN_LOCK_H
#define PROMOGATE_RUN_LOCK_H

#include <pthread.h>
#include <stdint.h>

#include "base/mem.h"

struct lock {
	pthread_mutex_t mutex;
	/* pthread_self() of the holder, 0 for none; only for assertions */
	_Atomic uintptr_t holder;
};

#define LOCK_INIT {.mutex = PTHREAD_MUTEX_INITIALIZER}

void lock_init(struct lock *l);
void lock_destroy(struct lock *l);
void lock_lock(struct lock *l);
void lock_unlock(struct lock *l);
/* Aborts unless the calling thread holds it. */
void lock_assert_held(const struct lock *l);

static inline struct lock *lock_scope_begin(struct lock *l)
{
	lock_lock(l);
	return l;
}

static inline void lock_scope_end(struct lock **l)
{
	lock_unlock(*l);
}

#define LOCK_SCOPE(l)                                                                              \
	CLEANUP(lock_scope_end)                                                                    \
	__attribute__((unused)) struct lock *lock_scope_ = lock_scope_begin(l)

/*
 * Many readers or one writer. A waiting writer has priority over later readers, since under load
 * readers always overlap; so a reader must not take it twice.
 */
struct rwlock {
	pthread_rwlock_t rwlock;
};

void rwlock_init(struct rwlock *l);
void rwlock_destroy(struct rwlock *l);
void rwlock_rdlock(struct rwlock *l);
void rwlock_wrlock(struct rwlock *l);
void rwlock_unlock(struct rwlock *l);

#endif
