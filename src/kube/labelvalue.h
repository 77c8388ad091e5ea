/*
 * labelvalue - the value of a label for any text (Kubernetes: "Labels and Selectors", "Syntax and
 * character set").
 */
#ifndef PROMOGATE_KUBE_LABELVALUE_H
#define PROMOGATE_KUBE_LABELVALUE_H

#include <stdbool.h>

#include "base/limits.h"

struct label_value {
	char text[LIMIT_LABEL_VALUE_BYTES + 1];
};

/*
 * At most 63 letters, digits, '-', '_' and '.', the first and the last a letter or digit; or empty.
 */
bool label_value_is_valid(const char *text);

/*
 * The text itself if it is a valid label value. Otherwise as much of the text as fits, '-' and eight
 * hex digits that differ for most texts: good for selecting, not an identity.
 */
struct label_value label_value_of(const char *text);

#endif
