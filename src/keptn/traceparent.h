/*
 * traceparent - the header of W3C Trace Context, by which Keptn links the traces of two stages.
 */
#ifndef PROMOGATE_KEPTN_TRACEPARENT_H
#define PROMOGATE_KEPTN_TRACEPARENT_H

#include <stdbool.h>

/*
 * version-trace-parent-flags in lowercase hex, 2-32-16-2 digits; version not ff, neither id all
 * zero; only a version above 00 may have more after the flags and a hyphen (W3C Trace Context,
 * 3.2.2).
 */
bool traceparent_is_valid(const char *s);

#endif
