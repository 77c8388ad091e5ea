/*
 * signal - the main thread waits for SIGTERM and SIGINT; no handler ever runs. signal_setup() comes
 * before the first thread is started, so that every thread inherits the mask.
 */
#ifndef PROMOGATE_RUN_SIGNAL_H
#define PROMOGATE_RUN_SIGNAL_H

#include <stdint.h>

enum { SIGNAL_WOKEN = -1 };

/*
 * Blocks SIGTERM, SIGINT and SIGUSR1, and ignores SIGPIPE: writing to a closed connection is an
 * error instead.
 */
void signal_setup(void);
/*
 * The signal received, SIGNAL_WOKEN after a signal_wake(), or 0 after timeout_ms; below 0 waits
 * without a limit. Main thread only.
 */
int signal_wait(int64_t timeout_ms);
/* Ends the current wait, or the next one. Any thread. */
void signal_wake(void);

#endif
