#include "server/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/str.h"

enum { HOST_BYTES = 64 };

static int malformed(const char *address, struct err *err)
{
	return err_set(err, ERR_INVALID,
		"listen address \"%s\": must be host:port with a numeric host, [ipv6]:port or :port",
		address);
}

/* Splits into host, "" for all addresses, and port. */
static int split(const char *address, char host[HOST_BYTES], uint16_t *port, struct err *err)
{
	const char *colon = strrchr(address, ':');
	size_t len = colon ? (size_t)(colon - address) : 0;
	int64_t number;

	if (!colon || str_to_int64(colon + 1, &number) < 0 || number < 0 || number > UINT16_MAX)
		return malformed(address, err);
	if (len >= 2 && address[0] == '[' && address[len - 1] == ']') {
		address++;
		len -= 2;
	} else if (memchr(address, ':', len)) {
		return malformed(address, err); /* IPv6 without brackets: where does it end? */
	}
	if (len >= HOST_BYTES)
		return malformed(address, err);
	memcpy(host, address, len);
	host[len] = '\0';
	*port = (uint16_t)number;
	return 0;
}

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* The length of the address, 0 if host is not an address. */
static socklen_t to_address(const char *host, uint16_t port, union address *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (inet_pton(AF_INET6, *host ? host : "::", &ret->v6.sin6_addr) == 1) {
		ret->v6.sin6_family = AF_INET6;
		ret->v6.sin6_port = htons(port);
		return sizeof(ret->v6);
	}
	if (inet_pton(AF_INET, str_eq(host, "localhost") ? "127.0.0.1" : host, &ret->v4.sin_addr) ==
		1) {
		ret->v4.sin_family = AF_INET;
		ret->v4.sin_port = htons(port);
		return sizeof(ret->v4);
	}
	return 0;
}

static int open_socket(const union address *a, socklen_t len)
{
	int fd = socket(a->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	const int on = 1, off = 0, unsent = LIMIT_SERVER_UNSENT_BYTES;
	int error;

	if (fd < 0)
		return -1;
	/* Without this, a restart within a minute of the last connection fails. */
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	/* Connections inherit it; without it the kernel keeps up to 4 MiB for a silent reader. */
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &unsent, sizeof(unsent));
	if (a->any.sa_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, &a->any, len) == 0 && listen(fd, SOMAXCONN) == 0)
		return fd;
	error = errno;
	(void)close(fd);
	errno = error;
	return -1;
}

int listen_open(const char *address, int *ret_fd, uint16_t *ret_port, struct err *err)
{
	char host[HOST_BYTES] = "";
	union address a;
	socklen_t len;
	uint16_t port = 0;
	int fd;

	if (split(address, host, &port, err) < 0)
		return -1;
	len = to_address(host, port, &a);
	if (!len)
		return malformed(address, err);
	fd = open_socket(&a, len);
	if (fd < 0 && !*host && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL)) {
		len = to_address("0.0.0.0", port, &a); /* a kernel without IPv6 */
		fd = open_socket(&a, len);
	}
	if (fd < 0)
		return err_set_errno(err, errno, "listening on %s", address);
	if (getsockname(fd, &a.any, &len) < 0) {
		(void)close(fd);
		return err_set_errno(err, errno, "listening on %s", address);
	}
	*ret_fd = fd;
	*ret_port = ntohs(a.any.sa_family == AF_INET6 ? a.v6.sin6_port : a.v4.sin_port);
	return 0;
}
