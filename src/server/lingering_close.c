#include "server/lingering_close.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DISCARD_AT_ONCE = 64 * 1024, DISCARDS = 64 };

void lingering_close_init(struct lingering_list *l)
{
	lock_init(&l->lock);
	l->count = 0;
}

void lingering_close_release(struct lingering_list *l)
{
	while (l->count)
		(void)close(l->list[--l->count].fd);
	lock_destroy(&l->lock);
}

void lingering_close_add(struct lingering_list *l, int fd, int64_t now_ms)
{
	int copy;
	LOCK_SCOPE(&l->lock);

	if (l->count == LIMIT_SERVER_LINGERING)
		return;
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (copy < 0)
		return;
	l->list[l->count].fd = copy;
	l->list[l->count].until_ms = now_ms + LIMIT_SERVER_LINGER_MS;
	l->count++;
}

/* False: the client has closed. */
static bool discard(int fd)
{
	for (int i = 0; i < DISCARDS; i++) {
		ssize_t n = recv(fd, NULL, DISCARD_AT_ONCE, MSG_TRUNC | MSG_DONTWAIT);

		if (n <= 0)
			return n < 0 && (errno == EAGAIN || errno == EINTR);
	}
	return true;
}

void lingering_close_sweep(struct lingering_list *l, int64_t now_ms)
{
	LOCK_SCOPE(&l->lock);

	for (unsigned i = 0; i < l->count;) {
		if (discard(l->list[i].fd) && now_ms < l->list[i].until_ms) {
			i++;
			continue;
		}
		(void)close(l->list[i].fd);
		l->list[i] = l->list[--l->count];
	}
}
