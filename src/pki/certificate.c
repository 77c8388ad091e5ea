#include "pki/certificate.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "kube/timestamp.h"

enum { SERIAL_BYTES = 16, MS_PER_S = 1000 };

#define DEFINE_OPENSSL_CLEANUP(type, fn)                                                           \
	static void fn##_p(type **p)                                                               \
	{                                                                                          \
		fn(*p);                                                                            \
	}
DEFINE_OPENSSL_CLEANUP(X509, X509_free)
DEFINE_OPENSSL_CLEANUP(EVP_PKEY, EVP_PKEY_free)
DEFINE_OPENSSL_CLEANUP(BIO, BIO_free_all)
DEFINE_OPENSSL_CLEANUP(X509_EXTENSION, X509_EXTENSION_free)
DEFINE_OPENSSL_CLEANUP(GENERAL_NAMES, GENERAL_NAMES_free)

void key_pair_release(struct key_pair *p)
{
	free(p->cert);
	if (p->key)
		explicit_bzero(p->key, strlen(p->key));
	free(p->key);
	*p = (struct key_pair)KEY_PAIR_INIT;
}

void authorities_release(struct authorities *a)
{
	for (size_t i = 0; i < a->count; i++)
		free(a->pem[i]);
	a->count = 0;
}

static int openssl_failed(const char *what, struct err *err)
{
	char reason[256];

	ERR_error_string_n(ERR_get_error(), reason, sizeof(reason));
	ERR_clear_error();
	return err_set(err, ERR_INTERNAL, "%s: %s", what, reason);
}

/* --- reading ---------------------------------------------------------------------------------- */

/* An encrypted key can't be used. OpenSSL's own function would ask on the terminal. */
static int no_password(char *to, int size, int writing, void *ctx)
{
	(void)to;
	(void)size;
	(void)writing;
	(void)ctx;
	return -1;
}

static BIO *bio_of(const char *text)
{
	return BIO_new_mem_buf(text, (int)strlen(text));
}

static X509 *next_certificate(BIO *from)
{
	X509 *cert = PEM_read_bio_X509(from, NULL, no_password, NULL);

	ERR_clear_error();
	return cert;
}

static X509 *first_certificate(const char *pem)
{
	CLEANUP(BIO_free_all_p) BIO *from = bio_of(pem);

	return next_certificate(from);
}

/* Of a kind that signs with SHA-256, as certificate_make_serving() does. */
static EVP_PKEY *read_key(const char *pem)
{
	CLEANUP(BIO_free_all_p) BIO *from = bio_of(pem);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(from, NULL, no_password, NULL);

	ERR_clear_error();
	if (key && (EVP_PKEY_is_a(key, "EC") || EVP_PKEY_is_a(key, "RSA")))
		return key;
	EVP_PKEY_free(key);
	return NULL;
}

static char *text_of(BIO *from)
{
	char *data = NULL;
	long len = BIO_get_mem_data(from, &data);

	return len > 0 ? xstrndup(data, (size_t)len) : NULL;
}

static char *certificate_text(X509 *cert)
{
	CLEANUP(BIO_free_all_p) BIO *to = BIO_new(BIO_s_mem());

	return PEM_write_bio_X509(to, cert) ? text_of(to) : NULL;
}

static char *key_text(EVP_PKEY *key)
{
	CLEANUP(BIO_free_all_p) BIO *to = BIO_new(BIO_s_secmem());

	return PEM_write_bio_PrivateKey(to, key, NULL, NULL, 0, NULL, NULL) ? text_of(to) : NULL;
}

static bool read_time(const ASN1_TIME *at, int64_t *ret_s)
{
	ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
	int days = 0, seconds = 0;
	bool ok = ASN1_TIME_diff(&days, &seconds, epoch, at);

	ASN1_TIME_free(epoch);
	*ret_s = (int64_t)days * 86400 + seconds;
	return ok;
}

static bool read_validity(const X509 *cert, struct validity *ret)
{
	return read_time(X509_get0_notBefore(cert), &ret->from_s) &&
	       read_time(X509_get0_notAfter(cert), &ret->until_s);
}

static bool is_authority(X509 *cert)
{
	char name[sizeof(CERTIFICATE_CA_NAME) + 64] = "";

	(void)X509_NAME_get_text_by_NID(
		X509_get_subject_name(cert), NID_commonName, name, sizeof(name));
	return str_starts(name, CERTIFICATE_CA_NAME) && X509_check_ca(cert) == 1;
}

