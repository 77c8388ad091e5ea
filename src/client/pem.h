/*
 * pem - a certificate or key, as bytes or as a file. Plain data that owns its strings. GnuTLS
 * checks the content; here only that it is PEM data.
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

/* Both set *ret, or return an error without a location. */
int pem_from_base64(const char *text, struct pem *ret, struct err *err);
/* The file is read to check it, and kept as a path to be reloaded: it may rotate. */
int pem_from_file(const char *path, struct pem *ret, struct err *err);

#endif
