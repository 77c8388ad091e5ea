#include "run/signal.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "run/clock.h"

static void wanted(sigset_t *set)
{
	if (sigemptyset(set) < 0 || sigaddset(set, SIGTERM) < 0 || sigaddset(set, SIGINT) < 0 ||
		sigaddset(set, SIGUSR1) < 0)
		abort();
}

void signal_setup(void)
{
	const struct sigaction ignore = {.sa_handler = SIG_IGN};
	sigset_t set;

	wanted(&set);
	if (pthread_sigmask(SIG_BLOCK, &set, NULL) || sigaction(SIGPIPE, &ignore, NULL) < 0)
		abort();
}

int signal_wait(int64_t timeout_ms)
{
	int64_t deadline = clock_mono_ms() + timeout_ms;
	sigset_t set;
	int got;

	wanted(&set);
	do {
		int64_t left = timeout_ms < 0 ? INT32_MAX : deadline - clock_mono_ms();
		struct timespec ts;

		if (left < 0)
			left = 0;
		ts.tv_sec = (time_t)(left / 1000);
		ts.tv_nsec = (long)(left % 1000) * 1000000;
		got = sigtimedwait(&set, NULL, &ts);
		if (got < 0 && errno == EAGAIN && timeout_ms >= 0)
			return 0;
	} while (got < 0 && (errno == EINTR || errno == EAGAIN));
	if (got < 0)
		abort();
	return got == SIGUSR1 ? SIGNAL_WOKEN : got;
}

void signal_wake(void)
{
	if (kill(getpid(), SIGUSR1) < 0)
		abort();
}
