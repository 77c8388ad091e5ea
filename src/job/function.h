/*
 * function - a task that runs code in one of Keptn's runtimes: the definition of the task merged
 * with those that its functionRefs lead to.
 */
#ifndef PROMOGATE_JOB_FUNCTION_H
#define PROMOGATE_JOB_FUNCTION_H

#include <stddef.h>

#include "base/err.h"
#include "base/strmap.h"
#include "json/json.h"

enum runtime { RUNTIME_DENO, RUNTIME_PYTHON, RUNTIME_COUNT };

/* Where the code comes from; of several, the first in this order, as in Keptn. */
enum code_origin { CODE_INLINE, CODE_CONFIG_MAP, CODE_HTTP };

/* Borrows from the definitions. */
struct function {
	enum runtime runtime; /* of the definition that has the code */
	enum code_origin origin;
	const char *code; /* the code itself, a ConfigMap's name, or a URL */
	const char *namespace; /* of the definition that has the code, and of its ConfigMap */
	struct strmap parameters;
	const char *secret, *arguments; /* "" for none */
};

#define FUNCTION_INIT                                                                              \
	{.code = "",                                                                               \
		.namespace = "",                                                                   \
		.secret = "",                                                                      \
		.arguments = "",                                                                   \
		.parameters = STRMAP_INIT(NULL)}

/* "deno", "python". */
const char *runtime_name(enum runtime r);

/*
 * The KeptnTaskDefinition of a task, then that of its functionRef, of this one's functionRef, and
 * so on. ERR_INVALID, with what is wrong, if it can't run: what admission says of it (PG105), or
 * that the definitions are not those that the functionRefs name.
 */
int function_check(const struct json *const *definitions, size_t count, struct err *err);

/* False for a container. */
bool function_is(const struct json *definition);

/*
 * Of definitions that function_check() has passed; a container leaves it empty. The nearest one
 * decides each parameter, the secret and the arguments; as in Keptn, "" counts as not given.
 */
void function_read(const struct json *const *definitions, size_t count, struct function *ret);
void function_release(struct function *f); /* for CLEANUP() too */

#endif
