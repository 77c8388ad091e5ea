#include "server/worker.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/mem.h"
#include "run/clock.h"
#include "run/lock.h"
#include "run/thread.h"

/*
 * Bounded, since libmicrohttpd waits for a second batch of events where there were exactly as many
 * as it takes at once, before it looks at the first.
 */
enum { WAIT_MS = 1000 };

enum { UNPARKED_AT_ONCE = 64 };

/*
 * libmicrohttpd goes through all that is ready before it waits again, and a handshake takes 0.3 ms:
 * a crowd that came in at once would hold up those who already have a connection.
 */
enum { ADDED_AT_ONCE = 16 };

struct arrival {
	STAILQ_ENTRY(arrival) link;
	int fd;
	int64_t accepted_ms;
	bool started;
};

struct worker {
	struct MHD_Daemon *daemon;
	struct thread *thread;
	int wake; /* eventfd, in libmicrohttpd's set */
	_Atomic bool poked, stop;
	_Atomic unsigned arriving;
	/* its own thread's */
	STAILQ_HEAD(arrivals, arrival) added; /* to libmicrohttpd, not all started yet */
	int parked_fd; /* epoll of those parked, in libmicrohttpd's set */
	LIST_HEAD(, parking) parked;
	struct lock lock;
	struct arrivals arrivals; /* guarded by lock */
};

static _Thread_local struct worker *self;

struct worker *worker_self(void)
{
	return self;
}

int64_t worker_accepted_ms(int fd)
{
	struct arrival *a;

	STAILQ_FOREACH(a, &self->added, link)
	if (a->fd == fd)
		break;
	if (!a)
		return clock_mono_ms();
	a->started = true;
	atomic_fetch_sub(&self->arriving, 1);
	return a->accepted_ms;
}

void worker_poke(struct worker *w)
{
	const uint64_t one = 1;

	if (!atomic_exchange(&w->poked, true))
		(void)!write(w->wake, &one, sizeof(one));
}

void worker_serve(struct worker *w, int fd_take, int64_t accepted_ms)
{
	struct arrival *a = xmalloc(sizeof(*a));

	atomic_fetch_add(&w->arriving, 1);
	*a = (struct arrival){.fd = fd_take, .accepted_ms = accepted_ms};
	lock_lock(&w->lock);
	/* The newest first: in a crowd, those that came long ago have given up, or are the crowd. */
	STAILQ_INSERT_HEAD(&w->arrivals, a, link);
	lock_unlock(&w->lock);
	worker_poke(w);
}

unsigned worker_arriving(const struct worker *w)
{
	return atomic_load(&w->arriving);
}

/* Those of which libmicrohttpd has started a connection; or all. */
static void forget_added(struct worker *w, bool all)
{
	for (struct arrival *a = STAILQ_FIRST(&w->added), *next; a; a = next) {
		next = STAILQ_NEXT(a, link);
		if (!a->started && !all)
			continue;
		STAILQ_REMOVE(&w->added, a, arrival, link);
		if (!a->started)
			atomic_fetch_sub(&w->arriving, 1);
		free(a);
	}
}

static struct arrival *next_arrival(struct worker *w)
{
	struct arrival *a;
	LOCK_SCOPE(&w->lock);

	a = STAILQ_FIRST(&w->arrivals);
	if (a)
		STAILQ_REMOVE_HEAD(&w->arrivals, link);
	return a;
}

/* True: there may be more. */
static bool take_in(struct worker *w)
{
	/* It asks for an address, for a limit by address, which is off. */
	static const struct sockaddr_in nobody = {.sin_family = AF_INET};
	struct arrival *a = NULL;
	uint64_t ignored;

	/* In this order: a connection that comes after the last one was taken writes again. */
	(void)!read(w->wake, &ignored, sizeof(ignored));
	atomic_store(&w->poked, false);
	for (int i = 0; i < ADDED_AT_ONCE && (a = next_arrival(w)); i++) {
		STAILQ_INSERT_TAIL(&w->added, a, link);
		(void)MHD_add_connection(
			w->daemon, a->fd, (const struct sockaddr *)&nobody, sizeof(nobody));
	}
	forget_added(w, false);
	return a;
}

static void unpark(struct parking *p)
{
	LIST_REMOVE(p, link);
	MHD_resume_connection(p->mhd);
}

void worker_park(struct parking *p)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLONESHOT, .data.ptr = p};

	MHD_suspend_connection(p->mhd);
	LIST_INSERT_HEAD(&self->parked, p, link);
	if (epoll_ctl(self->parked_fd, p->known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, p->fd, &event) < 0)
		unpark(p); /* out of kernel memory: better to spin than to hang */
	else
		p->known = true;
}

static void unpark_ready(struct worker *w)
{
	struct epoll_event events[UNPARKED_AT_ONCE];
	int count = epoll_wait(w->parked_fd, events, UNPARKED_AT_ONCE, 0);

	for (int i = 0; i < count; i++)
		unpark(events[i].data.ptr);
}

static void work(void *ctx)
{
	struct worker *w = ctx;

	self = w;
	while (!atomic_load_explicit(&w->stop, memory_order_relaxed)) {
		if (MHD_run_wait(w->daemon, WAIT_MS) != MHD_YES)
			abort(); /* epoll_wait() itself failed */
		forget_added(w, true);
		if (!LIST_EMPTY(&w->parked))
			unpark_ready(w);
		if (atomic_load_explicit(&w->poked, memory_order_relaxed) && take_in(w))
			worker_poke(w);
	}
	while (take_in(w))
		;
	while (!LIST_EMPTY(&w->parked))
		unpark(LIST_FIRST(&w->parked));
	MHD_stop_daemon(STEAL(w->daemon));
	forget_added(w, true);
}

static int make_wakers(struct worker *w, struct err *err)
{
	int epoll_fd = MHD_get_daemon_info(w->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};

	w->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	w->parked_fd = epoll_create1(EPOLL_CLOEXEC);
	if (w->wake < 0 || w->parked_fd < 0 ||
		epoll_ctl(epoll_fd, EPOLL_CTL_ADD, w->wake, &event) < 0 ||
		epoll_ctl(epoll_fd, EPOLL_CTL_ADD, w->parked_fd, &event) < 0)
		return err_set_errno(err, errno, "eventfd and epoll");
	return 0;
}

int worker_start(
	struct MHD_Daemon *daemon_take, const char *name, struct worker **ret, struct err *err)
{
	struct worker *w = xcalloc(1, sizeof(*w));

	w->daemon = daemon_take;
	w->wake = w->parked_fd = -1;
	STAILQ_INIT(&w->added);
	STAILQ_INIT(&w->arrivals);
	lock_init(&w->lock);
	if (make_wakers(w, err) < 0 || thread_start(name, work, w, &w->thread, err) < 0) {
		worker_stop(w);
		return -1;
	}
	*ret = w;
	return 0;
}

void worker_stop(struct worker *w)
{
	if (!w)
		return;
	if (w->thread) {
		atomic_store(&w->stop, true);
		worker_poke(w);
		thread_join(w->thread);
	}
	MHD_stop_daemon(w->daemon); /* NULL unless the start failed */
	if (w->wake >= 0)
		(void)close(w->wake);
	if (w->parked_fd >= 0)
		(void)close(w->parked_fd);
	lock_destroy(&w->lock);
	free(w);
}
