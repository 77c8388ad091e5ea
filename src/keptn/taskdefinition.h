/*
 * taskdefinition - a KeptnTaskDefinition, reduced to what decides whether it can run: a few bits
 * and a name, so that ten thousand of them cost little.
 */
#ifndef PROMOGATE_KEPTN_TASKDEFINITION_H
#define PROMOGATE_KEPTN_TASKDEFINITION_H

#include <stdbool.h>

#include "base/buf.h"
#include "json/json.h"
#include "keptn/onfailure.h"

#define TASKDEF_KIND     "KeptnTaskDefinition"
#define TASKDEF_RESOURCE "keptntaskdefinitions"

/* Why it can't run, as far as the object itself shows. */
enum taskdef_fault {
	TASKDEF_NO_RUNTIME = 1 << 0,
	TASKDEF_SEVERAL_RUNTIMES = 1 << 1,
	TASKDEF_NO_CODE = 1 << 2,
	TASKDEF_CONTAINER_UNNAMED = 1 << 3,
	TASKDEF_CONTAINER_WITHOUT_IMAGE = 1 << 4,
	TASKDEF_TIMEOUT_MALFORMED = 1 << 5,
	TASKDEF_TIMEOUT_TOO_SHORT = 1 << 6,
	TASKDEF_FUNCTION_REF_MALFORMED = 1 << 7,
	/* The faults that matter to a definition that references its code: not its timeout. */
	TASKDEF_WITHOUT_CODE = TASKDEF_NO_RUNTIME | TASKDEF_SEVERAL_RUNTIMES | TASKDEF_NO_CODE |
			       TASKDEF_FUNCTION_REF_MALFORMED,
};

struct taskdef {
	unsigned faults; /* of enum taskdef_fault */
	enum on_failure_choice on_failure; /* its annotation promogate.dev/on-failure */
	bool container; /* runs a container of its own, so no function can reference its code */
	const char *function_ref; /* the definition whose code it runs: a valid name, or "" */
};

/* Whether it is the KeptnTaskDefinition with this key, "namespace/name"; object may be NULL. */
bool taskdef_is(const struct json *object, const char *key);
/* From an object of any served version, borrowing; a field of the wrong type counts as absent. */
void taskdef_read(const struct json *object, struct taskdef *ret);
/* The same in one allocation of its own, for free(). */
struct taskdef *taskdef_decode(const struct json *object);
struct taskdef *taskdef_copy(const struct taskdef *t);

/* Appends what each fault is and its fix, joined by "; ". */
void taskdef_describe(struct buf *to, unsigned faults);

#endif
