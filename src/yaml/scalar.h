/*
 * scalar - what an unquoted YAML scalar means, as in sigs.k8s.io/yaml (goyaml.v2). Pure.
 */
#ifndef PROMOGATE_YAML_SCALAR_H
#define PROMOGATE_YAML_SCALAR_H

#include <stdbool.h>

enum scalar_type {
	SCALAR_NULL,
	SCALAR_BOOL,
	SCALAR_NUMBER,
	SCALAR_STRING,
	SCALAR_NOT_FINITE, /* .inf, .nan: JSON has no value for them */
};

enum { SCALAR_NUMBER_BYTES = 32 };

struct scalar {
	enum scalar_type type;
	bool is_true;
	char number[SCALAR_NUMBER_BYTES]; /* as JSON writes it */
};

void scalar_resolve(const char *text, struct scalar *ret);

#endif
