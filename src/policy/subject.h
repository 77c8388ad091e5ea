/*
 * subject - what policies look at: an application's KeptnAppContext, or, where it has none, its
 * name alone. Small and immutable: ten thousand of them cost a few MiB.
 */
#ifndef PROMOGATE_POLICY_SUBJECT_H
#define PROMOGATE_POLICY_SUBJECT_H

#include <stdbool.h>
#include <stddef.h>

#include "keptn/appcontext.h"
#include "kube/labels.h"

#define OPTIONAL_TASKS_ANNOTATION  "promogate.dev/optional-tasks"
#define DEFAULTED_TASKS_ANNOTATION "promogate.dev/defaulted-tasks"

struct subject_tasks {
	bool present; /* the list is there, perhaps empty */
	const char *const *at;
	size_t count;
};

struct subject {
	const char *namespace, *name;
	const struct labels *labels;
	const char *on_failure, *optional_tasks, *defaulted_tasks; /* annotations; NULL: absent */
	bool deleting;
	struct subject_tasks tasks[TASK_LIST_COUNT];
};

/*
 * In one allocation of its own, for free(). What is of a wrong type counts as absent, and so does a
 * list of optional tasks that is longer than LIMIT_OPTIONAL_TASKS_BYTES.
 */
struct subject *subject_decode(const struct json *object, const char *ns);
/* An application without a context. Borrows. */
struct subject subject_of_app(const char *ns, const char *app);

/* Whether `promogate.dev/optional-tasks` lists this task: "a, b", spaces around names ignored. */
bool subject_is_optional(const struct subject *s, const char *task);
/* Visits each name in that list, trimmed, until visit returns false. */
typedef bool subject_name_fn(void *ctx, const char *name);
void subject_optional_tasks(const struct subject *s, subject_name_fn *visit, void *ctx);

#endif
