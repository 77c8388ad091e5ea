/*
 * testcert - certificates for tests: self-signed, P-256, for "localhost".
 */
#ifndef PROMOGATE_TESTS_SERVER_TESTCERT_H
#define PROMOGATE_TESTS_SERVER_TESTCERT_H

#include <string.h>
#include <time.h>

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "unit.h"

struct testcert {
	char cert[4096], key[4096]; /* PEM */
};

/* The serial number distinguishes them; it expires that many seconds from now. */
static inline void testcert_make(struct testcert *c, unsigned char serial, int expires_s)
{
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t crt;
	size_t len;

	memset(c, 0, sizeof(*c));
	assert_int_equal(gnutls_x509_privkey_init(&key), 0);
	assert_int_equal(gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
				 GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0),
		0);
	assert_int_equal(gnutls_x509_crt_init(&crt), 0);
	assert_int_equal(gnutls_x509_crt_set_version(crt, 3), 0);
	assert_int_equal(gnutls_x509_crt_set_serial(crt, &serial, 1), 0);
	assert_int_equal(gnutls_x509_crt_set_activation_time(crt, time(NULL) - 3600), 0);
	assert_int_equal(gnutls_x509_crt_set_expiration_time(crt, time(NULL) + expires_s), 0);
	assert_int_equal(gnutls_x509_crt_set_dn(crt, "CN=localhost", NULL), 0);
	assert_int_equal(gnutls_x509_crt_set_key(crt, key), 0);
	assert_int_equal(gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256, 0), 0);
	len = sizeof(c->cert);
	assert_int_equal(gnutls_x509_crt_export(crt, GNUTLS_X509_FMT_PEM, c->cert, &len), 0);
	len = sizeof(c->key);
	assert_int_equal(gnutls_x509_privkey_export(key, GNUTLS_X509_FMT_PEM, c->key, &len), 0);
	gnutls_x509_crt_deinit(crt);
	gnutls_x509_privkey_deinit(key);
}

#endif
