/*
 * crowd - whether a port has room for one more connection, and if not, which one has to go. Pure.
 *
 * A connection is deciding (a handler has its request), idle (answered, between requests) or
 * unfinished: connecting, sending a request, or reading a response. A deciding one never goes. Of
 * the others, unfinished ones may take half of the port: while they take more, the one that has
 * been unfinished for longest goes, else the one that has been idle for longest. So neither
 * clients that stall nor clients that only keep connections push out the others: a request takes
 * milliseconds, and while clients stall, the API server's idle connections stay. Where the workers
 * lag behind, more wait to be accepted, so that those who have begun a handshake can finish it.
 */
#ifndef PROMOGATE_SERVER_CROWD_H
#define PROMOGATE_SERVER_CROWD_H

#include <stdint.h>

struct crowd {
	unsigned limit;
	unsigned silent; /* unfinished, without a byte yet: see accept_filter.h */
	unsigned arriving; /* on their way to a worker */
	unsigned unfinished, deciding, idle;
	unsigned closing; /* have been cut, and are not closed yet */
	/* Since when the oldest one is; meaningless if there is none. */
	int64_t silent_ms, unfinished_ms;
};

enum crowd_choice {
	CROWD_ROOM, /* there is room */
	CROWD_WAIT, /* nobody can go: first, others have to be closed or answered */
	CROWD_SILENT, /* the oldest of these goes */
	CROWD_UNFINISHED,
	CROWD_IDLE,
};

enum crowd_choice crowd_choose(const struct crowd *c);

#endif
