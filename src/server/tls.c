#include "server/tls.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <gnutls/x509.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "run/file.h"
#include "run/log.h"
#include "run/metrics.h"

METRIC_GAUGE(expiry, "promogate_certificate_expiry_timestamp_seconds",
	"Expiry of the serving certificate, in seconds since 1970.");
METRIC_COUNTER(loads, "promogate_certificate_loads_total",
	"Attempts to load the serving certificate, by result.", "result");

/* Room for any usual key, so that growing the buffer leaves no copy of it in memory. */
enum { KEY_BYTES = 16 * 1024 };
/* How long before it expires a certificate makes its pod unready: this part of its lifetime. */
enum { UNREADY_PART = 20, UNREADY_MS = 60 * 1000 };

struct tls_pair {
	gnutls_certificate_credentials_t credentials;
	int64_t expires_ms, unready_ms; /* not ready from then on */
	bool has_client_ca;
	_Atomic unsigned references;
};

void tls_init(struct tls_store *store, const char *cert_file, const char *key_file,
	const char *client_ca_file)
{
	*store = (struct tls_store){
		.cert_file = cert_file,
		.key_file = key_file,
		.client_ca_file = client_ca_file,
	};
	lock_init(&store->lock);
}

void tls_release(struct tls_store *store)
{
	tls_pair_unref(store->current);
	store->current = NULL;
	lock_destroy(&store->lock);
}

void tls_pair_unref(struct tls_pair *pair)
{
	if (!pair || atomic_fetch_sub(&pair->references, 1) != 1)
		return;
	if (pair->credentials)
		gnutls_certificate_free_credentials(pair->credentials);
	free(pair);
}

static int gnutls_failed(int code, const char *what, struct err *err)
{
	return err_set(err, ERR_INVALID, "%s: %s", what, gnutls_strerror(code));
}

static gnutls_datum_t datum(const char *text)
{
	return (gnutls_datum_t){
		.data = (unsigned char *)text,
		.size = (unsigned)strlen(text),
	};
}

/* See tls_expired(). */
static int64_t unready_from(time_t from, time_t until)
{
	int64_t early_ms = ((int64_t)until - from) * 1000 / UNREADY_PART;

	if (until < 0)
		return INT64_MAX;
	return (int64_t)until * 1000 - (early_ms < UNREADY_MS ? early_ms : UNREADY_MS);
}

static int read_expiry(const char *cert_pem, struct tls_pair *pair, struct err *err)
{
	gnutls_datum_t pem = datum(cert_pem);
	gnutls_x509_crt_t leaf;
	time_t when, from;
	int code;

	code = gnutls_x509_crt_init(&leaf);
	if (code < 0)
		return gnutls_failed(code, "certificate", err);
	code = gnutls_x509_crt_import(leaf, &pem, GNUTLS_X509_FMT_PEM); /* the first of a chain */
	when = code < 0 ? -1 : gnutls_x509_crt_get_expiration_time(leaf);
	from = code < 0 ? -1 : gnutls_x509_crt_get_activation_time(leaf);
	gnutls_x509_crt_deinit(leaf);
	if (code < 0)
		return gnutls_failed(code, "certificate", err);
	pair->expires_ms = when < 0 ? INT64_MAX : (int64_t)when * 1000;
	pair->unready_ms = unready_from(from, when);
	return 0;
}

/* NULL and err set if they can't be used. */
static struct tls_pair *make_pair(const char *cert_pem, const char *key_pem, struct err *err)
{
	gnutls_datum_t cert = datum(cert_pem), key = datum(key_pem);
	struct tls_pair *pair = xcalloc(1, sizeof(*pair));
	int code;

	atomic_init(&pair->references, 1);
	if (read_expiry(cert_pem, pair, err) < 0)
		goto failed;
	code = gnutls_certificate_allocate_credentials(&pair->credentials);
	/* This compares the two as well. */
	if (code >= 0)
		code = gnutls_certificate_set_x509_key_mem(
			pair->credentials, &cert, &key, GNUTLS_X509_FMT_PEM);
	if (code >= 0)
		return pair;
	(void)gnutls_failed(code, "certificate and key", err);
failed:
	tls_pair_unref(pair);
	return NULL;
}

