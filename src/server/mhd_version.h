/*
 * mhd_version - the versions of libmicrohttpd that the server works with.
 *
 * The server relies on behaviour that libmicrohttpd does not document (worker.h, conn.h, tls_io.h).
 * tests/unit/server/mhd_test.c tests each part of it by name. Another version is refused by the
 * build and at the start: 0.9 and 1.0 have the same name as a shared library.
 */
#ifndef PROMOGATE_SERVER_MHD_VERSION_H
#define PROMOGATE_SERVER_MHD_VERSION_H

#include "base/err.h"

/* Logs the version in use. ERR_INTERNAL if it is not supported, or older than the build's. */
int mhd_version_check(const char *in_use, struct err *err);

#endif
