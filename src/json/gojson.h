/*
 * gojson - JSON as Go's encoding/json writes it, byte for byte, for values that tasks expect from a
 * program in Go: '<', '>', '&', U+2028 and U+2029 are escaped, \b and \f have their short forms (Go
 * 1.22 and newer), and the keys of a map are in byte order.
 */
#ifndef PROMOGATE_JSON_GOJSON_H
#define PROMOGATE_JSON_GOJSON_H

#include "base/buf.h"
#include "base/strmap.h"

/* Both append; an overflow shows in the buf. */
void gojson_string(struct buf *to, const char *s);
/* The values are strings. */
void gojson_map(struct buf *to, const struct strmap *m);

#endif
