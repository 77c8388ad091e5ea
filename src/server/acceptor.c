#include "server/acceptor.h"

#include <errno.h>
#include <malloc.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "run/clock.h"
#include "run/metrics.h"
#include "run/thread.h"

METRIC_COUNTER(closed_total, "promogate_http_connections_silent_closed_total",
	"Connections closed before the client sent anything, by reason.", "why");
METRIC_GAUGE(silent, "promogate_http_connections_silent",
	"Connections on which the client has sent nothing yet.", "port");

enum { ACCEPTS_AT_ONCE = 64, EVENTS_AT_ONCE = 64, FULL_MS = 5, CROWD = 64 };

static enum crowd_choice choose(struct acceptor_port *p, bool short_of_files)
{
	struct crowd c = {
		.silent = p->filter.count,
		.silent_ms = accept_filter_oldest_ms(&p->filter),
	};

	http_describe(p->http, &c);
	if (short_of_files)
		c.limit = 0;
	return crowd_choose(&c);
}

/* Whether one more may be accepted now: one that has been cut needs no room. */
static bool make_room(struct acceptor_port *p, bool short_of_files)
{
	enum crowd_choice who = choose(p, short_of_files);

	if (who == CROWD_SILENT && accept_filter_close_one(&p->filter))
		metric_add(metric_at(&closed_total, "full"), 1);
	else if (who == CROWD_UNFINISHED)
		conns_cut_oldest(&p->http->conns, CONNS_UNFINISHED);
	else if (who == CROWD_IDLE)
		conns_cut_oldest(&p->http->conns, CONNS_IDLE);
	return who != CROWD_WAIT;
}

/* Tried again at the next event, or after FULL_MS. */
static void set_full(struct acceptor *k, struct acceptor_port *p, bool full)
{
	struct epoll_event event = {.events = full ? 0 : EPOLLIN, .data.ptr = p};

	if (p->full != full && p->fd >= 0)
		(void)epoll_ctl(k->epoll_fd, EPOLL_CTL_MOD, p->fd, &event);
	p->full = full;
}

static bool accept_one(struct acceptor *k, struct acceptor_port *p)
{
	int fd = accept4(p->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	int64_t now = clock_mono_ms();

	if (fd >= 0) {
		if (accept_filter_wait(&p->filter, fd, now))
			http_serve(p->http, fd, now);
		return true;
	}
	if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
		(void)make_room(p, true);
		set_full(k, p, true);
		return false;
	}
	return errno == EINTR || errno == ECONNABORTED;
}

static void accept_some(struct acceptor *k, struct acceptor_port *p)
{
	set_full(k, p, false);
	for (int i = 0; i < ACCEPTS_AT_ONCE && p->fd >= 0; i++) {
		if (!make_room(p, false)) {
			set_full(k, p, true);
			return;
		}
		if (!accept_one(k, p))
			return;
	}
}

static bool is_port(const struct acceptor *k, const void *ptr)
{
	return ptr == &k->ports[0] || ptr == &k->ports[1];
}

/* First those in a filter, since making room for others closes some of them. */
static void handle_events(struct acceptor *k, const struct epoll_event *events, int count)
{
	for (int i = 0; i < count; i++) {
		void *ptr = events[i].data.ptr;
		struct accept_filter_record *r = ptr;
		int64_t accepted_ms;
		struct acceptor_port *p;
		int fd;

		if (is_port(k, ptr) || ptr == &k->wake)
			continue;
		p = r->filter == &k->ports[0].filter ? &k->ports[0] : &k->ports[1];
		fd = accept_filter_open(r, &accepted_ms);
		if (fd >= 0)
			http_serve(p->http, fd, accepted_ms);
	}
	for (int i = 0; i < count; i++)
		if (is_port(k, events[i].data.ptr))
			accept_some(k, events[i].data.ptr);
}

static void stop_listening(struct acceptor *k)
{
	for (int i = 0; i < ACCEPTOR_PORTS; i++) {
		if (k->ports[i].fd >= 0)
			(void)close(k->ports[i].fd);
		k->ports[i].fd = -1;
	}
}

/* After many connections, returns memory to the system, which malloc does not do automatically. */
static void trim(struct acceptor *k, unsigned connections)
{
	if (connections > k->crowd) {
		k->crowd = connections;
	} else if (k->crowd >= CROWD && connections < k->crowd / 4) {
		k->crowd = connections;
		(void)malloc_trim(0);
	}
}

