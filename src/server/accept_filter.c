#include "server/accept_filter.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"

enum { RECORD_HEADER = 5, HANDSHAKE = 22 };

void accept_filter_init(struct accept_filter *g, int epoll_fd, bool tls)
{
	*g = (struct accept_filter){.epoll_fd = epoll_fd, .tls = tls};
	TAILQ_INIT(&g->records);
}

static int remove_record(struct accept_filter *g, struct accept_filter_record *r)
{
	int fd = r->fd;

	assert(g->count);
	TAILQ_REMOVE(&g->records, r, link);
	assert(TAILQ_FIRST(&g->records) != r);
	g->count--;
	free(r);
	return fd;
}

void accept_filter_release(struct accept_filter *g)
{
	while (accept_filter_close_one(g))
		;
}

/* Above 0: it has sent something; 0: not yet; below 0: it is gone. */
static int has_sent(int fd, bool tls)
{
	unsigned char head[RECORD_HEADER];
	ssize_t n = recv(fd, head, sizeof(head), MSG_PEEK | MSG_DONTWAIT);
	int have = 0;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0)
		return -1;
	if (!tls || head[0] != HANDSHAKE)
		return 1; /* GnuTLS answers other bytes than TLS with an alert */
	if (n < RECORD_HEADER)
		return 0;
	return ioctl(fd, FIONREAD, &have) < 0 || have >= RECORD_HEADER + (head[3] << 8) + head[4];
}

bool accept_filter_wait(struct accept_filter *g, int fd_take, int64_t now_ms)
{
	struct accept_filter_record *r;
	struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET};

	if (has_sent(fd_take, g->tls) > 0)
		return true;
	r = xcalloc(1, sizeof(*r));
	r->filter = g;
	r->fd = fd_take;
	r->accepted_ms = now_ms;
	event.data.ptr = r;
	if (epoll_ctl(g->epoll_fd, EPOLL_CTL_ADD, fd_take, &event) < 0) {
		(void)close(fd_take);
		free(r);
		return false;
	}
	TAILQ_INSERT_TAIL(&g->records, r, link);
	g->count++;
	return false;
}

int accept_filter_open(struct accept_filter_record *r, int64_t *ret_accepted_ms)
{
	int state = has_sent(r->fd, r->filter->tls), epoll_fd = r->filter->epoll_fd, fd;

	if (!state)
		return -1;
	*ret_accepted_ms = r->accepted_ms;
	fd = remove_record(r->filter, r);
	if (epoll_ctl(epoll_fd, EPOLL_CTL_DEL, fd, NULL) == 0 && state > 0)
		return fd;
	(void)close(fd);
	return -1;
}

int64_t accept_filter_oldest_ms(const struct accept_filter *g)
{
	const struct accept_filter_record *r = TAILQ_FIRST(&g->records);

	return r ? r->accepted_ms : 0;
}

bool accept_filter_close_one(struct accept_filter *g)
{
	if (TAILQ_EMPTY(&g->records))
		return false;
	(void)close(remove_record(g, TAILQ_FIRST(&g->records)));
	return true;
}

unsigned accept_filter_close_older(struct accept_filter *g, int64_t accepted_ms)
{
	unsigned n = 0;

	while (g->count && TAILQ_FIRST(&g->records)->accepted_ms < accepted_ms &&
		accept_filter_close_one(g))
		n++;
	return n;
}
