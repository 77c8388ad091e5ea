/*
 * signal - the main thread waits for SIGTERM and SIGINT; no handler ever runs. signal_setup() comes
 * before the first thread is started, so that every thread inherits the mask.
 */
#ifndef PROMOGATE_RUN_SIGNAL_H
#define PROMOGATE_RUN_SIGNAL_H

#include <stdint.h>

enum { SIGNAL_WOKEN = -1 };

/*
 * Blocks SIGTERM, SIGINT and SIGUSR1, and ignores SIGPIPE: a peer that is gone is an error of a
 * write.
 */
void signal_setup(void);
/*
 * The signal that came, SIGNAL_WOKEN after a signal_wake(), or 0 after timeout_ms; below 0 waits
 * without end. Main thread only.
 */
int signal_wait(int64_t timeout_ms);
/* Ends the wait that is under way, or the next one. Any thread. */
void signal_wake(void);

#endif
