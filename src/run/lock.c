#include "run/lock.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

static void check(int error, const char *what)
{
	if (!error)
		return;
	(void)fprintf(stderr, "promogate: %s: error %d\n", what, error);
	abort();
}

#define CHECKED(call) check((call), #call)

static uintptr_t self(void)
{
	return (uintptr_t)pthread_self();
}

void lock_init(struct lock *l)
{
	CHECKED(pthread_mutex_init(&l->mutex, NULL));
	atomic_init(&l->holder, 0);
}

void lock_destroy(struct lock *l)
{
	CHECKED(pthread_mutex_destroy(&l->mutex));
}

void lock_lock(struct lock *l)
{
	CHECKED(pthread_mutex_lock(&l->mutex));
	atomic_store_explicit(&l->holder, self(), memory_order_relaxed);
}

void lock_unlock(struct lock *l)
{
	lock_assert_held(l);
	atomic_store_explicit(&l->holder, 0, memory_order_relaxed);
	CHECKED(pthread_mutex_unlock(&l->mutex));
}

void lock_assert_held(const struct lock *l)
{
	if (atomic_load_explicit(&l->holder, memory_order_relaxed) != self())
		abort();
}

void rwlock_init(struct rwlock *l)
{
	pthread_rwlockattr_t attr;

	CHECKED(pthread_rwlockattr_init(&attr));
	CHECKED(pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP));
	CHECKED(pthread_rwlock_init(&l->rwlock, &attr));
	CHECKED(pthread_rwlockattr_destroy(&attr));
}

void rwlock_destroy(struct rwlock *l)
{
	CHECKED(pthread_rwlock_destroy(&l->rwlock));
}

void rwlock_rdlock(struct rwlock *l)
{
	CHECKED(pthread_rwlock_rdlock(&l->rwlock));
}

void rwlock_wrlock(struct rwlock *l)
{
	CHECKED(pthread_rwlock_wrlock(&l->rwlock));
}

void rwlock_unlock(struct rwlock *l)
{
	CHECKED(pthread_rwlock_unlock(&l->rwlock));
}
