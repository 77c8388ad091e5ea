/*
 * material - the certificates and keys of the webhook, as a Secret stores them: `ca.crt` has the
 * CAs, the newest first, `ca.key` the key of the first; `tls.crt` and `tls.key` are what the pods
 * serve. Pure, except that OpenSSL draws the keys.
 */
#ifndef PROMOGATE_PKI_MATERIAL_H
#define PROMOGATE_PKI_MATERIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "json/json.h"
#include "pki/certificate.h"
#include "pki/renewal.h"

/* Owns all of it. */
struct material {
	struct authorities cas;
	char *ca_key; /* NULL: none */
	struct key_pair serving;
	char *type; /* of the Secret, which is immutable; NULL: there is no Secret */
	char *version; /* its resourceVersion */
	int64_t seen_ms; /* the latest time that the API server wrote into it; INT64_MIN: none */
};

#define MATERIAL_INIT {.seen_ms = INT64_MIN}

void material_release(struct material *m); /* overwrites the keys; for CLEANUP() too */

/* What can't be read is missing. secret NULL: there is none. */
void material_read(const struct json *secret, struct material *ret);
/* names as in pki/certificate.h */
void material_describe(
	const struct material *m, const char *const *names, struct renewal_stored *ret);

/*
 * Carries out RENEWAL_CA, _SERVING or _FORGET on the material, which stays as it is if that fails.
 */
int material_step(struct material *m, const struct renewal *step, const struct renewal_config *c,
	const char *const *names, int64_t now_ms, struct err *err);

/* The body of a server-side apply. */
void material_write(const struct material *m, const char *ns, const char *name, struct buf *to);
/* The value of each caBundle, without base64. */
void material_bundle(const struct material *m, struct buf *to);

#endif
