/*
 * accept_filter - where a connection waits until its client has said something: the whole first TLS record
 * (the ClientHello), or a byte where there is no TLS.
 *
 * A silent client holds a file descriptor and the few bytes of a record here, instead of a TLS
 * session and libmicrohttpd's buffers, some 30 KiB. All of it belongs to the server's keeper.
 */
#ifndef PROMOGATE_SERVER_ACCEPT_FILTER_H
#define PROMOGATE_SERVER_ACCEPT_FILTER_H

#include <stdbool.h>
#include <stdint.h>

struct gate {
	int epoll_fd; /* borrowed: whoever waits on it hands records to gate_open() */
	bool tls;
	struct gate_record *first, *last; /* by age */
	unsigned count;
};

/* A record is what epoll's data.ptr points to. */
struct gate_record {
	struct gate *gate;
	struct gate_record *older, *newer;
	int fd;
	int64_t accepted_ms;
};

void gate_init(struct gate *g, int epoll_fd, bool tls);
/* Closes those who wait. */
void gate_release(struct gate *g);

/*
 * Takes a descriptor. True: its client has spoken already, and it is the caller's again, to be
 * served; false: it waits.
 */
bool gate_wait(struct gate *g, int fd_take, int64_t now_ms);
/* After an event: the descriptor to be served, with when it came; -1: not yet, or it is closed. */
int gate_open(struct gate_record *r, int64_t *ret_accepted_ms);

/* Closes the oldest; false if there is none. */
bool gate_close_one(struct gate *g);
/* Closes those who came before that moment, and says how many. */
unsigned gate_close_older(struct gate *g, int64_t accepted_ms);

#endif