static void sweep(struct acceptor *k, int64_t now)
{
	unsigned connections = 0;

	for (int i = 0; i < ACCEPTOR_PORTS; i++) {
		struct acceptor_port *p = &k->ports[i];
		unsigned n;

		if (!p->http)
			continue;
		n = accept_filter_close_older(&p->filter, now - k->limits->first_request_ms);
		metric_add(metric_at(&closed_total, "silent"), n);
		metric_set(metric_at(&silent, p->name), p->filter.count);
		conns_sweep(&p->http->conns, now);
		lingering_close_sweep(&p->http->lingering, now);
		connections += conns_count(&p->http->conns);
	}
	trim(k, connections);
}

/* Everything that no event triggers; returns how long until the next. */
static int64_t keep_time(struct acceptor *k, int64_t *next_sweep, int64_t *next_poll)
{
	int64_t now = clock_mono_ms(), wait;

	if (now >= *next_sweep) {
		sweep(k, now);
		*next_sweep = now + k->limits->sweep_ms;
	}
	if (now >= *next_poll) {
		tls_poll(k->tls);
		*next_poll = now + k->cert_poll_ms;
	}
	wait = (*next_sweep < *next_poll ? *next_sweep : *next_poll) - now;
	for (int i = 0; i < ACCEPTOR_PORTS; i++)
		if (k->ports[i].full && wait > FULL_MS)
			wait = FULL_MS;
	return wait;
}

static void keep(void *ctx)
{
	struct epoll_event events[EVENTS_AT_ONCE];
	int64_t next_sweep = 0, next_poll = 0;
	struct acceptor *k = ctx;

	while (!atomic_load(&k->done)) {
		int64_t wait = keep_time(k, &next_sweep, &next_poll);
		int count = epoll_wait(k->epoll_fd, events, EVENTS_AT_ONCE, (int)wait);

		bool closed = atomic_load(&k->closed);

		handle_events(k, events, count);
		/* Also the last time: clients that connected before the end are served. */
		for (int i = 0; i < ACCEPTOR_PORTS; i++)
			if (k->ports[i].full || (closed && k->ports[i].fd >= 0))
				accept_some(k, &k->ports[i]);
		if (closed)
			stop_listening(k);
		atomic_store(&k->waiting, k->ports[0].filter.count + k->ports[1].filter.count);
	}
}

static void wake_up(struct acceptor *k)
{
	const uint64_t one = 1;

	(void)!write(k->wake, &one, sizeof(one));
}

static int watch(struct acceptor *k, int fd, uint32_t events, void *ptr, struct err *err)
{
	struct epoll_event event = {.events = events, .data.ptr = ptr};

	if (epoll_ctl(k->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
		return err_set_errno(err, errno, "epoll");
	return 0;
}

void acceptor_init(struct acceptor *k)
{
	*k = (struct acceptor){.epoll_fd = -1, .wake = -1};
	for (int i = 0; i < ACCEPTOR_PORTS; i++)
		k->ports[i].fd = -1;
}

int acceptor_start(struct acceptor *k, struct err *err)
{
	k->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	k->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (k->wake < 0 || k->epoll_fd < 0)
		return err_set_errno(err, errno, "eventfd and epoll");
	if (watch(k, k->wake, EPOLLIN | EPOLLET, &k->wake, err) < 0)
		return -1;
	for (int i = 0; i < ACCEPTOR_PORTS; i++) {
		struct acceptor_port *p = &k->ports[i];

		accept_filter_init(&p->filter, k->epoll_fd, p->http && p->http->tls);
		if (p->http && watch(k, p->fd, EPOLLIN, p, err) < 0)
			return -1;
	}
	return thread_start("server-acceptor", keep, k, &k->thread, err);
}

void acceptor_close(struct acceptor *k)
{
	atomic_store(&k->closed, true);
	wake_up(k);
}

unsigned acceptor_waiting(struct acceptor *k)
{
	return atomic_load(&k->waiting);
}

void acceptor_stop(struct acceptor *k)
{
	atomic_store(&k->done, true);
	if (k->thread) {
		wake_up(k);
		thread_join(k->thread);
		k->thread = NULL;
	}
	stop_listening(k);
	for (int i = 0; i < ACCEPTOR_PORTS; i++)
		accept_filter_release(&k->ports[i].filter);
	if (k->wake >= 0)
		(void)close(k->wake);
	if (k->epoll_fd >= 0)
		(void)close(k->epoll_fd);
	k->wake = k->epoll_fd = -1;
}