static bool has_authority(const struct authorities *a, const char *pem)
{
	return str_index((const char *const *)a->pem, a->count, pem) >= 0;
}

static void add_authority(X509 *cert, struct authorities *to)
{
	char *pem = certificate_text(cert);

	if (!pem || has_authority(to, pem) || !is_authority(cert) ||
		!read_validity(cert, &to->validity[to->count])) {
		free(pem);
		return;
	}
	to->pem[to->count++] = pem;
}

void certificate_add_authorities(const char *bundle, struct authorities *to)
{
	CLEANUP(BIO_free_all_p) BIO *from = bio_of(bundle);
	X509 *cert;

	while (to->count < RENEWAL_CAS && (cert = next_certificate(from))) {
		add_authority(cert, to);
		X509_free(cert);
	}
	ERR_clear_error();
}

void certificate_write_authorities(const struct authorities *a, struct buf *to)
{
	for (size_t i = 0; i < a->count; i++)
		(void)buf_add(to, a->pem[i]);
}

bool certificate_in(const char *bundle)
{
	CLEANUP(X509_free_p) X509 *cert = first_certificate(bundle);

	return cert != NULL;
}

static bool fits(X509 *cert, const char *key_pem)
{
	CLEANUP(EVP_PKEY_free_p) EVP_PKEY *key = read_key(key_pem);
	bool ok = key && X509_check_private_key(cert, key);

	ERR_clear_error();
	return ok;
}

bool certificate_has_key(const char *cert, const char *key)
{
	CLEANUP(X509_free_p) X509 *x = first_certificate(cert);

	return x && fits(x, key);
}

static bool has_names(X509 *cert, const char *const *names)
{
	for (; *names; names++)
		if (X509_check_ip_asc(cert, *names, 0) != 1 &&
			X509_check_host(cert, *names, 0, 0, NULL) != 1)
			return false;
	return true;
}

static bool signed_by(X509 *cert, const char *ca_pem)
{
	CLEANUP(X509_free_p) X509 *ca = first_certificate(ca_pem);
	bool ok = ca && X509_check_issued(ca, cert) == X509_V_OK &&
		  X509_verify(cert, X509_get0_pubkey(ca)) == 1;

	ERR_clear_error();
	return ok;
}

static size_t issuer_of(X509 *cert, const struct authorities *cas)
{
	size_t i = 0;

	while (i < cas->count && !signed_by(cert, cas->pem[i]))
		i++;
	return i;
}

bool certificate_serves(const struct key_pair *p, const char *const *names,
	const struct authorities *cas, struct validity *validity, size_t *issuer)
{
	CLEANUP(X509_free_p) X509 *cert = p->cert && p->key ? first_certificate(p->cert) : NULL;

	if (!cert || !fits(cert, p->key) || !has_names(cert, names) ||
		X509_check_purpose(cert, X509_PURPOSE_SSL_SERVER, 0) != 1 ||
		!read_validity(cert, validity))
		return false;
	*issuer = issuer_of(cert, cas);
	return true;
}

/* --- making ----------------------------------------------------------------------------------- */

static bool set_serial(X509 *cert)
{
	unsigned char bytes[SERIAL_BYTES];
	BIGNUM *number = NULL;
	bool ok;

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return false;
	bytes[0] = (bytes[0] & 0x7f) | 0x40; /* positive, and always of the same length */
	number = BN_bin2bn(bytes, sizeof(bytes), NULL);
	ok = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert));
	BN_free(number);
	return ok;
}

static bool set_subject(X509 *cert, const char *name)
{
	return X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
		(const unsigned char *)name, -1, -1, 0);
}

static bool add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
	CLEANUP(X509_EXTENSION_free_p) X509_EXTENSION *e = NULL;
	X509V3_CTX ctx;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	return e && X509_add_ext(cert, e, -1);
}

static bool add_name(GENERAL_NAMES *to, const char *name)
{
	ASN1_OCTET_STRING *ip = a2i_IPADDRESS(name);
	ASN1_IA5STRING *dns = ip ? NULL : ASN1_IA5STRING_new();
	GENERAL_NAME *g = GENERAL_NAME_new();

	if (!g || (dns && !ASN1_STRING_set(dns, name, -1)))
		return false; /* out of memory */
	GENERAL_NAME_set0_value(g, ip ? GEN_IPADD : GEN_DNS, ip ? (void *)ip : (void *)dns);
	return sk_GENERAL_NAME_push(to, g) > 0;
}

