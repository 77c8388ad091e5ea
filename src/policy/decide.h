/*
 * decide - what the policies that match an application settle: what a failed task means, which
 * tasks are added, which are the default, how strict definitions are. The webhook, the reconciler
 * and the command line ask the same functions. Only policies that enforce count.
 */
#ifndef PROMOGATE_POLICY_DECIDE_H
#define PROMOGATE_POLICY_DECIDE_H

#include "base/buf.h"
#include "keptn/onfailure.h"
#include "policy/policies.h"

/*
 * What a failed task does, by the first of these that speaks, and whose value every policy that
 * denies at `point` allows for this task (docs/policy.md):
 *
 *   1. the application: promogate.dev/optional-tasks (Warn), then promogate.dev/on-failure
 *   2. the definition: promogate.dev/on-failure on the KeptnTaskDefinition
 *   3. the policies: the first onFailure.tasks[] entry that matches and has a default, else
 *      onFailure.default
 *   4. KeptnConfig.spec.blockDeployment
 *   5. Block
 *
 * If nothing that speaks is allowed, Block.
 */
struct failure_question {
	const struct policy_match *match;
	const struct subject *subject;
	const char *task;
	enum on_failure_choice definition; /* what its definition says */
	enum block_deployment config;
	enum policy_point point;
};

enum failure_source {
	FAILURE_BY_OPTIONAL_TASKS,
	FAILURE_BY_APPLICATION,
	FAILURE_BY_DEFINITION,
	FAILURE_BY_POLICY,
	FAILURE_BY_CONFIG,
	FAILURE_BY_BUILT_IN,
};

struct failure_decision {
	enum on_failure value;
	enum failure_source source;
	const struct policy *policy; /* FAILURE_BY_POLICY */
};

struct failure_decision decide_failure(const struct failure_question *q);
/*
 * Appends "policy prod@7", "the annotation promogate.dev/on-failure of the KeptnAppContext", …: for
 * promogate.dev/decided-by, and for a sentence about the decision.
 */
void failure_decision_text(const struct failure_decision *d, struct buf *to);

/* Whether one policy allows this value for a task. */
bool policy_allows_failure(const struct policy *p, const char *task, enum on_failure value);

/* A task that enforcing policies add. */
struct added_task {
	const char *name;
	bool shared; /* if any of them says so */
	int64_t since; /* the earliest of those policies' that is known; 0: none is */
};

/* The union, in byte order of the names. For free(). */
struct added_task *decide_added(const struct policy_match *match, size_t *ret_count);

/* Whether an enforcing policy takes this task, required or added, from the Keptn namespace. */
bool decide_shared(const struct policy_match *match, const char *task);

/* promotionTasks.default of the first enforcing policy that speaks; NULL: none does. */
const struct policy *decide_default_tasks(const struct policy_match *match);

/* definitions.missing and definitions.deletion: the strictest that speaks, else the built-in. */
enum policy_strictness decide_missing(const struct policy_match *match);
enum policy_strictness decide_deletion(const struct policy_match *match);

#endif
