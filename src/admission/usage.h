/*
 * usage - which applications use a KeptnTaskDefinition, and what becomes of their tasks when it is
 * created, changed or deleted.
 *
 * A task uses a definition that its name, or a functionRef on the way to its code, resolves to
 * (keptn/resolve.h): so one in the Keptn namespace is used by every namespace that does not define
 * its name.
 *
 * A task that an enforcing policy requires or adds is a task of each application that the policy
 * matches: so all policies of the application decide about it. A policy that matches none that is
 * known is judged with those that match wherever it does.
 *
 * It takes one pass over the definitions, to find the names that may lead to the one in question
 * (leads.h), and one over the contexts, of which only those that have such a name are looked at, or
 * those in a namespace for which a policy has one.
 */
#ifndef PROMOGATE_ADMISSION_USAGE_H
#define PROMOGATE_ADMISSION_USAGE_H

#include "admission/lookup.h"

/* Borrowed. */
struct usage_change {
	const char *namespace, *name;
	const struct taskdef *from, *to; /* NULL: there is none */
};

/* A task that resolves to the definition before the change, after it, or both. */
struct usage {
	const struct subject *app; /* NULL: one without a context, or none that is known */
	const struct policy *policy; /* that requires or adds the task; NULL: app has it */
	const struct policy_match *match; /* the enforcing policies that match it */
	enum task_list list;
	const char *task;
	bool ran; /* it could run before */
	const struct resolution *before, *after;
	bool confirmed; /* the API server has confirmed the context */
};

/* Valid during the call only. The uses that an application has come one after the other. */
typedef void usage_fn(void *ctx, const struct usage *u);

/*
 * unlabelled: gets the namespaces whose labels are not known and may matter, so that a policy may be
 * missing in a match; with those read already at most LIMIT_LABEL_LOOKUPS.
 */
void usage_find(const struct known *k, const struct usage_change *change, struct needs *unlabelled,
	usage_fn *report, void *ctx);

#endif