static bool add_names(X509 *cert, const char *const *names)
{
	CLEANUP(GENERAL_NAMES_free_p) GENERAL_NAMES *list = sk_GENERAL_NAME_new_null();

	for (; list && *names; names++)
		if (!add_name(list, *names))
			return false;
	return X509_add1_ext_i2d(cert, NID_subject_alt_name, list, 0, 0) == 1;
}

/* With its subject, serial number, key and times, and nothing else. */
static X509 *begin(const char *subject, const struct validity *v, EVP_PKEY *key)
{
	X509 *cert = X509_new();

	if (cert && X509_set_version(cert, X509_VERSION_3) && set_serial(cert) &&
		set_subject(cert, subject) && X509_set_pubkey(cert, key) &&
		ASN1_TIME_set(X509_getm_notBefore(cert), (time_t)v->from_s) &&
		ASN1_TIME_set(X509_getm_notAfter(cert), (time_t)v->until_s))
		return cert;
	X509_free(cert);
	return NULL;
}

static int finish(X509 *cert, EVP_PKEY *signer, EVP_PKEY *key, struct key_pair *ret)
{
	if (X509_sign(cert, signer, EVP_sha256()) <= 0)
		return -1;
	ret->cert = certificate_text(cert);
	ret->key = key_text(key);
	return ret->cert && ret->key ? 0 : -1;
}

static int make_ca(const struct validity *v, struct key_pair *ret)
{
	const struct timestamp from = timestamp_format(v->from_s * MS_PER_S);
	CLEANUP(free_p) char *name = xasprintf("%s%s", CERTIFICATE_CA_NAME, from.text);
	CLEANUP(EVP_PKEY_free_p) EVP_PKEY *key = EVP_EC_gen("P-256");
	CLEANUP(X509_free_p) X509 *cert = key ? begin(name, v, key) : NULL;

	if (!cert || !X509_set_issuer_name(cert, X509_get_subject_name(cert)) ||
		!add_extension(cert, cert, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
		!add_extension(cert, cert, NID_key_usage, "critical,keyCertSign") ||
		!add_extension(cert, cert, NID_subject_key_identifier, "hash"))
		return -1;
	return finish(cert, key, key, ret);
}

int certificate_make_ca(const struct validity *v, struct key_pair *ret, struct err *err)
{
	CLEANUP(key_pair_release) struct key_pair made = KEY_PAIR_INIT;

	if (make_ca(v, &made) < 0)
		return openssl_failed("making a CA", err);
	*ret = made;
	made = (struct key_pair)KEY_PAIR_INIT;
	return 0;
}

static int make_serving(X509 *ca, EVP_PKEY *ca_key, const struct validity *v,
	const char *const *names, struct key_pair *ret)
{
	CLEANUP(EVP_PKEY_free_p) EVP_PKEY *key = EVP_EC_gen("P-256");
	CLEANUP(X509_free_p) X509 *cert = key ? begin("promogate-webhook", v, key) : NULL;

	if (!cert || !X509_set_issuer_name(cert, X509_get_subject_name(ca)) ||
		!add_extension(cert, ca, NID_basic_constraints, "critical,CA:FALSE") ||
		!add_extension(cert, ca, NID_key_usage, "critical,digitalSignature") ||
		!add_extension(cert, ca, NID_ext_key_usage, "serverAuth") ||
		!add_extension(cert, ca, NID_authority_key_identifier, "keyid") ||
		!add_names(cert, names))
		return -1;
	return finish(cert, ca_key, key, ret);
}

int certificate_make_serving(const struct key_pair *ca, const struct validity *v,
	const char *const *names, struct key_pair *ret, struct err *err)
{
	CLEANUP(key_pair_release) struct key_pair made = KEY_PAIR_INIT;
	CLEANUP(X509_free_p) X509 *cert = first_certificate(ca->cert);
	CLEANUP(EVP_PKEY_free_p) EVP_PKEY *key = read_key(ca->key);
	struct validity until, bounded = *v;

	if (!cert || !key || !X509_check_private_key(cert, key) || !read_validity(cert, &until))
		return err_set(err, ERR_INVALID, "the CA and its key do not belong together");
	if (bounded.until_s > until.until_s)
		bounded.until_s = until.until_s;
	if (make_serving(cert, key, &bounded, names, &made) < 0)
		return openssl_failed("making a serving certificate", err);
	*ret = made;
	made = (struct key_pair)KEY_PAIR_INIT;
	return 0;
}
