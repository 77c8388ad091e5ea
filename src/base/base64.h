/*
 * base64 - RFC 4648, section 4, with padding: how Kubernetes puts bytes into JSON.
 */
#ifndef PROMOGATE_BASE_BASE64_H
#define PROMOGATE_BASE_BASE64_H

#include <stddef.h>

#include "base/buf.h"

/* Appends; an overflow shows in the buf. */
void base64_encode(struct buf *to, const void *data, size_t len);
/*
 * Appends the bytes: 0, or -1 for invalid base64 or an overflow. As in Go, line breaks are skipped
 * and padding is required. Bytes appended before the fault stay.
 */
int base64_decode(struct buf *to, const char *text);

#endif
