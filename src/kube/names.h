/*
 * names - valid names of objects (Kubernetes: "Object Names and IDs").
 */
#ifndef PROMOGATE_KUBE_NAMES_H
#define PROMOGATE_KUBE_NAMES_H

#include <stdbool.h>

/*
 * An RFC 1123 subdomain: 1 to 253 bytes; labels of lower-case letters, digits and inner hyphens,
 * joined by dots.
 */
bool name_is_subdomain(const char *name);

/* The namespace of a key, "namespace/name"; for free(). */
char *name_namespace(const char *key);

#endif
