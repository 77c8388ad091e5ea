/*
 * labels - the labels of an object, and the selectors that match them, as the API server does it
 * (apimachinery, LabelSelectorAsSelector; Kubernetes: "Labels and Selectors").
 */
#ifndef PROMOGATE_KUBE_LABELS_H
#define PROMOGATE_KUBE_LABELS_H

#include <stdbool.h>
#include <stddef.h>

#include "json/json.h"

struct label {
	const char *key, *value;
};

/* Sorted by key, in byte order. Who made it owns the memory. */
struct labels {
	const struct label *at;
	size_t count;
};

/* In one allocation of its own, for free(). A label that is not a string is left out. */
struct labels *labels_decode(const struct json *object_labels);
/* NULL: it has no such label. */
const char *labels_get(const struct labels *l, const char *key);

enum selector_operator { SELECTOR_IN, SELECTOR_NOT_IN, SELECTOR_EXISTS, SELECTOR_DOES_NOT_EXIST };

/* matchLabels are requirements with one value and SELECTOR_IN. */
struct selector_requirement {
	const char *key;
	enum selector_operator operator;
	const char *const *values;
	size_t nvalues;
};

/* All requirements must hold; without one it matches everything. */
struct selector {
	const struct selector_requirement *at;
	size_t count;
};

bool selector_matches(const struct selector *s, const struct labels *l);

/*
 * Reports each fault of a LabelSelector: a key or value that is not valid, an operator that is
 * unknown, values that do not go with it. field is relative: "matchExpressions[1].operator".
 */
typedef void selector_fault_fn(void *ctx, const char *field, const char *value, const char *detail);
void selector_check(const struct json *selector, selector_fault_fn *fault, void *ctx);
/* In one allocation of its own, for free(). NULL if selector_check() has a fault for it. */
struct selector *selector_decode(const struct json *selector);

#endif
