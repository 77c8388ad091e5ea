/*
 * endpoint - credentials, prepared for libcurl: where to connect, which certificates, which token.
 * Made once, then owned by the client's thread.
 *
 * Inline certificates are stored in memory files (memfd_create(2)) and passed to libcurl as
 * /proc/self/fd/N: its GnuTLS build accepts files only, and a key must not be written to disk.
 */
#ifndef PROMOGATE_CLIENT_ENDPOINT_H
#define PROMOGATE_CLIENT_ENDPOINT_H

#include <curl/curl.h>

#include "base/err.h"
#include "client/credentials.h"
#include "client/token.h"

/* A file name for libcurl, and the descriptor that keeps it alive. */
struct endpoint_file {
	char *path; /* NULL: none */
	int fd; /* -1: a file on disk */
};

struct endpoint {
	char *server; /* as in the credentials, for messages and the Host header */
	char *url; /* for libcurl; has another host if tls_server_name is set */
	char *host_header; /* NULL, or the "Host: …" line that goes with another url */
	struct curl_slist *connect_to; /* NULL, or where to connect instead of the url's host */
	struct endpoint_file ca, cert, key;
	bool insecure;
	struct token token;
};

int endpoint_init(struct endpoint *e, const struct credentials *c, struct err *err);
void endpoint_release(struct endpoint *e);

/* Sets address, TLS and proxy options; all but the path and the token. */
CURLcode endpoint_apply(const struct endpoint *e, CURL *easy);

#endif
