/*
 * versionsource - of a KeptnAppVersion, what its Jobs are made of: what jobspec_version_read()
 * reads, and nothing else. It is kept for each version that may still start.
 */
#ifndef PROMOGATE_PROMOTION_VERSIONSOURCE_H
#define PROMOGATE_PROMOTION_VERSIONSOURCE_H

#include "base/buf.h"
#include "json/json.h"

/* Appends it as compact JSON. */
void versionsource_encode(const struct json *appversion, struct buf *to);

#endif
