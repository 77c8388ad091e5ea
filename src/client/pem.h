/*
 * pem - a certificate or key, as bytes or as the file that has them. Plain data that owns its
 * strings. What is in the PEM is GnuTLS's or OpenSSL's to judge; here only that it is some.
 */
#ifndef PROMOGATE_CLIENT_PEM_H
#define PROMOGATE_CLIENT_PEM_H

#include <stdbool.h>

#include "base/err.h"

/* Either of the two, or neither: none. */
struct pem {
	char *data;
	char *file;
};

void pem_release(struct pem *p);
bool pem_given(const struct pem *p);

/* Both set *ret, or an error without a place. */
int pem_from_base64(const char *text, struct pem *ret, struct err *err);
/* The file is read to check it, and named to be read again: it may rotate. */
int pem_from_file(const char *path, struct pem *ret, struct err *err);

#endif
