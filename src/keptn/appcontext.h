/*
 * appcontext - the part of a KeptnAppContext that rules look at; the same in v1 and v1beta1.
 * Borrows from the JSON it was read from.
 */
#ifndef PROMOGATE_KEPTN_APPCONTEXT_H
#define PROMOGATE_KEPTN_APPCONTEXT_H

#include <stdbool.h>

#include "json/json.h"

#define KEPTN_GROUP         "lifecycle.keptn.sh"
#define APPCONTEXT_KIND     "KeptnAppContext"
#define APPCONTEXT_RESOURCE "keptnappcontexts"

/* The lists of task names in the spec. */
enum task_list { PRE_DEPLOYMENT_TASKS, POST_DEPLOYMENT_TASKS, PROMOTION_TASKS, TASK_LIST_COUNT };

struct appcontext {
	const char *name; /* generateName if there is no name yet; "" if there is neither */
	const char *namespace;
	bool deleting;
	const struct json *annotations; /* of any type: judge checks it */
	const struct json *spec;
	const struct json *tasks[TASK_LIST_COUNT];
	const struct json *span_links;
};

void appcontext_read(const struct json *object, const char *namespace, struct appcontext *ret);

/* "promotionTasks", …. */
const char *task_list_name(enum task_list list);

#endif
