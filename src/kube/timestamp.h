/*
 * timestamp - moments as Kubernetes writes them: RFC 3339, metav1.Time in whole seconds and
 * metav1.MicroTime with six digits of a fraction. Pure: independent of the clock, the time zone and
 * the locale.
 *
 * A moment is in milliseconds since 1970, UTC, between the years 0000 and 9999, which is all that
 * RFC 3339 can write.
 */
#ifndef PROMOGATE_KUBE_TIMESTAMP_H
#define PROMOGATE_KUBE_TIMESTAMP_H

#include <stdint.h>

#define TIMESTAMP_MIN_MS (-62167219200000) /* 0000-01-01T00:00:00Z */
#define TIMESTAMP_MAX_MS 253402300799999 /* 9999-12-31T23:59:59.999Z */

/*
 * What Go's time.Parse(time.RFC3339) accepts: "T" and "Z" in capitals, an offset instead of "Z", a
 * fraction of any length, which is cut to milliseconds; no leap second. 0, or -1.
 */
int timestamp_parse(const char *text, int64_t *ret_ms);

struct timestamp {
	char text[32];
};

/* "2026-11-24T01:02:03Z". A moment outside the range is written as the nearest one inside. */
struct timestamp timestamp_format(int64_t ms);
/* "2026-11-24T01:02:03.004000Z" */
struct timestamp timestamp_format_micro(int64_t ms);

#endif
