/*
 * taskdefinition - a KeptnTaskDefinition, reduced to what a judgement about its users needs: a few
 * bits and a name, so that ten thousand of them are no matter.
 */
#ifndef PROMOGATE_KEPTN_TASKDEFINITION_H
#define PROMOGATE_KEPTN_TASKDEFINITION_H

#include <stdbool.h>

#include "base/buf.h"
#include "json/json.h"

/* Why it can't run, as far as it shows in the object alone. */
enum taskdef_fault {
	TASKDEF_NO_RUNTIME = 1 << 0,
	TASKDEF_SEVERAL_RUNTIMES = 1 << 1,
	TASKDEF_NO_CODE = 1 << 2,
	TASKDEF_CONTAINER_UNNAMED = 1 << 3,
	TASKDEF_CONTAINER_WITHOUT_IMAGE = 1 << 4,
	TASKDEF_TIMEOUT_MALFORMED = 1 << 5,
	TASKDEF_TIMEOUT_TOO_SHORT = 1 << 6,
	TASKDEF_FUNCTION_REF_MALFORMED = 1 << 7,
	/* What keeps it from lending its code to another; a bad timeout, for one, doesn't. */
	TASKDEF_LENDS_NO_CODE = TASKDEF_NO_RUNTIME | TASKDEF_SEVERAL_RUNTIMES | TASKDEF_NO_CODE |
				TASKDEF_FUNCTION_REF_MALFORMED,
};

struct taskdef {
	unsigned faults; /* of enum taskdef_fault */
	bool container; /* runs a container of its own, so no function can refer to its code */
	char function_ref[]; /* the definition whose code it runs: a legal name, or "" */
};

/* From the object, of any served version; what has the wrong type counts as absent. For free(). */
struct taskdef *taskdef_decode(const struct json *object);

/* Appends what each fault is and its mend, joined by "; ". */
void taskdef_describe(struct buf *to, unsigned faults);

#endif
