/*
 * accept_filter - where a connection waits until its client has said something: the whole first TLS record
 * (the ClientHello), or a byte where there is no TLS.
 *
 * A silent client holds a file descriptor and the few bytes of a record here, instead of a TLS
 * session and libmicrohttpd's buffers, some 30 KiB. All of it belongs to the acceptor.
 */
#ifndef PROMOGATE_SERVER_ACCEPT_FILTER_H
#define PROMOGATE_SERVER_ACCEPT_FILTER_H

#include <stdbool.h>
#include <stdint.h>

struct accept_filter {
	int epoll_fd; /* borrowed: whoever waits on it hands records to accept_filter_open() */
	bool tls;
	struct accept_filter_record *first, *last; /* by age */
	unsigned count;
};

/* A record is what epoll's data.ptr points to. */
struct accept_filter_record {
	struct accept_filter *filter;
	struct accept_filter_record *older, *newer;
	int fd;
	int64_t accepted_ms;
};

void accept_filter_init(struct accept_filter *g, int epoll_fd, bool tls);
/* Closes those who wait. */
void accept_filter_release(struct accept_filter *g);

/*
 * Takes a descriptor. True: its client has spoken already, and it is the caller's again, to be
 * served; false: it waits.
 */
bool accept_filter_wait(struct accept_filter *g, int fd_take, int64_t now_ms);
/* After an event: the descriptor to be served, with when it came; -1: not yet, or it is closed. */
int accept_filter_open(struct accept_filter_record *r, int64_t *ret_accepted_ms);

/* Closes the oldest; false if there is none. */
bool accept_filter_close_one(struct accept_filter *g);
/* Closes those who came before that moment, and says how many. */
unsigned accept_filter_close_older(struct accept_filter *g, int64_t accepted_ms);

#endif
