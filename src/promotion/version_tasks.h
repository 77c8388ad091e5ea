/*
 * version_tasks - the tasks of a version, rule 15 of docs/promotion-protocol.md: its own, those that
 * policies add to it, and those that it has items of although they are neither any more.
 */
#ifndef PROMOGATE_PROMOTION_VERSION_TASKS_H
#define PROMOGATE_PROMOTION_VERSION_TASKS_H

#include "policy/decide.h"
#include "promotion/view.h"

/* What policies add to an application. */
struct added_tasks {
	const struct added_task *at;
	size_t count;
};

/*
 * Whether a task that policies add counts for this version. Introducing a policy starts nothing for
 * what was delivered before: a version without tasks of its own must have been delivered later than
 * `since`, in a later second.
 */
bool version_takes_in(const struct view_version *v, const struct added_task *task);

/*
 * v->tasks are its own. Writes them and the others to ret, which has room for all of them, of
 * `added` and of the items, and returns how many there are. `defined` is false.
 */
size_t version_tasks(
	const struct view_version *v, const struct added_tasks *added, struct view_task *ret);

#endif
