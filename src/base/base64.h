/*
 * base64 - RFC 4648, section 4, with padding: what Kubernetes puts bytes into JSON with.
 */
#ifndef PROMOGATE_BASE_BASE64_H
#define PROMOGATE_BASE_BASE64_H

#include <stddef.h>

#include "base/buf.h"

/* Appends; an overflow shows in the buf. */
void base64_encode(struct buf *to, const void *data, size_t len);
/*
 * Appends the bytes: 0, or -1 for what is no base64 or an overflow. As Go reads it: line breaks are
 * passed over, padding is required. What was appended before the fault stays.
 */
int base64_decode(struct buf *to, const char *text);

#endif
