/*
 * listen - from "host:port" to a listening socket.
 */
#ifndef PROMOGATE_SERVER_LISTEN_H
#define PROMOGATE_SERVER_LISTEN_H

#include <stdint.h>

#include "base/err.h"

/*
 * Takes "127.0.0.1:9443", "[::1]:9443", "localhost:9443" or ":9443", which is all addresses, of
 * IPv6 and IPv4 where the machine has both. The socket is non-blocking; the caller closes it.
 * ERR_INVALID: not an address.
 */
int listen_open(const char *address, int *ret_fd, uint16_t *ret_port, struct err *err);

#endif
