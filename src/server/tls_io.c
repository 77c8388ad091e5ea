#include "server/tls_io.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/limits.h"
#include "base/mem.h"

/* One full TLS record, or a dozen of Go's small ones. */
enum { AHEAD_BYTES = 17 * 1024 };

/* The first byte of a record of this kind: RFC 8446, 5.1. */
enum { HANDSHAKE = 22 };

static ssize_t hand_out(struct tls_io *t, void *to, size_t len)
{
	size_t have = t->ahead_len - t->ahead_at;

	if (len > have)
		len = have;
	memcpy(to, t->ahead + t->ahead_at, len);
	t->ahead_at += len;
	if (t->ahead_at == t->ahead_len) {
		free(t->ahead);
		t->ahead = NULL;
		t->ahead_at = t->ahead_len = 0;
	}
	return (ssize_t)len;
}

static size_t bytes_of(const giovec_t *iov, int count)
{
	size_t len = 0;

	for (int i = 0; i < count; i++)
		len += iov[i].iov_len;
	return len;
}

static void copy_to(char *to, const giovec_t *iov, int count)
{
	for (int i = 0; i < count; to += iov[i++].iov_len)
		memcpy(to, iov[i].iov_base, iov[i].iov_len);
}

/* Sends the ServerHello with what follows it, if anything: 0, or -1 with errno. */
static int send_hello(struct tls_io *t, const giovec_t *iov, int count)
{
	size_t len = t->hello_len + bytes_of(iov, count);
	char *flight = xreallocarray(t->hello, len, 1);
	ssize_t n;

	copy_to(flight + t->hello_len, iov, count);
	n = send(t->fd, flight, len, MSG_NOSIGNAL);
	free(flight);
	t->hello = NULL;
	t->hello_len = 0;
	if (n >= 0 && (size_t)n < len)
		errno = EPIPE; /* the first bytes of a connection fit into its socket */
	return n == (ssize_t)len ? 0 : -1;
}

/* gnutls_vec_push_func: like writev(2). */
static ssize_t push(gnutls_transport_ptr_t ptr, const giovec_t *iov, int count)
{
	struct msghdr message = {.msg_iov = (struct iovec *)iov, .msg_iovlen = (size_t)count};
	size_t len = bytes_of(iov, count);
	struct tls_io *t = ptr;

	if (t->hello)
		return send_hello(t, iov, count) < 0 ? -1 : (ssize_t)len;
	if (t->greeted || !len || *(char *)iov[0].iov_base != HANDSHAKE)
		return sendmsg(t->fd, &message, MSG_NOSIGNAL);
	t->hello = xmalloc(len);
	t->hello_len = len;
	copy_to(t->hello, iov, count);
	return (ssize_t)len;
}

/* gnutls_pull_func: like recv(2). */
static ssize_t pull(gnutls_transport_ptr_t ptr, void *to, size_t len)
{
	struct tls_io *t = ptr;
	char *room;
	ssize_t n;

	if (t->hello && send_hello(t, NULL, 0) < 0)
		return -1;
	if (atomic_load_explicit(t->cut, memory_order_relaxed))
		return 0; /* the handshake of one that is cut would cost the others' time */
	if (t->ahead)
		return hand_out(t, to, len);
	room = xmalloc(AHEAD_BYTES);
	n = recv(t->fd, room, AHEAD_BYTES, 0);
	if (n <= 0) {
		int error = errno;

		free(room);
		if (n < 0 && error == EAGAIN && !t->greeted)
			worker_park(&t->parking);
		errno = error;
		return n;
	}
	t->ahead = room;
	t->ahead_len = (size_t)n;
	return hand_out(t, to, len);
}

/* gnutls_handshake_hook_func: nothing is read in the handshake after the client's Finished. */
static int finished(gnutls_session_t session, unsigned type, unsigned when, unsigned incoming,
	const gnutls_datum_t *message)
{
	(void)type, (void)when, (void)message;
	if (incoming) {
		gnutls_transport_ptr_t in, out;

		gnutls_transport_get_ptr2(session, &in, &out);
		((struct tls_io *)in)->greeted = true;
	}
	return 0;
}

void tls_io_init(struct tls_io *t, struct MHD_Connection *mhd, int fd, const _Atomic bool *cut,
	gnutls_session_t session, struct tls_pair *pair_take)
{
	*t = (struct tls_io){
		.fd = fd,
		.cut = cut,
		.session = session,
		.pair = pair_take,
		.parking = {.mhd = mhd, .fd = fd},
	};
	if (!session)
		return;
	if (pair_take)
		tls_equip(session, pair_take);
	gnutls_transport_set_ptr(session, t);
	gnutls_transport_set_pull_function(session, pull);
	gnutls_transport_set_vec_push_function(session, push);
	gnutls_handshake_set_hook_function(
		session, GNUTLS_HANDSHAKE_FINISHED, GNUTLS_HOOK_POST, finished);
}

void tls_io_release(struct tls_io *t)
{
	tls_pair_unref(t->pair);
	free(t->ahead);
	free(t->hello);
}

void tls_io_hold(struct tls_io *t, size_t body_bytes)
{
	if (!t->session || body_bytes > LIMIT_SERVER_CORK_BYTES)
		return;
	gnutls_record_cork(t->session);
	t->held = true;
}

int tls_io_flush(struct tls_io *t)
{
	const int off = 0;
	int code;

	if (!t->held)
		return 0;
	t->held = false;
	if (!t->uncorked) {
		/*
		 * libmicrohttpd corks the socket once, for its two writes, and then flushes with
		 * TCP_NODELAY after each body, which is before our single write.
		 */
		t->uncorked = true;
		(void)setsockopt(t->fd, IPPROTO_TCP, TCP_CORK, &off, sizeof(off));
	}
	code = gnutls_record_uncork(t->session, 0);
	if (code == GNUTLS_E_AGAIN || code == GNUTLS_E_INTERRUPTED)
		return 1;
	return code < 0 ? -1 : 0;
}
