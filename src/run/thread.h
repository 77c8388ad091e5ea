/*
 * thread - named threads with small stacks and all signals blocked: signals belong to the main
 * thread (run/signal.h). The caller that starts one joins it.
 */
#ifndef PROMOGATE_RUN_THREAD_H
#define PROMOGATE_RUN_THREAD_H

#include "base/err.h"

/*
 * The stack of a thread. GnuTLS's handshake and a verdict need about 50 KiB; only touched pages
 * become memory. TSan and ASan need more room for the same frames.
 */
#ifndef __has_feature
#define __has_feature(feature) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||                               \
	__has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
enum { THREAD_STACK_BYTES = 2 * 1024 * 1024 };
#else
enum { THREAD_STACK_BYTES = 256 * 1024 };
#endif

struct thread;

typedef void thread_fn(void *ctx);

/* The name is for ps and debuggers: cut to 15 characters. ctx is borrowed until the join. */
int thread_start(const char *name, thread_fn *fn, void *ctx, struct thread **ret, struct err *err);
/* Waits for its end and frees it; NULL is fine. */
void thread_join(struct thread *t);

#endif