static int add_client_ca(struct tls_pair *pair, const char *file, struct err *err)
{
	int count;

	if (!file)
		return 0;
	count = gnutls_certificate_set_x509_trust_file(
		pair->credentials, file, GNUTLS_X509_FMT_PEM);
	if (count < 0)
		return gnutls_failed(count, file, err);
	if (!count)
		return err_set(err, ERR_INVALID, "%s: no certificate in it", file);
	pair->has_client_ca = true;
	return 0;
}

int tls_set(struct tls_store *store, const char *cert_pem, const char *key_pem, struct err *err)
{
	struct tls_pair *pair = make_pair(cert_pem, key_pem, err), *former;

	if (!pair || add_client_ca(pair, store->client_ca_file, err) < 0) {
		tls_pair_unref(pair);
		metric_add(metric_at(&loads, "failed"), 1);
		return -1;
	}
	metric_set(metric_at(&expiry), pair->expires_ms / 1000);
	metric_add(metric_at(&loads, "ok"), 1);
	lock_lock(&store->lock);
	former = store->current;
	store->current = pair;
	lock_unlock(&store->lock);
	tls_pair_unref(former);
	return 0;
}

/* Files that can't be read have a stamp of zeros. */
static void stamp_one(const char *file, struct stat *ret)
{
	if (!file || stat(file, ret) < 0)
		memset(ret, 0, sizeof(*ret));
}

static void stamp(const struct tls_store *store, struct tls_stamp *ret)
{
	stamp_one(store->cert_file, &ret->cert);
	stamp_one(store->key_file, &ret->key);
	stamp_one(store->client_ca_file, &ret->client_ca);
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

int tls_load(struct tls_store *store, struct err *err)
{
	CLEANUP(buf_release) struct buf cert = BUF_INIT(LIMIT_CONFIG_FILE_BYTES);
	CLEANUP(buf_release) struct buf key = BUF_INIT(LIMIT_CONFIG_FILE_BYTES);
	struct tls_stamp before;
	int ret;

	(void)buf_reserve(&key, KEY_BYTES);
	/*
	 * The stamp is taken before the files are read: a swap in between is noticed at the next
	 * poll.
	 */
	stamp(store, &before);
	if (file_read(store->cert_file, &cert, err) < 0 ||
		file_read(store->key_file, &key, err) < 0)
		return -1;
	ret = tls_set(store, buf_str(&cert), buf_str(&key), err);
	if (key.data)
		explicit_bzero(key.data, key.len);
	if (ret < 0)
		return err_wrap(err, "%s and %s", store->cert_file, store->key_file);
	store->stamp = before;
	return 0;
}

void tls_poll(struct tls_store *store)
{
	struct err err = ERR_INIT;
	struct tls_stamp now;

	if (!store->cert_file)
		return;
	stamp(store, &now);
	if (same_file(&now.cert, &store->stamp.cert) && same_file(&now.key, &store->stamp.key) &&
		same_file(&now.client_ca, &store->stamp.client_ca))
		return;
	if (tls_load(store, &err) == 0) {
		store->complained = false;
		log_event(LOG_INFO, "serving certificate reloaded",
			LOG_STR("file", store->cert_file), LOG_END);
	} else if (!store->complained) {
		store->complained = true;
		log_event(LOG_WARN, "new serving certificate is not usable; keeping the old one",
			LOG_STR("file", store->cert_file), LOG_ERR(&err), LOG_END);
	}
}

struct tls_pair *tls_current(struct tls_store *store)
{
	struct tls_pair *pair;
	LOCK_SCOPE(&store->lock);

	pair = store->current;
	if (pair)
		atomic_fetch_add(&pair->references, 1);
	return pair;
}

/* A failure leaves a session without a certificate: its handshake fails. */
void tls_equip(gnutls_session_t session, const struct tls_pair *pair)
{
	static gnutls_typed_vdata_st purpose[] = {{
		.type = GNUTLS_DT_KEY_PURPOSE_OID,
		.data = (unsigned char *)GNUTLS_KP_TLS_WWW_CLIENT,
	}};

	if (pair->has_client_ca) {
		gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUIRE);
		gnutls_session_set_verify_cert2(session, purpose, ARRAY_SIZE(purpose), 0);
	}
	(void)gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, pair->credentials);
}

int tls_expired(struct tls_store *store, int64_t wall_ms)
{
	LOCK_SCOPE(&store->lock);

	if (!store->current)
		return -1;
	return wall_ms >= store->current->unready_ms;
}
