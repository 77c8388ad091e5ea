/*
 * thread - named threads with small stacks and all signals blocked: signals belong to the main
 * thread (run/signal.h). Except SIGSYS, which the kernel sends to the thread that made a system
 * call that the sandbox does not allow. The caller that starts one joins it.
 */
#ifndef PROMOGATE_RUN_THREAD_H
#define PROMOGATE_RUN_THREAD_H

#include "base/err.h"
#include "run/sanitized.h"

/*
 * The stack of a thread. GnuTLS's handshake and a verdict need about 50 KiB; only touched pages
 * become memory. TSan and ASan need more room for the same frames.
 */
enum { THREAD_STACK_BYTES = SANITIZED ? 2 * 1024 * 1024 : 256 * 1024 };

struct thread;

typedef void thread_fn(void *ctx);

/* The name is for ps and debuggers: cut to 15 characters. ctx is borrowed until the join. */
int thread_start(const char *name, thread_fn *fn, void *ctx, struct thread **ret, struct err *err);
/* Waits for its end and frees it; NULL is fine. */
void thread_join(struct thread *t);

#endif
