/*
 * duration - Go's time.ParseDuration, in which Kubernetes writes metav1.Duration: "5m", "1h30m",
 * "-1.5s", "0".
 */
#ifndef PROMOGATE_KUBE_DURATION_H
#define PROMOGATE_KUBE_DURATION_H

#include <stdint.h>

/* In nanoseconds: 0, or -1 if it is not a duration or overflows int64_t. */
int duration_parse(const char *s, int64_t *ret_ns);

#endif
