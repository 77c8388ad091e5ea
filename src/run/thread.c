#include "run/thread.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

struct thread {
	pthread_t id;
	thread_fn *fn;
	void *ctx;
	char name[16]; /* the kernel's limit, NUL included */
};

static void *run(void *arg)
{
	struct thread *t = arg;

	/* The name is a convenience. */
	(void)pthread_setname_np(pthread_self(), t->name);
	t->fn(t->ctx);
	return NULL;
}

int thread_start(const char *name, thread_fn *fn, void *ctx, struct thread **ret, struct err *err)
{
	struct thread *t = xcalloc(1, sizeof(*t));
	pthread_attr_t attr;
	sigset_t all, old;
	int error;

	t->fn = fn;
	t->ctx = ctx;
	(void)snprintf(t->name, sizeof(t->name), "%s", name);
	if (pthread_attr_init(&attr) || pthread_attr_setstacksize(&attr, THREAD_STACK_BYTES) ||
		sigfillset(&all) < 0 || sigdelset(&all, SIGSYS) < 0 ||
		pthread_sigmask(SIG_BLOCK, &all, &old))
		abort();
	error = pthread_create(&t->id, &attr, run, t);
	if (pthread_sigmask(SIG_SETMASK, &old, NULL))
		abort();
	(void)pthread_attr_destroy(&attr);
	if (error) {
		free(t);
		return err_set_errno(err, error, "starting the thread %s", name);
	}
	*ret = t;
	return 0;
}

void thread_join(struct thread *t)
{
	if (!t)
		return;
	if (pthread_join(t->id, NULL))
		abort();
	free(t);
}
