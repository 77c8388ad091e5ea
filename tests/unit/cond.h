/*
 * cond - a condition to wait for under a struct lock, which knows its holder (run/lock.h). For
 * tests: the programs never wait for a thread of their own but to join it.
 */
#ifndef PROMOGATE_TESTS_COND_H
#define PROMOGATE_TESTS_COND_H

#include <pthread.h>
#include <stdlib.h>

#include "run/lock.h"

/* The lock is held before and after; spurious wake-ups happen. */
static inline void cond_wait(pthread_cond_t *c, struct lock *l)
{
	lock_assert_held(l);
	l->holder = 0;
	if (pthread_cond_wait(c, &l->mutex))
		abort();
	l->holder = (uintptr_t)pthread_self();
}

#endif
