/*
 * lingering_close - keeps a socket for a moment after the connection on it has ended.
 *
 * A client that gets a response in the middle of its body still sends. Closing the socket then
 * resets the connection, and a reset may overtake the response: the client would see an error and
 * not the 413. So a duplicate of the descriptor stays open, and received bytes are discarded.
 *
 * lingering_close_add() from any thread, the rest from one.
 */
#ifndef PROMOGATE_SERVER_LINGERING_CLOSE_H
#define PROMOGATE_SERVER_LINGERING_CLOSE_H

#include <stdint.h>

#include "base/limits.h"
#include "run/lock.h"

struct lingering_list {
	struct lock lock;
	unsigned count;
	struct {
		int fd;
		int64_t until_ms;
	} list[LIMIT_SERVER_LINGERING];
};

void lingering_close_init(struct lingering_list *l);
void lingering_close_release(struct lingering_list *l);

/* The caller keeps the descriptor. Does nothing if there are too many. */
void lingering_close_add(struct lingering_list *l, int fd, int64_t now_ms);
/* Reads pending bytes, and closes sockets whose client has closed or whose time is over. */
void lingering_close_sweep(struct lingering_list *l, int64_t now_ms);

#endif
