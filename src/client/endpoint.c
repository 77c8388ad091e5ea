#include "client/endpoint.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"

/*
 * A dead peer: after 10 s of silence a probe every 5 s, and 20 s without a reply to a probe or to
 * data end the connection (tcp(7), TCP_USER_TIMEOUT), so it is noticed in under 30 s.
 */
enum { KEEPALIVE_IDLE_S = 10, KEEPALIVE_INTERVAL_S = 5, USER_TIMEOUT_MS = 20 * 1000 };
/* The API server closes a connection after 90 s without a request; avoid racing with that. */
enum { IDLE_CONNECTION_S = 80 };
enum { CONNECT_TIMEOUT_MS = 10 * 1000 };
/* libcurl's minimum; a connection has one during a transfer. */
enum { CURL_BUFFER_BYTES = 16 * 1024 };

static int write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

static int make_file(const struct pem *pem, struct endpoint_file *ret, struct err *err)
{
	ret->fd = -1;
	if (!pem->data) {
		ret->path = pem->file ? xstrdup(pem->file) : NULL;
		return 0;
	}
	ret->fd = memfd_create("promogate-pem", MFD_CLOEXEC);
	if (ret->fd < 0 || write_all(ret->fd, pem->data, strlen(pem->data)) < 0)
		return err_set_errno(err, errno, "storing a certificate in memory");
	ret->path = xasprintf("/proc/self/fd/%d", ret->fd);
	return 0;
}

/*
 * libcurl checks the certificate for the url's host and has no option for another name. So the url
 * has the name, and CURLOPT_CONNECT_TO has the address.
 */
static int rename_host(struct endpoint *e, const char *name, struct err *err)
{
	CLEANUP(free_p) char *connect_to = NULL;
	const char *host = strstr(e->server, "://");
	size_t host_len, authority_len;

	if (!host)
		return err_set(err, ERR_INVALID, "not a valid URL: %s", e->server);
	host += 3;
	authority_len = strcspn(host, "/");
	host_len = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/");
	if (host_len > authority_len)
		return err_set(err, ERR_INVALID, "not a valid URL: %s", e->server);
	connect_to = xasprintf("::%.*s:", (int)host_len, host);
	e->connect_to = curl_slist_append(NULL, connect_to);
	e->host_header = xasprintf("Host: %.*s", (int)authority_len, host);
	e->url = xasprintf("%.*s%s%s", (int)(host - e->server), e->server, name, host + host_len);
	return e->connect_to ? 0 : err_set(err, ERR_INTERNAL, "libcurl is out of memory");
}

int endpoint_init(struct endpoint *e, const struct credentials *c, struct err *err)
{
	*e = (struct endpoint){
		.server = xstrdup(c->server),
		.ca.fd = -1,
		.cert.fd = -1,
		.key.fd = -1,
		.insecure = c->insecure,
		.token = TOKEN_INIT,
	};
	if (make_file(&c->ca, &e->ca, err) < 0 || make_file(&c->cert, &e->cert, err) < 0 ||
		make_file(&c->key, &e->key, err) < 0 ||
		token_init(&e->token, c->token, c->token_file, err) < 0 ||
		(c->tls_server_name && rename_host(e, c->tls_server_name, err) < 0)) {
		endpoint_release(e);
		return -1;
	}
	if (!e->url)
		e->url = xstrdup(c->server);
	return 0;
}

static void release_file(struct endpoint_file *f)
{
	free(f->path);
	if (f->fd >= 0)
		(void)close(f->fd);
	*f = (struct endpoint_file){.fd = -1};
}

void endpoint_release(struct endpoint *e)
{
	free(e->server);
	free(e->url);
	free(e->host_header);
	curl_slist_free_all(e->connect_to);
	release_file(&e->ca);
	release_file(&e->cert);
	release_file(&e->key);
	token_release(&e->token);
	memset(e, 0, sizeof(*e));
}

static int set_socket_options(void *ctx, curl_socket_t fd, curlsocktype purpose)
{
	unsigned ms = USER_TIMEOUT_MS;

	(void)ctx;
	(void)purpose;
	/* Without it a dead peer is still noticed, by the probes or the call's timeout. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms));
	return CURL_SOCKOPT_OK;
}

static CURLcode apply_tls(const struct endpoint *e, CURL *easy)
{
	CURLcode rc = curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, e->insecure ? 0L : 1L);

	if (!rc)
		rc = curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, e->insecure ? 0L : 2L);
	if (!rc && e->ca.path) {
		/* Only the cluster's own CA: libcurl would also trust the system's folder. */
		rc = curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
		if (!rc)
			rc = curl_easy_setopt(easy, CURLOPT_CAINFO, e->ca.path);
	}
	if (!rc && e->cert.path)
		rc = curl_easy_setopt(easy, CURLOPT_SSLCERT, e->cert.path);
	if (!rc && e->key.path)
		rc = curl_easy_setopt(easy, CURLOPT_SSLKEY, e->key.path);
	return rc;
}

/* What is the same for every endpoint. */
static CURLcode apply_constants(CURL *easy)
{
	static const struct {
		CURLoption option;
		long value;
	} numbers[] = {
		{CURLOPT_NOSIGNAL, 1}, {CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
		{CURLOPT_TCP_KEEPALIVE, 1}, {CURLOPT_TCP_KEEPIDLE, KEEPALIVE_IDLE_S},
		{CURLOPT_TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S},
		{CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS},
		{CURLOPT_MAXAGE_CONN, IDLE_CONNECTION_S}, {CURLOPT_BUFFERSIZE, CURL_BUFFER_BYTES},
		{CURLOPT_UPLOAD_BUFFERSIZE, CURL_BUFFER_BYTES},
		{CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1}, {CURLOPT_FOLLOWLOCATION, 0},
		{CURLOPT_PATH_AS_IS, 1}, /* paths are sent as they are written */
	};
	CURLcode rc = curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, set_socket_options);

	for (size_t i = 0; !rc && i < ARRAY_SIZE(numbers); i++)
		rc = curl_easy_setopt(easy, numbers[i].option, numbers[i].value);
	if (!rc)
		rc = curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	/* No proxy, not even from the environment. */
	if (!rc)
		rc = curl_easy_setopt(easy, CURLOPT_PROXY, "");
	if (!rc)
		rc = curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	return rc;
}

CURLcode endpoint_apply(const struct endpoint *e, CURL *easy)
{
	CURLcode rc = apply_constants(easy);

	/*
	 * Without this, a call that times out during its DNS look-up blocks all calls until the
	 * look-up ends (libcurl 7.87 and newer).
	 */
	(void)curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);

	if (!rc && e->connect_to)
		rc = curl_easy_setopt(easy, CURLOPT_CONNECT_TO, e->connect_to);
	return rc ? rc : apply_tls(e, easy);
}
