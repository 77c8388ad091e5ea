/*
 * accept_filter - where a connection waits until its client has sent something: the whole first TLS
 * record (the ClientHello), or a byte without TLS.
 *
 * A silent client costs a file descriptor and a small record here, instead of a TLS session and
 * libmicrohttpd's buffers, about 30 KiB. All of it belongs to the acceptor.
 */
#ifndef PROMOGATE_SERVER_ACCEPT_FILTER_H
#define PROMOGATE_SERVER_ACCEPT_FILTER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

struct accept_filter {
	int epoll_fd; /* borrowed: its owner passes records to accept_filter_open() */
	bool tls;
	TAILQ_HEAD(, accept_filter_record) records; /* the oldest first */
	unsigned count;
};

/* A record is what epoll's data.ptr points to. */
struct accept_filter_record {
	struct accept_filter *filter;
	TAILQ_ENTRY(accept_filter_record) link;
	int fd;
	int64_t accepted_ms;
};

void accept_filter_init(struct accept_filter *g, int epoll_fd, bool tls);
/* Closes the waiting connections. */
void accept_filter_release(struct accept_filter *g);

/*
 * Takes a descriptor. True: its client has sent something already, and the caller serves it; false:
 * it waits here.
 */
bool accept_filter_wait(struct accept_filter *g, int fd_take, int64_t now_ms);
/* After an event: the descriptor to serve, with its time of arrival; -1: not yet, or closed. */
int accept_filter_open(struct accept_filter_record *r, int64_t *ret_accepted_ms);

/* When the oldest was accepted; 0 if there is none. */
int64_t accept_filter_oldest_ms(const struct accept_filter *g);
/* Closes the oldest; false if there is none. */
bool accept_filter_close_one(struct accept_filter *g);
/* Closes those accepted before that moment, and returns how many. */
unsigned accept_filter_close_older(struct accept_filter *g, int64_t accepted_ms);

#endif
