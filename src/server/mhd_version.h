/*
 * mhd_version - the versions of libmicrohttpd that the server works with.
 *
 * The server relies on behaviour that libmicrohttpd does not document (worker.h, conn.h, tls_io.h).
 * It was read in the sources of 0.9.75 and 1.0.1, and tests/unit/server/mhd_test.c tests each part of
 * it by name. A build with another series fails, and so does a start: the shared library has the same
 * name in both series.
 */
#ifndef PROMOGATE_SERVER_MHD_VERSION_H
#define PROMOGATE_SERVER_MHD_VERSION_H

#include "base/err.h"

/* Logs the version in use. ERR_INTERNAL if it is not supported or older than what was compiled. */
int mhd_version_check(const char *in_use, struct err *err);

#endif
